"""The command that explains a name: the code of a finding, a reason, a law, a clause kind, a field, an act."""

from __future__ import annotations

import ast
import inspect
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import click

from dibs.cli.frame import Output, bad, like

if TYPE_CHECKING:
    from collections.abc import Mapping


@click.argument("name", metavar="CODE|ID", shell_complete=lambda _ctx, _param, incomplete: [n for n in _everything() if n.startswith(incomplete)])
def explain(out: Output, name: str) -> None:
    """Explain a finding by its code, or a word that dibs uses.

    Words are reasons of decisions (must_offer) and of refused commands (offer_running), laws (law-1), clause kinds and their fields (pre_emption,
    pre_emption.minimum_lot), commands and events (OfferServed), and answers (offer_first).
    """
    pages = _everything()
    found = {known.lower(): known for known in pages}.get(name.lower())
    if found is None:
        message = f"nothing is called `{name}`{like(name, pages)}"
        raise bad("DIB190", message, "give a code like `DIB012`, a reason like `must_offer`, a kind like `pre_emption`, or `law-1`", name)
    text = pages[found]()

    def show(console: Any) -> None:
        from rich.markdown import Markdown

        console.print(Markdown(text) if console.is_terminal else text, soft_wrap=True)

    out.answer({"name": found, "text": text}, show)


def _everything() -> Mapping[str, Any]:
    """Every name that can be explained, each with what makes its page."""
    from typing import get_args

    from dibs.contract.fields import FIELDS
    from dibs.contract.model import CLAUSE_KINDS
    from dibs.decisions.decision import Answer, ReasonCode
    from dibs.laws import LAWS
    from dibs.procedure.commands import AnyCommand
    from dibs.procedure.events import AnyEvent
    from dibs.procedure.refusals import Refusal

    pages: dict[str, Any] = {page.name.removesuffix(".md"): page.read_text for page in _pages()}
    for number, says in enumerate(LAWS, start=1):
        pages[f"law-{number}"] = lambda n=number, s=says: (
            f"# Law {n}\n\n{s}\n\nCounted from the journal of every run by code that shares nothing with what it judges."
        )
    for enum in (Refusal, ReasonCode, Answer):
        for member in enum:
            pages[member.value] = lambda e=enum, m=member: f"# {m.value}\n\n{_comment(e, m.name) or m.value.replace('_', ' ').capitalize() + '.'}"
    for kind, cls in CLAUSE_KINDS.items():
        pages[kind] = lambda k=kind, c=cls: f"# {k}\n\n{_doc(c)}\n\n" + "\n".join(f"- `{f.key}`: {f.says}" for f in FIELDS[c])
        for field in FIELDS[cls]:
            pages[f"{kind}.{field.key}"] = lambda k=kind, f=field: _field_page(k, f)
    for union in (AnyCommand, AnyEvent):
        for act in get_args(union):
            pages[act.__name__] = lambda a=act: f"# {a.__name__}\n\n{_doc(a)}"
    return pages


def _pages() -> list[Any]:
    """The pages about findings, in the order of their codes."""
    folder = files("dibs.explanations")
    return sorted((page for page in folder.iterdir() if page.name.startswith("DIB") and page.name.endswith(".md")), key=lambda page: page.name)


def _doc(thing: object) -> str:
    return inspect.getdoc(thing) or ""


def _field_page(kind: str, field: Any) -> str:
    lines = [f"# {kind}.{field.key}", "", field.says, ""]
    lines += [f"- unit: {field.unit}"] if field.unit else []
    lines += ["- required"] if field.required else [f"- default: {_default(field)}"]
    lines += [f"- source: {field.source}"] if field.source else []
    return "\n".join(lines)


def _default(field: Any) -> str:
    from dibs.contract.render import as_written

    written = as_written(field.default, field.shape)
    return "none" if written is None or written in ("", [], {}) else str(written).lower() if isinstance(written, bool) else str(written)


def _comment(enum: type, name: str) -> str:
    """The sentence that stands under a member in the source of its enumeration."""
    body = ast.parse(inspect.getsource(enum)).body[0]
    assert isinstance(body, ast.ClassDef), enum  # noqa: S101 - it is a class
    for node, after in zip(body.body, body.body[1:], strict=False):
        named = isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name
        if named and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            return " ".join(str(after.value.value).split())
    return ""
