"""From an address and a database to a service that runs until it is told to stop.

A database without an agreement is served, too: its pages then ask for one, and nothing else, until somebody with the
first admin token gives it.
"""

from __future__ import annotations

import asyncio
import hmac
import signal
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import jinja2
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from dibs.broker import Act
from dibs.contract.load import load
from dibs.decisions.compile import compile_agreement
from dibs.errors import BadInput, Unavailable
from dibs.procedure.commands import DeclareCapacity
from dibs.quantities import day_of
from dibs.service.access import Role
from dibs.service.app import make_app
from dibs.service.limits import Gate, Limits
from dibs.service.problems import Problem, respond_to
from dibs.service.server import Server
from dibs.service.sessions import Sessions
from dibs.simulate import scenario as scenarios
from dibs.simulate.chance import Chance
from dibs.simulate.supply import plan, price_on

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Receive, Scope, Send

    from dibs.decisions.compile import Compiled
    from dibs.service.front import Front
    from dibs.service.wiring import Place, Settings

PATIENCE: Final = 10
"""Seconds that requests under way get when the service is told to stop."""
TEMPLATES: Final = Path(__file__).parent / "templates"
FORM_MAX: Final = 1_100_000
"""Bytes of the form with the first agreement (bound is in)."""


def no_pages(front: Front, sessions: Sessions) -> Sequence[BaseRoute]:  # noqa: ARG001 - the signature of what makes pages
    """The API alone."""
    return ()


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody of another party who was let in to try an example, and the token that is shown once."""

    party: str
    name: str
    token: str


class Door:
    """What stands behind the port: the first steps until there is an agreement, then the service."""

    def __init__(self, place: Place, *, pages: Callable[[Front, Sessions], Sequence[BaseRoute]] = no_pages) -> None:
        """Nothing is open yet."""
        self.place = place
        self.front: Front | None = None
        self.ready = asyncio.Event()
        """Set once the service itself is open."""
        self._pages = pages
        self._code = ""
        self._app: ASGIApp = self._first_steps()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on to what is open."""
        await self._app(scope, receive, send)

    def end(self) -> None:
        """Send home whoever waits for events: the service is about to stop."""
        if self.front is not None:
            self.front.office.feed.end()

    async def open(self, agreement: Compiled | None = None, *, house: str = "") -> str:
        """Open the book, or the first steps where there is nothing to open; the first admin token if this is the first start."""
        if self.place.empty and agreement is None:
            self._code = self.place.settings.admin_token or self.place.new_token()
            return self._code
        front = self.place.open(agreement, house=house)
        token = self.place.first_token(front, self._code)
        await front.office.open()
        await front.outlets.open()
        self.front = front
        settings = self.place.settings
        sessions = Sessions(front, public_url=settings.public_url, oidc=settings.oidc)
        self._app = make_app(
            front,
            more=[*front.outlets.routes(), *self._pages(front, sessions)],
            middleware=front.outlets.middleware,
            limits=limits_of(settings),
        )
        self.ready.set()
        return token

    async def close(self) -> None:
        """Hear what came in, sign the book, and let everything go."""
        await self.place.close(self.front)

    # --- the first steps

    def _first_steps(self) -> ASGIApp:
        app = Starlette(
            routes=[Route("/", self._ask), Route("/", self._begin, methods=["POST"])],
            middleware=[Middleware(Gate, limits=limits_of(self.place.settings))],
        )
        app.add_exception_handler(404, self._not_yet)
        app.add_exception_handler(405, self._not_yet)
        return app

    async def _not_yet(self, request: Request, error: Exception) -> Response:
        del error
        if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            return RedirectResponse("/", status_code=303)
        detail = "no agreement counts in this book yet: open `/` in a browser, or start with `dibs serve AGREEMENT.yaml`"
        return respond_to(Problem("DIB167", 503, "no agreement yet", detail))

    async def _ask(self, request: Request) -> Response:
        del request
        return self._page()

    async def _begin(self, request: Request) -> Response:
        async with request.form(max_files=1, max_fields=10, max_part_size=FORM_MAX) as form:
            said = {name: value if isinstance(value, str) else (await value.read()).decode("utf-8", "replace") for name, value in form.items()}
        if not hmac.compare_digest(said.get("code", "").strip().encode(), self._code.encode()):
            return self._page(said, wrong=("That is not the first admin token: it stands in the window where dibs serve was started.",), status=403)
        try:
            guests = await self._set_up(said)
        except (BadInput, Unavailable) as error:
            wrong = [str(finding) for finding in error.findings] if isinstance(error, BadInput) else [str(error)]
            return self._page(said, wrong=wrong[:20], status=422)
        assert self.front is not None  # noqa: S101 - just opened
        parties = self.front.office.agreement.agreement.parties
        return HTMLResponse(_template("begun.html").render(guests=guests, house=parties[self.front.office.house]))

    async def _set_up(self, said: dict[str, str]) -> tuple[Guest, ...]:
        """Open the book with what was given: an example with its machines and its parties, or an agreement alone."""
        example = next((folder for folder in self._examples() if folder.name == said.get("example")), None)
        if example is None:
            await self.open(compile_agreement(load(said.get("agreement", ""), "agreement.yaml")), house=said.get("house", "").strip())
            return ()
        played = scenarios.load(example)
        await self.open(compile_agreement(played.agreement), house=played.file.buyer)
        assert self.front is not None  # noqa: S101 - just opened
        declare_supply(self.front, played)
        people, now = self.front.people, self.place.clock.now()
        others = sorted(party for party in played.agreement.parties if party != played.file.buyer)
        names = {party: played.agreement.parties[party].name for party in others}
        return tuple(Guest(party, names[party], people.token(party, Role.OPERATOR, f"operator of {names[party]}", at=now)) for party in others)

    def _examples(self) -> tuple[Path, ...]:
        """Scenarios to begin with: those of the settings, or those of the source tree."""
        for place in (self.place.settings.scenarios, Path(__file__).resolve().parents[3] / "examples"):
            if found := tuple(sorted(file.parent for file in place.glob("*/scenario.yaml"))):
                return found
        return ()

    def _page(self, said: dict[str, str] | None = None, *, wrong: Sequence[str] = (), status: int = 200) -> Response:
        examples = [folder.name for folder in self._examples()]
        body = _template("begin.html").render(said=said or {}, wrong=wrong, examples=examples, book=self.place.settings.shown)
        return HTMLResponse(body, status_code=status)


def limits_of(settings: Settings) -> Limits:
    """What the service allows, under its own names."""
    names = {settings.host, socket.gethostname(), urlsplit(settings.public_url).hostname or ""}
    return Limits(rate=settings.rate, hosts=frozenset(name.lower() for name in names if name), secure=settings.secure)


def declare_supply(front: Front, played: scenarios.Scenario) -> None:
    """Say what every host of a scenario can deliver, as its suppliers plan it at this hour."""
    office, zone = front.office, front.office.agreement.zone
    now = office.now()
    acts = []
    for (host, sku), planned in plan(played, Chance(played.file.seed)).items():
        steps = planned.declared(now)
        price = price_on(played, host, day_of(now, zone))
        if steps:
            by = played.agreement.hosts[host].platform
            acts.append(Act(command=DeclareCapacity(by=by, host=host, sku=sku, steps=steps, price=price), at=now))
    office.broker.submit_each(acts)


def _template(name: str) -> Any:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    ).get_template(name)


def open_port(settings: Settings) -> socket.socket:
    """Take the address.  Raises `Unavailable` (DIB391) if it cannot be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        taken = socket.socket(family, kind, protocol)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(address)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        message = f"`{settings.host}:{settings.port}` cannot be listened on: {reason}: give another address with `--listen`, or stop what has it"
        raise Unavailable(message, code="DIB391", retry=False) from error
    return taken


def address_of(taken: socket.socket, settings: Settings) -> str:
    """Where people find the service."""
    host, port = taken.getsockname()[:2]
    host = "127.0.0.1" if host == "0.0.0.0" else f"[{host}]" if ":" in host else host  # noqa: S104 - compared, not bound
    return settings.public_url or f"http://{host}:{port}"


async def serve_until_stopped(door: Door, taken: socket.socket, *, ready: Callable[[], None] = lambda: None) -> None:
    """Take calls until a signal says stop, then hear what came in, sign the book and let it go; `ready` is called once calls are taken."""
    config = uvicorn.Config(door, lifespan="off", log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=PATIENCE)
    server = Server(config, door)
    kept = {number: signal.signal(number, _noted) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        serving = asyncio.create_task(server.serve(sockets=[taken]))
        started = asyncio.create_task(server.ready.wait())
        await asyncio.wait((serving, started), return_when=asyncio.FIRST_COMPLETED)
        started.cancel()
        if not serving.done():
            ready()
        await serving
    finally:
        await door.close()
        for number, handler in kept.items():
            signal.signal(number, handler)


def _noted(number: int, frame: object) -> None:
    """Uvicorn stops at a signal and then raises it again: by then there is nothing left to do."""
