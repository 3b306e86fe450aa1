"""dibs runs a compute partnership as software: who must be asked first, where work may run, what is owed, and the proof of it.

    import dibs
    from datetime import date

    agreement = dibs.load("agreement.yaml")
    answer = dibs.decide(agreement, workload_class="api", host="cinder-west", on=date(2025, 3, 1))

    played = dibs.run(dibs.load_scenario("examples/harbour"), seed=7)
    assert all(law.holds for law in played.laws)

    with dibs.Client("https://dibs.example.com", token) as client:
        open_offers = list(client.each(client.list_offers, status="open"))

The names in `__all__` are the whole public promise of the package; everything else may move.  Importing `dibs` imports
nothing else: each name fetches what it needs when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os

    from dibs.client import AsyncClient, Client, Problem
    from dibs.contract.model import Agreement
    from dibs.decisions.compile import compile_agreement
    from dibs.decisions.decide import decide
    from dibs.decisions.decision import Answer
    from dibs.decisions.licence import may_use
    from dibs.errors import BadInput, Finding, Unavailable
    from dibs.laws import judge
    from dibs.simulate.run import run
    from dibs.simulate.scenario import load as load_scenario

__version__ = "0.1.0"
__all__ = [
    "Answer",
    "AsyncClient",
    "BadInput",
    "Client",
    "Problem",
    "Unavailable",
    "__version__",
    "check",
    "compile_agreement",
    "decide",
    "judge",
    "load",
    "load_scenario",
    "may_use",
    "run",
]

_HOMES = {
    "Answer": ("dibs.decisions.decision", "Answer"),
    "AsyncClient": ("dibs.client", "AsyncClient"),
    "BadInput": ("dibs.errors", "BadInput"),
    "Client": ("dibs.client", "Client"),
    "Problem": ("dibs.client", "Problem"),
    "Unavailable": ("dibs.errors", "Unavailable"),
    "compile_agreement": ("dibs.decisions.compile", "compile_agreement"),
    "decide": ("dibs.decisions.decide", "decide"),
    "judge": ("dibs.laws", "judge"),
    "load_scenario": ("dibs.simulate.scenario", "load"),
    "may_use": ("dibs.decisions.licence", "may_use"),
    "run": ("dibs.simulate.run", "run"),
}


def load(path: str | os.PathLike[str]) -> Agreement:
    """The agreement in a file.  Raises `BadInput` with every finding at once, and `OSError` if the file cannot be read."""
    from dibs.contract.load import load as from_text  # noqa: PLC0415 - importing dibs imports nothing else

    return from_text(_text(path), str(path))


def check(path: str | os.PathLike[str]) -> list[Finding]:
    """Everything wrong with the agreement in a file, warnings included.  Raises `OSError` if the file cannot be read."""
    from dibs.contract.load import parse  # noqa: PLC0415

    return list(parse(_text(path), str(path))[1].items)


def _text(path: str | os.PathLike[str]) -> str:
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - `pathlib` would be the one import
        return file.read()


def __getattr__(name: str) -> Any:
    """Fetch a public name from where it lives."""
    if name not in _HOMES:
        message = f"module 'dibs' has no attribute '{name}'"
        raise AttributeError(message)
    from importlib import import_module  # noqa: PLC0415

    module, attribute = _HOMES[name]
    value = globals()[name] = getattr(import_module(module), attribute)
    return value


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
