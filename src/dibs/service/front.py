"""What every operation works with: the office and its book, who may see what, and how an act becomes an answer."""

from __future__ import annotations

import asyncio
import base64
import hmac
import secrets
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from dibs.contract.load import load
from dibs.decisions.compile import compile_agreement
from dibs.procedure.events import CommandRefused, CommandRepeated
from dibs.procedure.refusals import Refusal
from dibs.service.problems import Problem, not_found
from dibs.service.shapes import OutcomeView
from dibs.service.sight import Sight
from dibs.service.views import Views

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dibs.contract.model import Agreement, PartyId
    from dibs.decisions.compile import Compiled
    from dibs.procedure.commands import AnyCommand
    from dibs.procedure.events import AnyEvent
    from dibs.procedure.state import Grant, Offer, Request, State
    from dibs.service.access import Actor
    from dibs.service.accounts import Accounts
    from dibs.service.office import Office
    from dibs.service.operation import Call, Page
    from dibs.service.outlets import Outlets
    from dibs.service.people import People
    from dibs.service.rolls import Roll
    from dibs.service.runs import Runs

C = TypeVar("C")
T = TypeVar("T")
V = TypeVar("V")


class Front:
    """Stands between the operations and the book."""

    def __init__(self, office: Office, people: People, *, secret: bytes, accounts: Accounts, runs: Runs, outlets: Outlets) -> None:
        """`secret` is what names and cursors grow from: nobody can guess one, and the same act gets the same name again."""
        self.office = office
        self.people = people
        self.accounts = accounts
        self.runs = runs
        self.outlets = outlets
        self._secret = secret
        self._texts: dict[str, Compiled] = {}
        self._written: dict[str, Agreement] = {}
        self._shown_under: dict[str, Views] = {}
        self.own_names: dict[tuple[str, PartyId], str] = {}
        """What each text is called to each counterparty, worked out when it first asks."""
        self._made_for: object = None
        self._sight: Sight | None = None
        self._views: Views | None = None

    # --- under the agreement that counts

    @property
    def sight(self) -> Sight:
        """Who may see what."""
        self._renew()
        assert self._sight is not None  # noqa: S101 - just made
        return self._sight

    @property
    def views(self) -> Views:
        """How it is shown."""
        self._renew()
        assert self._views is not None  # noqa: S101 - just made
        return self._views

    def _renew(self) -> None:
        agreement = self.office.agreement.agreement
        if self._made_for is not agreement:
            self._made_for = agreement
            self._sight = Sight(agreement, self.office.house)
            self._views = Views(agreement, self._sight)

    @property
    def state(self) -> State:
        """How things stand."""
        return self.office.state

    # --- under an agreement that counted once

    def compiled(self, digest: str) -> Compiled:
        """An agreement of the book by its digest, ready to answer."""
        found = self._at_hand(digest)
        if found is None:
            found = self._texts[digest] = compile_agreement(self.agreement(digest))
        return found

    def agreement(self, digest: str) -> Agreement:
        """An agreement of the book by its digest."""
        compiled = self._at_hand(digest)
        if compiled is not None:
            return compiled.agreement
        if digest not in self._written:
            self._written[digest] = load(*self._text(digest))
        return self._written[digest]

    async def have(self, digests: Iterable[str]) -> None:
        """Read the agreements with these digests that are not at hand yet, while others are served: each takes a moment."""
        for digest in digests:
            if self._at_hand(digest) is None and digest not in self._written:
                self._written[digest] = await asyncio.to_thread(load, *self._text(digest))

    def _at_hand(self, digest: str) -> Compiled | None:
        current = self.office.agreement
        if digest == current.agreement.digest:
            return current
        return self._texts.get(digest) or self.office.broker.at_hand(digest)

    def _text(self, digest: str) -> tuple[str, str]:
        text = self.office.store.text(digest)
        assert text is not None  # noqa: S101 - a text is kept before the first entry under it
        return text, f"agreement {digest[:12]}"

    def views_of(self, digest: str) -> Views:
        """How things are shown under an agreement: clauses in the words that counted."""
        agreement = self.agreement(digest)
        found = self._shown_under.get(digest)
        if found is None:
            found = self._shown_under[digest] = Views(agreement, Sight(agreement, self.office.house), name=self._text(digest)[1])
        return found

    # --- finding what the actor may see; what is not there and what is another's read alike

    def request(self, actor: Actor, name: str) -> Request:
        """A need of the actor's.  Raises `Problem` 404."""
        found = self.state.requests.get(name)
        if found is None or not (actor.house or found.asked.party == actor.party):
            raise not_found("request", name)
        return found

    def offer(self, actor: Actor, name: str) -> Offer:
        """An offer of the actor's.  Raises `Problem` 404."""
        found = self.state.offers.get(name)
        if found is None or not self.sight.offer(actor, found):
            raise not_found("offer", name)
        return found

    def offers(self, actor: Actor, cursor: str = "") -> Iterator[tuple[str, Offer]]:
        """The actor's offers, the oldest first, after a cursor.  Raises `Problem` 422 for one that is none of theirs."""
        offers = self.state.offers
        return ((name, offers[name]) for name in self._names(actor, self.office.rolls.offers, cursor) if self.sight.offer(actor, offers[name]))

    def grants(self, actor: Actor, cursor: str = "") -> Iterator[tuple[str, Grant]]:
        """The actor's grants, in the same way."""
        grants = self.state.grants
        return ((name, grants[name]) for name in self._names(actor, self.office.rolls.grants, cursor) if self.sight.grant(actor, grants[name]))

    def requests(self, cursor: str = "") -> Iterator[tuple[str, Request]]:
        """The needs of the house, in the same way."""
        requests = self.state.requests
        return ((name, requests[name]) for name in self._after(cursor, self.office.rolls.requests.all))

    def _names(self, actor: Actor, roll: Roll, cursor: str) -> Iterator[str]:
        return self._after(cursor, roll.all if actor.house else partial(roll.of, actor.party))

    def _after(self, cursor: str, names: Callable[[str], Iterator[str]]) -> Iterator[str]:
        try:
            return names(self.read_cursor(cursor) if cursor else "")
        except KeyError as error:
            raise no_place() from error

    def grant(self, actor: Actor, name: str) -> Grant:
        """A grant of the actor's.  Raises `Problem` 404."""
        found = self.state.grants.get(name)
        if found is None or not self.sight.grant(actor, found):
            raise not_found("grant", name)
        return found

    def reads(self, actor: Actor, offer: Offer) -> bool:
        """Whether the actor was named behind the barrier, and somebody's reading of this offer is on record (R24)."""
        return offer.read and (offer.holder, actor.person) in self.state.readers

    # --- acting

    def grown(self, purpose: str) -> bytes:
        """A secret for one purpose, the same at every start and on every replica."""
        return hmac.digest(self._secret, f"secret {purpose}".encode(), "sha256")

    def name(self, call: Call[Any, Any], kind: str) -> str:
        """A new name: the same one when the same act is repeated under its key, and one that tells nothing otherwise."""
        if not call.key:
            return f"{kind}-{secrets.token_hex(8)}"
        return f"{kind}-{hmac.digest(self._secret, f'{kind} {call.key}'.encode(), 'sha256')[:8].hex()}"

    def said(self, call: Call[Any, Any], kind: type[C]) -> C | None:
        """The command of this kind that was heard under the call's key, if one was: what its sender left out was filled in then, and stays so."""
        before = self.office.store.find(call.key) if call.key else None
        return before.command if before is not None and isinstance(before.command, kind) else None

    async def act(self, call: Call[Any, Any], command: AnyCommand, *, subject: str, link: str = "") -> OutcomeView:
        """Have the office hear a command, and tell what came of it."""
        if call.dry_run:
            events = self.office.suppose(command)
        else:
            events = await self.office.act(command, call.key)
        return self.outcome(call.actor, events, subject=subject, link=link, dry_run=call.dry_run)

    def outcome(self, actor: Actor, events: Sequence[AnyEvent], *, subject: str, link: str = "", dry_run: bool = False) -> OutcomeView:
        """What came of an act, as the actor may see it."""
        seen = [event for event in events if actor.house or actor.party in self.sight.audience(event, self.state)]
        refused = next((event for event in events if isinstance(event, CommandRefused)), None)
        repeated = any(isinstance(event, CommandRepeated) for event in events)
        codes = [because.code for because in refused.because] if refused else []
        return OutcomeView(
            outcome="refused" if refused else "repeated" if repeated else "done",
            subject=subject,
            link="" if refused or dry_run else link,
            dry_run=dry_run,
            reasons=self.views.reasons(actor, self.sight.refusal(actor, refused)) if refused else (),
            again=any(code in Refusal.__members__.values() and Refusal(code).again for code in codes),
            events=tuple(self.views.event(actor, event) for event in seen),
        )

    # --- lists

    def page(
        self, items: Iterable[tuple[str, T]], page: Page, show: Callable[[T], V], *, keep: Callable[[T], bool] | None = None
    ) -> tuple[tuple[V, ...], str | None]:
        """The part of a list that was asked for; `items` are (name, item) in a stable order, from the first on.

        Raises `Problem` 422 for a cursor that is none, or none of this list.
        """
        rest = iter(items)
        if page.cursor:
            after = self.read_cursor(page.cursor)
            if all(name != after for name, _ in rest):
                raise no_place()
        return self.part(rest, page, show, keep=keep)

    def part(
        self, items: Iterable[tuple[str, T]], page: Page, show: Callable[[T], V], *, keep: Callable[[T], bool] | None = None
    ) -> tuple[tuple[V, ...], str | None]:
        """The same, of what comes after the cursor.

        `keep` leaves out those that stand otherwise than asked for: one that does so only since the last part was read
        still says where the next one begins.
        """
        out: list[V] = []
        last = ""
        for name, item in items:
            if keep is not None and not keep(item):
                continue
            if len(out) == page.limit:
                return tuple(out), self.cursor(last)
            out.append(show(item))
            last = name
        return tuple(out), None

    def cursor(self, name: str) -> str:
        """A place in a list, as it is shown: nobody else can make one."""
        text = name.encode()
        return base64.urlsafe_b64encode(hmac.digest(self._secret, b"cursor " + text, "sha256")[:6] + text).decode().rstrip("=")

    def read_cursor(self, cursor: str) -> str:
        """The place that a cursor stands for.  Raises `Problem` 422."""
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except ValueError:
            raw = b""
        mark, text = raw[:6], raw[6:]
        if len(mark) < 6 or not hmac.compare_digest(mark, hmac.digest(self._secret, b"cursor " + text, "sha256")[:6]):
            raise Problem("DIB305", 422, "no cursor", f"`{cursor}` is no cursor of ours: take the `next` of an answer as it is")
        return text.decode()


def no_place() -> Problem:
    """A cursor that stands nowhere in this list."""
    return Problem("DIB305", 422, "no cursor", "this cursor is of another list, or where it stood is gone: begin without one")
