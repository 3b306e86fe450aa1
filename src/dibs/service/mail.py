"""Notices by e-mail to people who asked for them: what was offered, until when, and what came of it.

A wish for mail has a place of its own in its party's stream, as a webhook has; the mails that follow from an event are
rows, and so are those that have to go out later, when a deadline comes near.  Whether a reminder still makes sense is
asked when it is due.  A mail says what its party may see and no more; behind an information barrier it says that there
is an offer, and nothing of its terms.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import smtplib
import ssl
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from dibs.contract.readings import all_clauses
from dibs.errors import DibsError
from dibs.procedure import events as e
from dibs.service.logs import say
from dibs.service.outbox import KEEP, METADATA, Outbox, make_tables, waiting_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dibs.contract.model import PartyId
    from dibs.procedure.events import AnyEvent
    from dibs.procedure.state import Grant, Offer
    from dibs.quantities import Instant
    from dibs.service.office import Office

ABOUT = ("served", "near", "answered", "lapsed", "granted", "switched_off")
"""What somebody may want mail about."""
WISHES = 50
"""So many people of a party may ask for mail (bound is in)."""
DAY = 86_400
PATIENCE = 20.0
BATCH = 20
BACKLOG = 200
LEASE = int(BATCH * PATIENCE) + 60
BREATH = 0.1
LOOK_EVERY = 5.0

WISH = sa.Table(
    "service_mail_wish",
    METADATA,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("party", sa.String(200), nullable=False, index=True),
    sa.Column("person", sa.String(200), nullable=False),
    sa.Column("address", sa.String(254), nullable=False),
    sa.Column("time_zone", sa.String(60), nullable=False),
    sa.Column("about", sa.String(200), nullable=False),
    sa.Column("made_at", sa.BigInteger, nullable=False),
    sa.Column("place", sa.BigInteger, nullable=False),
)
MAIL = sa.Table(
    "service_mail",
    METADATA,
    *waiting_columns(),
    sa.Column("wish", sa.String(40), nullable=False, index=True),
    sa.Column("subject", sa.String(200), nullable=False),
    sa.Column("until", sa.BigInteger, nullable=False, default=0),
    sa.Column("words", sa.String(500), nullable=False, default=""),
)
_SAID = {
    "open": "answered, and the window runs on",
    "exercised": "taken",
    "partially_exercised": "taken in part",
    "declined": "declined",
    "countered": "answered on other terms",
    "waived": "waived",
    "withdrawn": "withdrawn",
    "void": "made void",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """A mail server: `smtp://`, `smtp+starttls://` or `smtps://USER:PASSWORD@HOST:PORT`."""

    scheme: str
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def read(cls, url: str) -> Relay:
        """Read an address.  Raises `ValueError` in one sentence if it is not one."""
        parts = urlsplit(url)
        ports = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
        if parts.scheme not in ports or not parts.hostname or parts.path.strip("/") or parts.query:
            message = (
                "a mail server is written `smtp://`, `smtp+starttls://` or `smtps://`, then `USER:PASSWORD@` if it asks for that, then `HOST:PORT`"
            )
            raise ValueError(message)
        return cls(
            scheme=parts.scheme,
            host=parts.hostname,
            port=parts.port or ports[parts.scheme],
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )

    def send(self, message: EmailMessage) -> None:
        """Hand a mail over.  Raises what `smtplib` raises."""
        kind = smtplib.SMTP_SSL if self.scheme == "smtps" else smtplib.SMTP
        more: dict[str, Any] = {"context": ssl.create_default_context()} if self.scheme == "smtps" else {}
        with kind(self.host, self.port, timeout=PATIENCE, **more) as server:
            if self.scheme == "smtp+starttls":
                server.starttls(context=ssl.create_default_context())
            if self.user:
                server.login(self.user, self.password)
            server.send_message(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What a mail says: a heading, facts in order, and where to go."""

    heading: str
    says: str
    facts: tuple[tuple[str, str], ...] = ()
    link: str = ""
    link_says: str = ""


class Mail:
    """The wishes for mail of one service, and what is on the way."""

    def __init__(
        self, office: Office, engine: sa.Engine, *, relay: Relay | None, sender: str, public_url: str, comes_in: Callable[[PartyId, str], bool]
    ) -> None:
        """Without a `relay` nothing is sent or written down; `public_url` is where the pages are; `comes_in`: a person of a party still may."""
        make_tables(engine)
        self._office = office
        self._engine = engine
        self._relay = relay
        self._sender = sender
        self._comes_in = comes_in
        self._url = public_url.rstrip("/")
        self._outbox = Outbox(engine, MAIL)
        self._none_until = 0.0
        self.on_sent: list[Callable[[str, str], None]] = []
        """Told of every try: `mail`, and what came of it."""

    @property
    def works(self) -> bool:
        """Whether there is a mail server."""
        return self._relay is not None

    # --- who wants mail

    def wish(self, party: PartyId, person: str) -> sa.Row[Any] | None:
        """What somebody asked for."""
        with self._engine.connect() as db:
            return db.execute(sa.select(WISH).where(WISH.c.party == party, WISH.c.person == person)).one_or_none()

    def want(self, party: PartyId, person: str, *, address: str, time_zone: str, about: tuple[str, ...]) -> sa.Row[Any]:
        """Ask for mail from now on, or for other mail than before."""
        values = {"address": address, "time_zone": time_zone, "about": ",".join(about)}
        with self._engine.begin() as db:
            mine = sa.and_(WISH.c.party == party, WISH.c.person == person)
            if not db.execute(sa.update(WISH).where(mine).values(**values)).rowcount:
                fresh = {"id": f"mail-{secrets.token_hex(8)}", "party": party, "person": person, "made_at": self._office.now()}
                db.execute(sa.insert(WISH).values(**values, **fresh, place=self._office.feed.size(party)))
            row = db.execute(sa.select(WISH).where(mine)).one()
        self._none_until = 0.0
        return row

    def count(self, party: PartyId) -> int:
        """How many people of a party asked for mail."""
        with self._engine.connect() as db:
            return db.execute(sa.select(sa.func.count()).where(WISH.c.party == party)).scalar_one()

    def stop(self, party: PartyId, person: str) -> None:
        """Send somebody no more mail."""
        with self._engine.begin() as db:
            row = db.execute(sa.delete(WISH).where(WISH.c.party == party, WISH.c.person == person).returning(WISH.c.id)).one_or_none()
            if row is not None:
                db.execute(sa.delete(MAIL).where(MAIL.c.wish == row.id))

    def waiting(self) -> int:
        """How many mails wait for their server; reminders that wait for their time are not among them."""
        now = self._office.now()
        with self._engine.connect() as db:
            return db.execute(sa.select(sa.func.count()).where(MAIL.c.status == "waiting", MAIL.c.due_at <= now)).scalar_one()

    def switched_off(self, endpoint: sa.Row[Any]) -> None:
        """Tell a party that one of its endpoints was switched off.  From any thread."""
        if self._relay is None:
            return
        now = self._office.clock.now()
        words = f"{endpoint.url[:300]}: {endpoint.off_because}"[:500]
        with self._engine.begin() as db:
            for wish in db.execute(sa.select(WISH).where(WISH.c.party == endpoint.party)).all():
                if "switched_off" in wish.about.split(","):
                    name = f"{wish.id} switched_off {secrets.token_hex(6)}"
                    db.execute(sa.insert(MAIL).values(**_fresh(name, wish.id, "switched_off", endpoint.id, now), words=words))

    # --- sending

    async def run(self) -> None:
        """Send what there is to send, for as long as the service runs."""
        if self._relay is None:
            return
        if not self._office.store.shared:
            await asyncio.to_thread(self._outbox.release_all)
        heard, swept = 0, 0
        while not self._office.feed.ended:
            try:
                if time.monotonic() >= self._none_until:
                    await self.round()
                if self._office.now() - swept > 3600:
                    swept = self._office.now()
                    await asyncio.to_thread(self._outbox.forget, swept - KEEP)
            except (DibsError, sa.exc.SQLAlchemyError) as error:  # the next round tries again
                say("mail could not be looked after", level=logging.WARNING, error=error)
            heard = await self._office.feed.beyond(heard, within=1.0)
            await asyncio.sleep(BREATH)

    async def round(self) -> None:
        """Write down what the streams have for people, and send everything that is due now."""
        _ = self._office.state  # takes in what other replicas have written
        wishes = {wish.id: wish for wish in await asyncio.to_thread(self._wishes)}
        if not wishes:
            self._none_until = time.monotonic() + LOOK_EVERY
            return
        for wish in wishes.values():
            await self._enrol(wish)
        while rows := await asyncio.to_thread(self._outbox.claim, self._office.now(), BATCH, LEASE):
            for row in rows:
                await self._send(wishes.get(row.wish), row)

    def _wishes(self) -> list[sa.Row[Any]]:
        """What people asked for who may still come in; of the others it is forgotten."""
        with self._engine.connect() as db:
            rows = [*db.execute(sa.select(WISH))]
        gone = [row for row in rows if not self._comes_in(row.party, row.person)]
        for row in gone:
            self.stop(row.party, row.person)
        return [row for row in rows if row not in gone]

    async def _enrol(self, wish: sa.Row[Any]) -> None:
        feed = self._office.feed
        about = wish.about.split(",")
        place = wish.place
        while events := feed.raw(wish.party, place, BACKLOG):
            rows = [
                row
                for nth, event in enumerate(events, start=1)
                for row in self._mails(wish, event, f"{wish.id} {place + nth}")
                if row["kind"] in about
            ]
            if not await asyncio.to_thread(self._write_down, wish.id, place, place + len(events), rows):
                return  # another replica was faster
            place += len(events)

    def _mails(self, wish: sa.Row[Any], event: AnyEvent, name: str) -> Iterator[dict[str, Any]]:
        """The mails that follow from an event, now and later."""
        now = self._office.now()
        match event:
            case e.OfferServed(holder=wish.party) | e.OfferTolled():
                if isinstance(event, e.OfferServed):
                    yield _fresh(f"{name} served", wish.id, "served", event.offer, now)
                offer = self._office.state.offers.get(event.offer)
                if offer is not None and offer.holder == wish.party:
                    for nth, instant in enumerate(_reminders(offer.served_at, event.respond_by)):
                        if instant > event.at:
                            yield _fresh(f"{name} near{nth}", wish.id, "near", event.offer, instant) | {"until": event.respond_by}
            case e.RightLapsed():
                yield _fresh(f"{name} lapsed", wish.id, "lapsed", event.offer, now)
            case e.Granted():
                yield _fresh(f"{name} granted", wish.id, "granted", event.grant, now)
            case e.RightWaived(offer=""):
                return
            case (
                e.RightExercised()
                | e.RightDeclined()
                | e.RightCountered()
                | e.CounterAccepted()
                | e.RoundOpened()
                | e.RightWaived()
                | e.OfferWithdrawn()
                | e.OfferVoided()
            ):
                yield _fresh(f"{name} answered", wish.id, "answered", event.offer, now)
            case _:
                return

    def _write_down(self, wish: str, place: int, reached: int, rows: list[dict[str, Any]]) -> bool:
        with self._engine.begin() as db:
            moved = db.execute(sa.update(WISH).where(WISH.c.id == wish, WISH.c.place == place).values(place=reached))
            if moved.rowcount == 1 and rows:
                db.execute(sa.insert(MAIL), rows)
            return moved.rowcount == 1

    async def _send(self, wish: sa.Row[Any] | None, row: sa.Row[Any]) -> None:
        """Send one mail, if it still makes sense."""
        if wish is None:
            await asyncio.to_thread(self._outbox.release, [row])
            return
        note = self._note(wish, row)
        error, last = "", False
        if note is not None:
            assert self._relay is not None  # noqa: S101 - nothing is claimed without one
            try:
                await asyncio.to_thread(self._relay.send, self._message(wish, row, note))
            except smtplib.SMTPRecipientsRefused:
                error, last = "the address was refused", True
            except smtplib.SMTPResponseException as answer:
                error, last = f"the mail server answered {answer.smtp_code}", 500 <= answer.smtp_code < 600 and answer.smtp_code not in {530, 535}
            except (OSError, smtplib.SMTPException, ValueError) as broken:
                error = f"the mail server was not reached ({type(broken).__name__})"
        else:
            error, last = "it was no longer of use", True
        result = await asyncio.to_thread(partial(self._outbox.settle, row, self._office.now(), sent=not error, error=error, last=last))
        if note is not None:
            for told in self.on_sent:
                told("mail", result)

    # --- words

    def _note(self, wish: sa.Row[Any], row: sa.Row[Any]) -> Note | None:
        """What a mail says now; nothing if it makes no sense any more."""
        state = self._office.state
        if row.kind == "switched_off":
            url, _, why = row.words.rpartition(": ")
            return Note(
                heading="A webhook was switched off",
                says="Events could not be delivered to one of your endpoints, and are no longer sent there. Nothing is lost: mend it and resume it.",
                facts=(("Endpoint", f"{row.subject}, {url}" if url else row.subject), ("Why", why)),
            )
        if row.kind == "granted":
            grant = state.grants.get(row.subject)
            return self._granted(wish, grant) if grant is not None else None
        offer = state.offers.get(row.subject)
        if offer is None or wish.party not in {offer.holder, self._office.house}:
            return None
        if row.kind in {"served", "near"}:
            if offer.status != "open" or (row.kind == "near" and offer.respond_by != row.until):
                return None
            if row.kind == "near" and any(row.made_at < later <= self._office.now() for later in _reminders(offer.served_at, row.until)):
                return None  # the next reminder is due as well, after a time in which nothing was sent: one is enough
            return self._open(wish, offer, near=row.kind == "near")
        return self._closed(wish, offer)

    def _open(self, wish: sa.Row[Any], offer: Offer, *, near: bool) -> Note:
        zone = ZoneInfo(wish.time_zone)
        buyer = self._name(self._office.state.requests[offer.request].asked.party)
        silence = "it counts as accepted in full" if self._silence(offer) == "accept" else "the right lapses for this need"
        facts = [("Offer", offer.offer), *self._terms(offer, zone)]
        facts += [
            ("Answer before", f"{_when(offer.respond_by, zone)}; an answer at that minute is late"),
            ("If you do nothing", silence),
        ]
        left = _left(offer.respond_by - self._office.now())
        return Note(
            heading=f"{left} left to answer an offer from {buyer}" if near else f"{buyer} offers you capacity first",
            says=self._clause(offer) or f"{buyer} has to ask you first, and does.",
            facts=tuple(facts),
            link=f"{self._url}/offers/{offer.offer}",
            link_says="Answer",
        )

    def _closed(self, wish: sa.Row[Any], offer: Offer) -> Note:
        zone = ZoneInfo(wish.time_zone)
        said = _SAID.get(offer.status, offer.status)
        facts = [("Offer", offer.offer), *self._terms(offer, zone), ("Outcome", said)]
        if offer.taken:
            facts.append(("Taken", f"{offer.taken:,} accelerators"))
        if offer.reason and offer.reason != "none":
            facts.append(("Reason given", offer.reason.replace("_", " ")))
        mine = "Your" if wish.party == offer.holder else f"{self._name(offer.holder)}'s"
        return Note(
            heading=f"An offer {'lapsed unanswered' if said == 'lapsed' else f'was {said}'}",
            says=f"{mine} right of {offer.right.replace('_', ' ')} on this need: {said}.",
            facts=tuple(facts),
            link=f"{self._url}/offers/{offer.offer}",
            link_says="Look at it",
        )

    def _granted(self, wish: sa.Row[Any], grant: Grant) -> Note:
        zone = ZoneInfo(wish.time_zone)
        facts = [
            ("Grant", grant.grant),
            ("What", f"{grant.quantity:,} {grant.sku} for {grant.workload_class}, on {grant.host}"),
            ("From", _when(grant.starts, zone)),
            ("Until", _when(grant.ends, zone)),
        ]
        if grant.deliver_by:
            facts.append(("Deliver by", _when(grant.deliver_by, zone)))
        if wish.party in {self._office.house, grant.platform, grant.buyer}:
            facts.append(("Price", f"{grant.price} {self._office.agreement.agreement.currency} an accelerator-hour"))
        return Note(
            heading=f"{grant.quantity:,} {grant.sku} were granted on {grant.host}",
            says=f"{self._name(grant.buyer)} has signed for capacity on {grant.host}.",
            facts=tuple(facts),
            link=f"{self._url}/grants/{grant.grant}",
            link_says="Look at it",
        )

    def _terms(self, offer: Offer, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
        if offer.barrier:
            yield "Terms", "behind the information barrier: people who were named may read them on the page, and that is put on record"
            return
        terms = offer.terms
        if terms.quantity is not None:
            uses = f" for {', '.join(terms.classes)}" if terms.classes else ""
            yield "What", f"{terms.quantity:,} {terms.sku or 'accelerators'}{uses}"
        if terms.starts is not None:
            yield "From", _when(terms.starts, zone)
        if terms.ends is not None:
            yield "Until", _when(terms.ends, zone)
        if terms.price is not None:
            yield "Price", f"{terms.price} {self._office.agreement.agreement.currency} an accelerator-hour"

    def _silence(self, offer: Offer) -> str:
        clauses = {clause.id: clause for clause in all_clauses(self._office.agreement.agreement)}
        return str(getattr(clauses.get(offer.clause), "silence", "lapse"))

    def _clause(self, offer: Offer) -> str:
        clauses = {clause.id: clause for clause in all_clauses(self._office.agreement.agreement)}
        clause = clauses.get(offer.clause)
        return clause.says if clause is not None else ""

    def _name(self, party: PartyId) -> str:
        known = self._office.agreement.agreement.parties.get(party)
        return known.name if known is not None else party

    def _message(self, wish: sa.Row[Any], row: sa.Row[Any], note: Note) -> EmailMessage:
        """The mail itself, in plain words and in simple HTML."""
        message = EmailMessage()
        message["Subject"] = " ".join(note.heading.split())[:200]
        message["From"] = self._sender
        message["To"] = Address(addr_spec=wish.address)
        message["Message-ID"] = f"<{row.id.replace(' ', '.')}@{self._sender.rpartition('@')[2].strip('> ')}>"
        message["Date"] = datetime.fromtimestamp(time.time(), UTC)
        message["Auto-Submitted"] = "auto-generated"
        wide = max((len(name) for name, _ in note.facts), default=0)
        lines = [note.heading, "", note.says, "", *(f"{name + ':':<{wide + 2}}{value}" for name, value in note.facts)]
        if note.link:
            lines += ["", f"{note.link_says}: {note.link}"]
        why = "You get this because you asked dibs for mail; you can change or end that where you asked for it."
        message.set_content("\n".join([*lines, "", "-- ", why, ""]))
        table = "".join(
            f'<tr><th align="left" valign="top" style="padding:2px 16px 2px 0">{escape(name)}</th><td>{escape(value)}</td></tr>'
            for name, value in note.facts
        )
        link = f'<p><a href="{escape(note.link)}">{escape(note.link_says)}</a></p>' if note.link else ""
        message.add_alternative(
            f'<!doctype html><html lang="en"><body style="font-family:sans-serif"><h1 style="font-size:1.3em">{escape(note.heading)}</h1>'
            f"<p>{escape(note.says)}</p><table>{table}</table>{link}<p><small>{escape(why)}</small></p></body></html>",
            subtype="html",
        )
        return message


def _fresh(name: str, wish: str, kind: str, subject: str, due: Instant) -> dict[str, Any]:
    return {"id": name, "wish": wish, "kind": kind, "subject": subject, "status": "waiting", "made_at": due, "due_at": due, "until": 0}


def _reminders(served: Instant, until: Instant) -> list[Instant]:
    """When somebody is reminded of a deadline: with a third of the window left, and with a day left."""
    return sorted({until - (until - served) // 3, until - DAY})


def _when(instant: Instant, zone: ZoneInfo) -> str:
    """An instant as somebody there reads it."""
    there = datetime.fromtimestamp(instant, zone)
    named = "" if there.tzname() == zone.key else f" ({zone.key})"
    return f"{there:%A} {there.day} {there:%B %Y, %H:%M %Z}{named}"


def _left(seconds: int) -> str:
    """How long is left, in the largest unit that is not a lie."""
    for unit, size in (("day", DAY), ("hour", 3_600), ("minute", 60)):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "Less than a minute"
