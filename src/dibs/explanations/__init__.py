"""One page for each finding: what it means, an example that shows it, how to mend it."""

from __future__ import annotations

import re
from importlib.resources import files

CODE = re.compile(r"^DIB\d{3}$")
"""What a finding's code looks like."""


def codes() -> tuple[str, ...]:
    """Every code that has a page, in order."""
    names = (page.name.removesuffix(".md") for page in files(__package__).iterdir())
    return tuple(sorted(name for name in names if CODE.match(name)))


def page(code: str) -> str:
    """The page of a finding, as Markdown.  Raises `KeyError` if there is none."""
    if not CODE.match(code):
        raise KeyError(code)
    try:
        return files(__package__).joinpath(f"{code}.md").read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise KeyError(code) from error


def title(code: str) -> str:
    """What the page is called, without the code."""
    return page(code).splitlines()[0].removeprefix(f"# {code}: ")
