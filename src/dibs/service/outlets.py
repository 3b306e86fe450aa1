"""Everything that leaves the service but answers: webhooks, mail, metrics, health, logs, traces.

How it is wired (`opening.py`, `wiring.py`, `testing/service.py` do it):

    outlets = Outlets(office, engine, settings, people=people, secret=secret)     # before the front: operations reach it as `front.outlets`
    front = Front(office, people, ..., outlets=outlets)
    app = make_app(front, more=[*outlets.routes(), ...], middleware=[*outlets.middleware, ...])
    await office.open()
    await outlets.open()                                           # starts to send
    ...
    office.feed.end()                                              # `server.Server` does: streams and long polls go home
    await outlets.close()                                          # before the office closes and the engine is let go

`logs.begin(stream)` is for the command that serves, and for nobody else: it takes over the logs of the whole process.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from dataclasses import dataclass, field
from email.utils import parseaddr
from typing import TYPE_CHECKING, Self

from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Route

from dibs.errors import BadInput, Finding, Mark
from dibs.service import health
from dibs.service.attendance import Attendance
from dibs.service.mail import Mail, Relay
from dibs.service.metrics import MEDIA_TYPE, Metrics
from dibs.service.problems import unauthenticated
from dibs.service.traces import Traces, traces_to
from dibs.service.webhooks import Webhooks

if TYPE_CHECKING:
    from collections.abc import Mapping

    import sqlalchemy as sa
    from starlette.requests import Request

    from dibs.contract.model import PartyId
    from dibs.service.office import Office
    from dibs.service.people import People

VARIABLES = {
    "DIBS_METRICS_TOKEN": "A token that may read /metrics and nothing else; without it a token of the house does.",
    "DIBS_WEBHOOKS_PRIVATE": "`1` lets webhooks go to addresses of this machine and of networks behind it.",
    "DIBS_SMTP_URL": "The mail server: `smtp://`, `smtp+starttls://` or `smtps://USER:PASSWORD@HOST:PORT`; without it no mail is sent.",
    "DIBS_MAIL_FROM": "The address that mail comes from, like `dibs@example.com` or `dibs <dibs@example.com>`.",
    "DIBS_LOG": "From which weight on lines are logged: `info`, `warning` or `error`; default: `warning` on a terminal, else `info`.",
    "DIBS_TRACES": "`otlp` or `console` to have traces of requests and commits (`dibs[telemetry]`).",
}
"""Every setting of what leaves the service, read from the environment."""


_LEVELS = {"": 0, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutletSettings:
    """What leaves the service, and where to."""

    metrics_token: str = field(default="", repr=False)
    webhooks_private: bool = False
    relay: Relay | None = None
    mail_from: str = "dibs@localhost"
    public_url: str = ""
    """Where the pages are, for links in mail."""
    traces: str = ""
    log: str = ""
    """From which weight on lines are logged; empty: as suits where they go."""

    @classmethod
    def read(cls, environment: Mapping[str, str], *, public_url: str = "") -> Self:
        """Read the variables.  Raises `BadInput` (DIB376) with all that cannot be used."""
        findings: list[Finding] = []

        def wrong(variable: str, what: str, fix: str) -> None:
            findings.append(Finding("DIB376", what, Mark(variable), fix))

        relay = None
        if url := environment.get("DIBS_SMTP_URL", ""):
            try:
                relay = Relay.read(url)
            except ValueError as error:
                wrong("DIBS_SMTP_URL", "the mail server cannot be read", str(error))
        sender = environment.get("DIBS_MAIL_FROM", "")
        address = parseaddr(sender)[1]
        if relay is not None and ("@" not in address or not sender.isprintable()):
            wrong("DIBS_MAIL_FROM", "mail needs an address that it comes from", "write one, like `dibs@example.com`")
        private = environment.get("DIBS_WEBHOOKS_PRIVATE", "")
        if private not in {"", "0", "1"}:
            wrong("DIBS_WEBHOOKS_PRIVATE", f"`{private[:40]}` is neither yes nor no", "write `1`, or leave it out")
        traces = environment.get("DIBS_TRACES", "")
        if traces not in {"", "otlp", "console"}:
            wrong("DIBS_TRACES", f"traces do not go to `{traces[:40]}`", "write `otlp` or `console`, or leave it out")
        log = environment.get("DIBS_LOG", "")
        if log not in _LEVELS:
            wrong("DIBS_LOG", f"lines have no weight `{log[:40]}`", "write `info`, `warning` or `error`, or leave it out")
        if findings:
            raise BadInput(findings)
        return cls(
            metrics_token=environment.get("DIBS_METRICS_TOKEN", ""),
            webhooks_private=private == "1",
            relay=relay,
            mail_from=sender or "dibs@localhost",
            public_url=public_url,
            traces=traces,
            log=log,
        )

    def log_level(self, *, terminal: bool) -> int:
        """From which weight on lines are logged: a person at a terminal did not ask for a line for every request."""
        return _LEVELS[self.log] or (logging.WARNING if terminal else logging.INFO)


class Outlets:
    """The outlets of one service."""

    def __init__(
        self,
        office: Office,
        engine: sa.Engine,
        settings: OutletSettings | None = None,
        *,
        people: People,
        secret: bytes,
        traces: Traces | None = None,
    ) -> None:
        """`secret` is what webhook secrets grow from.  Raises `Unavailable` (DIB378) if traces are wanted and cannot be had."""
        settings = settings or OutletSettings()
        self._office = office
        self._engine = engine
        self._settings = settings
        self._people = people
        self.webhooks = Webhooks(office, engine, secret=secret, private=settings.webhooks_private)
        self.mail = Mail(office, engine, relay=settings.relay, sender=settings.mail_from, public_url=settings.public_url, comes_in=self._comes_in)
        self.metrics = Metrics(office, waiting=lambda: {"webhook": self.webhooks.waiting(), "mail": self.mail.waiting()})
        self.traces = traces or traces_to(settings.traces)
        if self.traces is not None:
            office.observers.append(self.traces)
        self.webhooks.on_sent.append(self.metrics.sent)
        self.webhooks.on_off.append(self.mail.switched_off)
        self.mail.on_sent.append(self.metrics.sent)
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def middleware(self) -> tuple[Middleware, ...]:
        """What attends to every request; the first of all, so that it sees what the others refuse."""
        return (Middleware(Attendance, metrics=self.metrics, traces=self.traces),)

    def routes(self) -> tuple[Route, ...]:
        """Metrics and health."""

        async def metrics(request: Request) -> Response:
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not self._may_measure(token.strip()):
                raise unauthenticated()
            return Response(self.metrics.text(), media_type=MEDIA_TYPE, headers={"cache-control": "no-store"})

        async def healthz(_: Request) -> Response:
            return health.alive()

        async def readyz(_: Request) -> Response:
            return await health.ready(self._office, self._engine)

        return (Route("/metrics", metrics), Route("/healthz", healthz), Route("/readyz", readyz))

    async def open(self) -> None:
        """Begin to send."""
        self._tasks = [
            asyncio.create_task(self.webhooks.run(), name="webhooks"),
            asyncio.create_task(self.mail.run(), name="mail"),
        ]

    async def close(self) -> None:
        """Stop sending; what was not sent is sent after the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.webhooks.close()
        if self.traces is not None:
            self.traces.close()

    def _comes_in(self, party: PartyId, person: str) -> bool:
        """Whether a person still has a token or a login of a party.  From any thread."""
        now = self._office.clock.now()
        tokens = (token for token in self._people.tokens(party) if token.person == person)
        return any(token.good(now) for token in tokens) or any(login.person == person for login in self._people.logins(party))

    def _may_measure(self, token: str) -> bool:
        chosen = self._settings.metrics_token
        if chosen and hmac.compare_digest(chosen.encode(), token.encode()):
            return True
        actor = self._people.recognise(token, at=self._office.now())
        return actor is not None and actor.house
