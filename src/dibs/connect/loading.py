"""Which supplier speaks for which party: read from the configuration, made by what is installed.

    dibs: connections/1
    suppliers:
      borealis: {by: scripted, file: borealis.yaml}
      cinder: {by: dibs, server: https://dibs.cinder.example, token: CINDER_TOKEN}

`by` names an entry point of the group `dibs.suppliers`: a function that takes a `Place` and the rest of the entry as
keyword arguments and gives a `Supplier`.  What is secret is not written here: the entry names a variable of the environment.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from dibs.connect.scripted import ScriptedSupplier, read_script
from dibs.connect.server import DibsSupplier
from dibs.contract.nodes import Scalar, Table, compose
from dibs.contract.reader import like
from dibs.errors import BadInput, Finding, Findings, Mark

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from dibs.connect.supplier import Supplier
    from dibs.quantities import Instant

GROUP = "dibs.suppliers"
FORMAT = "connections/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a connector may need of the place where it runs."""

    party: str
    """For whom it is to speak."""
    folder: Path
    """Where files that the configuration names are looked for."""
    zone: ZoneInfo
    """The agreement's."""
    now: Callable[[], Instant]


def scripted(place: Place, *, file: str) -> Supplier:
    """A supplier that answers by the rules in a file.  Raises `BadInput` with what is wrong with them."""
    path = place.folder / file
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput([Finding("DIB404", f"`{path}` cannot be read: {error}", Mark(str(path)), "name a file with rules")]) from error
    script = read_script(text, str(path))
    if script.party != place.party:
        what = f"the rules speak for `{script.party}`, not for `{place.party}`"
        raise BadInput([Finding("DIB404", what, Mark(str(path)), f"write `party: {place.party}`, or name another file")])
    return ScriptedSupplier(script, zone=place.zone, now=place.now)


def second_dibs(place: Place, *, server: str, token: str, hosts: Mapping[str, str] | None = None) -> Supplier:
    """A supplier whose desk works with a dibs of its own; `token` names the variable of the environment that holds it."""
    from dibs.client import AsyncClient  # noqa: PLC0415 - a service without such a supplier needs no client

    client = AsyncClient(server, os.environ.get(token, "") or " ")  # a blank is no token; nothing at all would be our own
    return DibsSupplier(client, party=place.party, hosts=hosts)


def installed() -> dict[str, Callable[..., Supplier]]:
    """What can make a supplier, by its name: what is installed; our own two are always there."""
    found: dict[str, Callable[..., Supplier]] = {"scripted": scripted, "dibs": second_dibs}
    for point in entry_points(group=GROUP):
        if point.name not in found:
            found[point.name] = point.load()
    return found


def read_suppliers(
    text: str, name: str, *, parties: Collection[str], folder: Path, zone: ZoneInfo, now: Callable[[], Instant]
) -> dict[str, Supplier]:
    """The suppliers that a configuration names, by party.  Raises `BadInput` with every finding at once."""
    findings = Findings()
    root = compose(text, name, findings)
    made: dict[str, Supplier] = {}
    header = root.get("dibs") if isinstance(root, Table) else None
    found = root.get("suppliers") if isinstance(root, Table) else None
    if root is not None and not (isinstance(header, Scalar) and header.text == FORMAT and isinstance(found, Table)):
        findings.add("DIB404", "it names no suppliers", Mark(name), fix=f"write `dibs: {FORMAT}`, then `suppliers:` and a line for each party")
        found = None
    known = installed()
    for key, value in found.pairs if isinstance(found, Table) else ():
        party = key.text
        if party not in parties:
            findings.add("DIB404", f"`{party}` is no party of the agreement{like(party, parties)}", key.mark, fix="name a party of the agreement")
            continue
        said = _plain(value)
        by = str(said.pop("by", ""))
        if by not in known:
            what = f"`{by}` makes no supplier{like(by, known)}" if by else f"`{party}` does not say what speaks for it"
            findings.add("DIB404", what, value.mark, fix=f"write `by:` and one of {', '.join(f'`{one}`' for one in known)}")
            continue
        try:
            made[party] = known[by](Place(party=party, folder=folder, zone=zone, now=now), **said)
        except TypeError as error:
            findings.add(
                "DIB404", f"`{by}` cannot be made from this: {error}", value.mark, fix="see what it takes in docs/how-to/connect-a-supplier.md"
            )
        except BadInput as error:
            findings.items.extend(error.findings)
    findings.raise_if_any()
    return made


def _plain(value: Any) -> dict[str, Any]:
    """A mapping as plain words; a list, which no connector takes, is left out and then lacks."""
    found: dict[str, Any] = {}
    for key, one in value.pairs if isinstance(value, Table) else ():
        if isinstance(one, Scalar):
            found[key.text] = one.text
        elif isinstance(one, Table):
            found[key.text] = _plain(one)
    return found
