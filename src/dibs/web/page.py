"""A page: who looks at it, what it may ask, and how it is written."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import msgspec
from starlette.responses import HTMLResponse, RedirectResponse

from dibs.contract.readings import all_clauses
from dibs.quantities import day_of
from dibs.report import wording
from dibs.report.palette import Palette
from dibs.service.access import READS_MONEY, RUNS
from dibs.service.app import act_key, permit
from dibs.service.clocks import SteeredClock
from dibs.service.operation import Call, NoBody
from dibs.service.problems import Problem, bad_query
from dibs.web import live, words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from starlette.requests import Request
    from starlette.responses import Response

    from dibs.contract.model import Agreement, Clause, Site
    from dibs.service.access import Actor
    from dibs.service.front import Front
    from dibs.service.operation import Operation

HERE = Path(__file__).parent
REPORT = HERE.parent / "report"
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "referrer-policy": "same-origin",
}
"""What every page is sent with.  Styles inside are places on an axis; scripts come from here or not at all."""

HOUSE_TABS = (
    ("/", "Desk"),
    ("/requests", "Requests"),
    ("/offers", "Offers"),
    ("/grants", "Grants"),
    ("/capacity", "Capacity"),
    ("/calendar", "Calendar"),
    ("/where", "Where"),
    ("/agreement", "Agreement"),
    ("/build-out", "Build-out"),
    ("/commitments", "Commitments"),
    ("/money", "Money"),
    ("/journal", "Journal"),
)
OTHER_TABS = (
    ("/", "Desk"),
    ("/offers", "Offers"),
    ("/grants", "Grants"),
    ("/capacity", "Capacity"),
    ("/agreement", "Agreement"),
    ("/commitments", "Commitments"),
    ("/money", "Money"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One look at one page by somebody who is signed in."""

    front: Front
    request: Request
    actor: Actor
    csrf: str
    form: Mapping[str, str]
    """What was filled in; empty for a page that is only looked at."""
    sites: tuple[Site, ...] = ()
    """What is being built, where a scenario says it beside the agreement."""

    @property
    def agreement(self) -> Agreement:
        """The agreement that counts."""
        return self.front.office.agreement.agreement

    @property
    def zone(self) -> ZoneInfo:
        """In which days begin."""
        return self.front.office.agreement.zone

    @property
    def now(self) -> datetime:
        """The service's own time."""
        return datetime.fromtimestamp(self.front.office.now(), UTC)

    @property
    def today(self) -> date:
        """The day in the agreement's zone."""
        return day_of(self.front.office.now(), self.zone)

    @property
    def names(self) -> dict[str, str]:
        """What each party is called."""
        return {party.id: party.name for party in self.agreement.parties.values()}

    @property
    def path(self) -> dict[str, str]:
        """The names in the address."""
        return {name: str(value) for name, value in self.request.path_params.items()}

    def asked(self, name: str, otherwise: str = "") -> str:
        """A parameter of the address."""
        return self.request.query_params.get(name, otherwise)

    def may(self, operation: Operation) -> bool:
        """Whether this person may do that."""
        try:
            permit(self.actor, operation)
        except Problem:
            return False
        return True

    async def ask(self, operation: Operation, *, path: Mapping[str, str] | None = None, body: Any = None, dry_run: bool = False, **query: Any) -> Any:
        """What the service answers to this person: the same question, put to the same operation as through REST.

        Raises what the operation raises, `Problem` 403 where the role does not go that far.
        """
        permit(self.actor, operation)
        try:
            asked = msgspec.convert(query, operation.query, strict=False)
        except msgspec.ValidationError as error:
            raise bad_query(str(error)) from error
        key = act_key(self.actor, self.form.get("key", "")) if operation.writes else ""
        call: Call[Any, Any] = Call(
            front=self.front, actor=self.actor, body=NoBody() if body is None else body, query=asked, path=dict(path or {}), key=key, dry_run=dry_run
        )
        return await operation.run(call)

    def clauses(self) -> tuple[Clause, ...]:
        """The clauses, in every version, that this person's party may read."""
        sight = self.front.sight
        return tuple(clause for clause in all_clauses(self.agreement) if self.actor.house or self.actor.party in sight.of_clause(clause.id))

    def palette(self) -> Palette:
        """One colour for one platform, by the order of the agreement's parties."""
        return Palette.of(live.of_agreement(self.agreement, self.today))


def environment() -> jinja2.Environment:
    """Our templates, and those of the report behind them; everything is escaped, a name that is missing is a mistake."""
    made = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [
                jinja2.FileSystemLoader(HERE / "templates"),
                jinja2.PrefixLoader({"report": jinja2.FileSystemLoader(REPORT / "templates")}),
                jinja2.FileSystemLoader(REPORT / "templates"),
            ]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "amount": wording.amount,
        "short": wording.short,
        "day": wording.day,
        "month": wording.month,
        "plain": wording.plain,
        "capital": wording.capital,
        "listed": wording.listed,
        "count": wording.count,
        "readable": wording.readable,
        "compared": words.compared,
        "instant": words.instant,
        "stands": words.stands,
        "happened": words.happened,
        "left": words.left,
        "for_long": words.length,
        "money": _money,
        "line_of": words.line_of,
    }
    return made


def _money(value: Any) -> str:
    """`1,234,567.89`."""
    return f"{value:,f}"


_ENVIRONMENT = environment()


def day_asked(visit: Visit, name: str, otherwise: date | None) -> tuple[date | None, str]:
    """A day in the address, and what is wrong with it if it is none."""
    said = visit.asked(name).strip()
    if not said:
        return otherwise, ""
    try:
        found = date.fromisoformat(said)
    except ValueError:
        return otherwise, f"“{said[:40]}” is no day: write it like {visit.today.isoformat()}"
    if not date(1970, 1, 1) <= found < date(2200, 1, 1):
        raise bad_query("a day lies between 1970 and 2200")
    return found, ""


def show(visit: Visit, template: str, code: int = 200, **values: Any) -> Response:
    """A page for somebody who is signed in."""
    tabs: tuple[tuple[str, str], ...] = HOUSE_TABS if visit.actor.house else OTHER_TABS
    if visit.actor.role not in READS_MONEY:
        tabs = tuple(tab for tab in tabs if tab[0] not in {"/money", "/commitments"})
    if visit.actor.role == "desk":
        tabs = tuple(tab for tab in tabs if tab[0] != "/journal")
    at = visit.request.url.path
    here = max((tab[0] for tab in tabs if at == tab[0] or (tab[0] != "/" and at.startswith(f"{tab[0]}/"))), key=len, default="")
    return bare(
        template,
        code,
        visit=visit,
        actor=visit.actor,
        me=visit.names.get(visit.actor.party, visit.actor.party),
        names=visit.names,
        csrf=visit.csrf,
        key=secrets.token_hex(12),
        now=visit.now,
        zone=visit.zone,
        tabs=tabs,
        here=here,
        currency=visit.agreement.currency,
        steered=isinstance(visit.front.office.clock, SteeredClock) and visit.actor.house and visit.actor.role in RUNS,
        **values,
    )


def bare(template: str, code: int = 200, **values: Any) -> Response:
    """A page for anybody."""
    return HTMLResponse(_ENVIRONMENT.get_template(template).render(**values), code, headers=HEADERS)


def go(address: str) -> Response:
    """On to another page, after a form was done."""
    return RedirectResponse(address, 303, headers={"cache-control": "no-store"})
