"""The files of a scenario folder as records, and where everything in them stands.

They are read with the reader of the agreement, so that a fault has the same code and the same words wherever it stands.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from dibs.contract.nodes import Node, Scalar, Table, compose
from dibs.contract.reader import Reader, like
from dibs.errors import Findings, Mark
from dibs.simulate.formats import ScenarioFile, SuppliersFile

if TYPE_CHECKING:
    from collections.abc import Callable

R = TypeVar("R")

SCENARIO = "scenario/1"
SUPPLIERS = "suppliers/1"
PROGRAMME = "programme/1"
BYTES_MAX = 1_000_000_000
"""Bytes in one file of a scenario (bound is in)."""

_EVER = "1950-01-01"
"""The day under which a price stands that holds always."""


class Reading:
    """The files of one folder, and where everything in them stands."""

    def __init__(self, read: Callable[[str], bytes | None], folder: str, findings: Findings) -> None:
        """`read` gives the bytes of a file of the folder, or nothing if there is none of that name."""
        self._read = read
        self._folder = folder
        self._findings = findings
        self.places: dict[str, dict[Any, Mark]] = {}
        self.stated: set[str] = set()
        self.broken: set[str] = set()
        """Files of which something could not be read: no more is asked of them."""
        self.sets: dict[str, Table] = {}
        """What each variant sets, unread: which type a value has only the clause knows."""

    def name(self, file: str) -> str:
        """The file's name as a finding gives it."""
        return str(Path(self._folder) / file)

    def bytes(self, file: str, *, optional: bool = False) -> bytes | None:
        """What a file holds; a file that is not there is a finding unless nobody said it would be."""
        raw = self._read(file)
        if raw is None:
            if not optional:
                fix = "put it there" + (", or name another in `scenario.yaml`" if file != "scenario.yaml" else "")
                self._findings.add("DIB100", f"the file `{file}` is not there", Mark(self.name(file)), fix=fix)
            return None
        if len(raw) > BYTES_MAX:
            self._findings.add("DIB100", f"the file has more than {BYTES_MAX} bytes", Mark(self.name(file)), fix="split the scenario")
            return None
        return raw

    def text(self, file: str, *, optional: bool = False) -> str | None:
        """What a file says; bytes that are no text are left for the reader of characters to find."""
        raw = self.bytes(file, optional=optional)
        return None if raw is None else raw.decode("utf-8-sig", errors="replace")

    def record(self, file: str, wanted: str, cls: type[R], *, optional: bool = False) -> R | None:
        """A YAML file of the folder as a record."""
        text = self.text(file, optional=optional)
        if text is None:
            return None
        root = compose(text, self.name(file), self._findings)
        if root is None or not self._is(root, wanted, self.name(file)):
            return None
        if cls is ScenarioFile:
            assert isinstance(root, Table)  # noqa: S101 - `_is` has seen it
            self.stated = {key.text for key, _ in root.pairs}
            root = self._without_sets(root)
        elif cls is SuppliersFile:
            root = _one_price(root)
        reader = Reader(self._findings)
        record: R | None = reader.record(root, cls, (), also_known=("dibs",))
        self.places[wanted] = reader.places
        if reader.broken:
            self.broken.add(wanted)
        return record

    def place(self, wanted: str, *path: str | int) -> Mark:
        """Where a value stands; the nearest thing around it if it has no place of its own."""
        places = self.places[wanted]
        for length in range(len(path), -1, -1):
            if path[:length] in places:
                return places[path[:length]]
        return Mark(wanted)  # pragma: no cover - every file has its own place

    def _is(self, root: Node, wanted: str, name: str) -> bool:
        what = wanted.split("/", maxsplit=1)[0]
        if not isinstance(root, Table):
            self._findings.add("DIB015", f"a {what} file is a mapping of keys to values", root.mark, fix=f"begin with `dibs: {wanted}`")
            return False
        header = root.get("dibs")
        said = header.text.strip() if isinstance(header, Scalar) else ""
        if said == wanted:
            return True
        if header is None:
            self._findings.add("DIB011", "the file does not say what it is", Mark(name), fix=f"begin with `dibs: {wanted}`")
        elif re.match(rf"^{what}/", said):
            self._findings.add(
                "DIB012", f"version `{said.removeprefix(what + '/')}` of the {what} format is unknown", header.mark, fix=f"write `dibs: {wanted}`"
            )
        else:
            self._findings.add("DIB011", f"`{said}` is no {what} file{like(said, [wanted])}", header.mark, fix=f"write `dibs: {wanted}`")
        return False

    def _without_sets(self, root: Table) -> Table:
        """The scenario without what its variants set, which is kept aside."""
        pairs = []
        for key, value in root.pairs:
            if key.text == "variants" and isinstance(value, Table):
                value = Table(tuple((name, self._without_set(name.text, each)) for name, each in value.pairs), value.mark)  # noqa: PLW2901
            pairs.append((key, value))
        return Table(tuple(pairs), root.mark)

    def _without_set(self, name: str, variant: Node) -> Node:
        if not isinstance(variant, Table):
            return variant
        changes = variant.get("set")
        if not isinstance(changes, Table):
            return variant
        self.sets[name] = changes
        return Table(tuple(pair for pair in variant.pairs if pair[0].text != "set"), variant.mark)


def _one_price(root: Node) -> Node:
    """The suppliers with a lone price written as one that holds from the first of all days."""
    assert isinstance(root, Table)  # noqa: S101 - `_is` has seen it
    out = []
    for key, value in root.pairs:
        if key.text == "hosts" and isinstance(value, Table):
            value = Table(tuple((name, _dated_price(each)) for name, each in value.pairs), value.mark)  # noqa: PLW2901
        out.append((key, value))
    return Table(tuple(out), root.mark)


def _dated_price(host: Node) -> Node:
    if not isinstance(host, Table):
        return host
    pairs = [
        (key, Table(((Scalar(_EVER, value.mark), value),), value.mark) if key.text == "price" and isinstance(value, Scalar) else value)
        for key, value in host.pairs
    ]
    return Table(tuple(pairs), host.mark)
