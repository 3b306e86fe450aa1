"""The command that serves a book: to other programs, to people in browsers, to counterparties."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from typing import TYPE_CHECKING

import click

from dibs.cli.frame import DONE, say
from dibs.cli.words import read_text

if TYPE_CHECKING:
    import socket

    from rich.console import Console

    from dibs.cli.frame import Output
    from dibs.decisions.compile import Compiled
    from dibs.service.wiring import Settings


@click.argument("agreement", type=click.Path(), metavar="[AGREEMENT]", required=False)
@click.option("--db", metavar="URL", help="One file, `dibs.db` unless said otherwise, or `postgresql://USER@HOST/DATABASE`.")
@click.option("--listen", metavar="HOST:PORT", help="Where to listen (default: 127.0.0.1:8484).")
@click.option("--house", metavar="PARTY", help="Whose book a new one is (default: the only party that promised to ask first).")
@click.option("--public-url", metavar="URL", help="The address that people see, where a proxy stands before the service.")
@click.option("--key", metavar="FILE", help="The key that signs the book (default: a file beside it, made at first).")
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
    with contextlib.closing(open_port(settings)) as port:
        return _serve(out, settings, port, compiled, began)


def _serve(out: Output, settings: Settings, port: socket.socket, compiled: Compiled | None, began: float) -> int:
    from dibs.service import logs
    from dibs.service.opening import Door, address_of, serve_until_stopped
    from dibs.service.wiring import Place
    from dibs.web.routes import routes

    logs.begin(sys.stderr, level=settings.outlets.log_level(terminal=sys.stderr.isatty()))
    place = Place(settings)
    address = address_of(port, settings)

    async def live() -> None:
        door = Door(place, pages=routes)
        try:
            token = await door.open(compiled)
        except BaseException:
            await door.close()
            raise
        document = {"address": address, "book": settings.shown, "entries": place.store.size, "house": place.house, "token": token or None}

        def show(to: Console) -> None:
            say(to, ("dibs", "bold"), f" serves {settings.shown}, {place.store.size:,} entries, ready in {time.monotonic() - began:.2f} s")
            say(to, f"open {address}", indent=2)
            if token:
                say(to, f"first admin token, shown once: {token}", indent=2)

        await serve_until_stopped(door, port, ready=lambda: out.answer(document, show))

    asyncio.run(live())
    out.notes.print("stopped: everything that came in was heard, and the book is signed")
    return DONE
