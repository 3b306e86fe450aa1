"""The command that serves a book: to other programs, to people in browsers, to counterparties."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from dibs.cli.frame import DONE, bad, say
from dibs.cli.running import scenario_at
from dibs.cli.words import DAY, read_text
from dibs.quantities import iso

if TYPE_CHECKING:
    import socket
    from datetime import date

    from rich.console import Console

    from dibs.cli.frame import Output
    from dibs.connect.supplier import Supplier
    from dibs.decisions.compile import Compiled
    from dibs.service.opening import Door
    from dibs.service.wiring import Place, Settings
    from dibs.simulate.scenario import Scenario


@click.argument("agreement", type=click.Path(), metavar="[AGREEMENT]", required=False)
@click.option("--db", metavar="URL", help="One file, `dibs.db` unless said otherwise, or `postgresql://USER@HOST/DATABASE`.")
@click.option("--listen", metavar="HOST:PORT", help="Where to listen (default: 127.0.0.1:8484).")
@click.option("--house", metavar="PARTY", help="Whose book a new one is (default: the only party that promised to ask first).")
@click.option("--public-url", metavar="URL", help="The address that people see, where a proxy stands before the service.")
@click.option("--key", metavar="FILE", help="The key that signs the book (default: a file beside it, made at first).")
@click.option("--suppliers", type=click.Path(), metavar="FILE", help="Which program speaks for which supplier (default: people answer).")
@click.option("--scenario", type=click.Path(), metavar="FOLDER", help="Serve this scenario as if it were live, with a clock that can be moved on.")
@click.option("--on", type=DAY, help="The day on which a scenario is taken up (default: its last).")
@click.option("--scenarios", metavar="DIR", help="The folder with scenarios that may be played (default: examples).")
def serve(
    out: Output,
    *,
    agreement: str | None,
    db: str | None,
    listen: str | None,
    house: str | None,
    public_url: str | None,
    key: str | None,
    suppliers: str | None,
    scenario: str | None,
    on: date | None,
    scenarios: str | None,
) -> int:
    """Serve a book over HTTP: the API, the pages, the clock that lets offers lapse.

    A new book adopts AGREEMENT; without one its first page asks for it.  The first admin token is shown once.
    Every option can stand in the environment instead (DIBS_DB, DIBS_LISTEN ...): `dibs explain DIB393`.
    """
    began = time.monotonic()
    from dibs.contract.load import load
    from dibs.decisions.compile import compile_agreement
    from dibs.service.opening import open_port
    from dibs.service.wiring import read_settings

    options = {"--db": db, "--listen": listen, "--house": house, "--public-url": public_url, "--key": key, "--scenarios": scenarios}
    settings = read_settings(options, os.environ)
    compiled = compile_agreement(load(read_text(agreement), agreement)) if agreement else None
    connections = Connections(suppliers, read_text(suppliers)) if suppliers else None
    if scenario and settings.file is None:
        raise bad("DIB397", "a scenario is rehearsed in one file", "give `--db` a path", settings.shown)
    if scenario and agreement:
        raise bad("DIB397", "a scenario brings its own agreement", "leave the agreement out", agreement)
    rehearsal = Rehearsal(scenario_at(scenario), on) if scenario else None
    with contextlib.closing(open_port(settings)) as port:
        return _serve(out, settings, port, compiled, connections=connections, rehearsal=rehearsal, began=began)


class Connections(NamedTuple):
    """The file that says which program speaks for which supplier."""

    name: str
    text: str


class Rehearsal(NamedTuple):
    """A scenario to serve as if it were live, from the beginning of a day on."""

    scenario: Scenario
    on: date | None

    def begin(self, place: Place) -> str:
        """Play it into an empty book and set the clock; the party that keeps the book."""
        from dibs.service.rehearsal import rehearse
        from dibs.store.sqlite import SqliteStore

        assert isinstance(place.store, SqliteStore)  # noqa: S101 - it was asked for a file
        place.clock = rehearse(place.store, self.scenario, on=self.on)
        return self.scenario.file.buyer


def _serve(
    out: Output,
    settings: Settings,
    port: socket.socket,
    compiled: Compiled | None,
    *,
    connections: Connections | None,
    rehearsal: Rehearsal | None,
    began: float,
) -> int:
    from dibs.service import logs
    from dibs.service.opening import Door, address_of, serve_until_stopped
    from dibs.service.wiring import Place
    from dibs.web.routes import routes

    logs.begin(sys.stderr, level=settings.outlets.log_level(terminal=sys.stderr.isatty()))
    place = Place(settings)
    try:
        house = rehearsal.begin(place) if rehearsal else ""
    except BaseException:
        place.store.close()
        raise
    address = address_of(port, settings)

    programme = rehearsal.scenario.programme if rehearsal else None
    pages = partial(routes, sites=programme.sites if programme else ())

    async def live() -> None:
        door = door_with_suppliers(place, connections, pages=pages) if connections else Door(place, pages=pages)
        try:
            token = await door.open(compiled, house=house)
        except BaseException:
            await door.close()
            raise
        document = {"address": address, "book": settings.shown, "entries": place.store.size, "house": place.house, "token": token or None}

        def show(to: Console) -> None:
            say(to, ("dibs", "bold"), f" serves {settings.shown}, {place.store.size:,} entries, ready in {time.monotonic() - began:.2f} s")
            say(to, f"open {address}", indent=2)
            if rehearsal:
                say(to, f"it is {iso(place.clock.now())} there; move the clock on with POST /v1/clock, or on the desk", indent=2)
            if token:
                say(to, f"first admin token, shown once: {token}", indent=2)

        await serve_until_stopped(door, port, ready=lambda: out.answer(document, show))

    asyncio.run(live())
    out.notes.print("stopped: everything that came in was heard, and the book is signed")
    return DONE


def door_with_suppliers(place: Place, connections: Connections, **options: Any) -> Door:
    """A door behind which programs speak for suppliers from the moment the book is open until just before it is closed."""
    from zoneinfo import ZoneInfo

    from dibs.connect.dispatcher import Dispatching, Trouble
    from dibs.connect.loading import read_suppliers
    from dibs.service import logs
    from dibs.service.opening import Door

    def tell(trouble: Trouble) -> None:
        logs.say("a supplier needs attention", {"party": trouble.party, "about": trouble.about, "code": trouble.code}, level=logging.WARNING)

    class Connected(Door):
        dispatching: Dispatching | None = None

        async def open(self, agreement: Compiled | None = None, *, house: str = "") -> str:
            made = self._read(agreement) if agreement is not None else None  # a fault in the file is found before anything is opened
            token = await super().open(agreement, house=house)
            if self.front is not None:
                office = self.front.office
                self.dispatching = Dispatching(office, made or self._read(office.agreement), tell=tell)
                await self.dispatching.open()
            return token

        async def close(self) -> None:
            if self.dispatching is not None:
                await self.dispatching.close()
            await super().close()

        def _read(self, agreement: Compiled) -> dict[str, Supplier]:
            known = agreement.agreement
            folder, zone = Path(connections.name).parent, ZoneInfo(known.time_zone)
            return read_suppliers(connections.text, connections.name, parties=known.parties, folder=folder, zone=zone, now=place.clock.now)

    return Connected(place, **options)
