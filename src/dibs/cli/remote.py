"""Commands that speak to a server: ask for capacity, offer, answer, grant, deliver; look at it, and watch what happens.

Whatever changes something is shown first as the server supposes it (`plan`, or the question before `create`), with the
reasons of the clauses; then a person says yes, or `--yes` was said.  A refusal is an answer: it ends with 0.
"""

from __future__ import annotations

import functools
import itertools
import os
import stat
import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dibs.cli.frame import DONE, FAILED, Family, bad, cannot_write, command, console, say, typed_words
from dibs.cli.money import commitment
from dibs.cli.words import Whole
from dibs.errors import BadInput, Finding, Mark, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from rich.console import Console

    from dibs.cli.frame import Output
    from dibs.client import Client, Problem
    from dibs.client.wire import EventView, OutcomeView, ReasonView

TOKEN_MAX = 4096
"""Bytes of a file with a token that are read (bound is in)."""
ATTEMPTS = 4
"""So often is a call made before a person hears that nobody answers (bound is in): about two seconds."""
REASONS = ("no_capacity", "wrong_hardware", "late", "price", "discipline", "policy")


class When(click.ParamType[str]):
    """A day, or an instant with its time zone."""

    name = "DATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ARG002 - click's signature
        """Read it; a day is its first second in UTC."""
        from datetime import UTC, datetime

        from dibs.quantities import parse_instant

        if isinstance(value, datetime):
            return value
        try:
            return datetime.fromtimestamp(parse_instant(value), UTC)
        except ValueError as error:
            raise bad("DIB186", str(error), "write a day, `2025-06-01`, or an instant, `2025-06-01T12:00:00Z`", value) from error


class Number(click.ParamType[Decimal]):
    """An exact number."""

    name = "N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:  # noqa: ARG002
        """Read it."""
        if isinstance(value, Decimal):
            return value
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite():
            raise bad("DIB186", f"`{value}` is not a number", "write digits and a point, like `2.10`", str(value))
        return number


class Part(click.ParamType[tuple[str, int]]):
    """`HOST=N`: so many on a host."""

    name = "HOST=N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        """Split it at the last `=`."""
        if isinstance(value, tuple):
            return value
        host, equals, number = str(value).rpartition("=")
        if not (host and equals):
            raise bad(
                "DIB186", f"`{value}` does not say how many on which host", "write the host, `=` and a number, like `borealis-east=3000`", value
            )
        return host, Whole().convert(number, param, ctx)


WHEN, NUMBER, PART = When(), Number(), Part()


# --- the connection


def remote(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command a client: `--server` and `--token-file`, or DIBS_SERVER and DIBS_TOKEN; and the server's problems as findings."""
    run = connected(function)
    run = click.option("--token-file", metavar="FILE", help="A file with your token (default: DIBS_TOKEN).")(run)
    return click.option("--server", metavar="URL", help="The server's address (default: DIBS_SERVER).")(run)


def connected(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make the client from `server` and `token_file`, and the server's problems findings."""

    @functools.wraps(function)
    def run(out: Output, *, server: str | None, token_file: str | None, **arguments: Any) -> Any:
        from dibs.client import Client, Problem, Retries

        address, token = _address(server), _token(token_file)
        if _readable_on_the_way(address):
            out.notes.print(f"{address}: your token goes over an unencrypted line, where others may read it: use https", style="yellow")
        with Client(address, token, retries=Retries(attempts=ATTEMPTS)) as client:
            try:
                return function(out, client, **arguments)
            except Problem as problem:
                raise _failure(problem) from problem

    return run


def _address(server: str | None) -> str:
    address = server or os.environ.get("DIBS_SERVER", "")
    if not address.startswith(("http://", "https://")):
        what = f"`{address}` is no address of a server" if address else "no server is named"
        raise bad("DIB402", what, "add `--server https://...`, or put the address into DIBS_SERVER", server or "")
    return address


def _readable_on_the_way(address: str) -> bool:
    """Whether what is sent leaves this machine unencrypted."""
    from urllib.parse import urlsplit

    host = urlsplit(address).hostname or ""
    return address.startswith("http://") and host != "localhost" and not host.startswith("127.") and host != "::1"


def _token(file: str | None) -> str:
    """The token, from a file or from the environment: never from the line, which shells keep."""
    if file is None:
        token = os.environ.get("DIBS_TOKEN", "")
        if not token:
            raise bad(
                "DIB402", "no token is given", "put your token into DIBS_TOKEN, or into a file that only you can read, and name it: `--token-file`"
            )
        return token
    path = Path(file)
    try:
        with path.open("rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            text = stream.read(TOKEN_MAX + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise bad("DIB403", f"the file with the token, `{file}`, cannot be read: {reason}", "name a file that holds your token", file) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise bad("DIB403", f"others can read the file with the token, `{file}`", f"make it yours alone: `chmod 600 {file}`", file)
    token = text.decode("ascii", errors="replace").strip()
    if not token or len(text) > TOKEN_MAX or len(token.split()) != 1:
        raise bad("DIB403", f"`{file}` holds no token", "put the token into it, and nothing else", file)
    return token


def _failure(problem: Problem) -> Exception:
    """What the server could not do: findings if what was typed is to blame, else a failure."""
    if problem.status not in {400, 404, 409, 413, 415, 422}:
        return Unavailable(problem.detail, code=problem.code, retry=problem.retry)
    words = typed_words()
    named = [word for word in words if f"`{word}`" in problem.detail]
    placed = [_finding(found) for found in problem.findings]
    if placed:
        return BadInput(placed)
    return bad(problem.code, problem.detail, f"see `dibs explain {problem.code}`", named[-1] if named else "")


def _finding(found: Finding) -> Finding:
    """A finding about a field of what was sent, as one about the option that it was typed after."""
    option = "--" + found.where.file.removeprefix("$.").partition(".")[2 if found.where.file.startswith("$.terms.") else 0].replace("_", "-")
    words = typed_words()
    value = next((after for word, after in itertools.pairwise(words) if word == option), "")
    where = Mark(f"{option} {value}") if value else found.where
    return Finding(found.code, found.message, where, found.fix)


# --- showing


def _plain(value: Any) -> Any:
    """A value from the wire as JSON."""
    import msgspec

    return msgspec.to_builtins(value, enc_hook=str)


def _day(when: datetime | None) -> str:
    if when is None:
        return ""
    return f"{when:%Y-%m-%d}" if (when.hour, when.minute, when.second) == (0, 0, 0) else f"{when:%Y-%m-%d %H:%M}"


def _table(console: Console, titles: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Sequence[str] = ()) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 1))
    for title in titles:
        table.add_column(title, justify="right" if title in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
    console.print(table)


def _because(console: Console, reasons: Iterable[ReasonView]) -> None:
    for reason in reasons:
        numbers = f" (needs {reason.need}, has {reason.have})" if reason.need or reason.have else ""
        clause = f", {reason.clause}" if reason.clause else ""
        says = f': "{reason.text}"' if reason.text else ""
        where = f" [{reason.where}]" if reason.where else ""
        say(console, reason.code.replace("_", " "), clause, says, numbers, (where, "dim"), indent=2)


def _events(console: Console, events: Iterable[EventView]) -> None:
    for event in events:
        facts = ", ".join(
            f"{name} {value}" for name, value in event.data.items() if name in {"quantity", "host", "holder", "clause", "offer", "status"}
        )
        say(console, (f"{event.at:%Y-%m-%d %H:%M} ", "dim"), _words(event.type), f": {facts}" if facts else "", indent=2)


def _words(name: str) -> str:
    """`OfferServed` as `offer served`."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()


def _tell(console: Console, what: str, outcome: OutcomeView) -> None:
    """What came of an act, or would."""
    if outcome.outcome == "refused":
        again = "  It may be accepted later." if outcome.again else ""
        say(console, ("would be refused" if outcome.dry_run else "refused", "bold red"), f": {what}.{again}")
        _because(console, outcome.reasons)
        return
    said = "would be done" if outcome.dry_run else "done already" if outcome.outcome == "repeated" else "done"
    say(console, (said, "bold green"), f": {what}", "" if outcome.dry_run else f", {outcome.subject}")
    _events(console, outcome.events)


# --- acting


def _act(out: Output, what: str, do: Callable[..., OutcomeView], *, yes: bool, key: str = "") -> None:
    """Suppose an act, show what would come of it, ask, and do it.  A refusal that is foreseen is shown, and not put on record unless `yes`."""
    if yes:
        outcome = do(key=key)
        out.answer(_plain(outcome), lambda console: _tell(console, what, outcome))
        return
    if not _somebody(out):
        raise bad("DIB410", "nobody is there to say yes", "add `--yes`, or see first what would happen: `plan`, or `--plan`")
    supposed = do(dry_run=True)
    _tell(console(sys.stdout), what, supposed)
    if supposed.outcome != "refused" and click.confirm("do it?", err=True):
        outcome = do(key=key)
        _tell(console(sys.stdout), what, outcome)


def _somebody(out: Output) -> bool:
    """Whether a person can be asked."""
    return not out.as_json and sys.stdin.isatty() and sys.stdout.isatty()


def _plan(out: Output, what: str, do: Callable[..., OutcomeView]) -> None:
    """Say what would come of an act, and do nothing."""
    outcome = do(dry_run=True)
    out.answer(_plain(outcome), lambda console: _tell(console, what, outcome))


def acting(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--yes` for a command that changes something."""
    function = click.option("--key", metavar="TEXT", default="", help="Your name for this act: saying it twice does it once.")(function)
    return click.option("--yes", is_flag=True, help="Do it without asking.")(function)


def planning(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--plan` and `--yes` for a command that has no `plan` of its own."""
    return acting(click.option("--plan", "only_plan", is_flag=True, help="Say what would happen, and do nothing.")(function))


def _plan_or_act(out: Output, what: str, do: Callable[..., OutcomeView], *, only_plan: bool, yes: bool, key: str) -> None:
    if only_plan:
        _plan(out, what, do)
    else:
        _act(out, what, do, yes=yes, key=key)


def _listed(
    out: Output, items: Iterable[Any], titles: Sequence[str], row: Callable[[Any], Sequence[Any]], *, right: Sequence[str], none: str
) -> None:
    """A list of whatever length."""
    found = tuple(items)

    def show(console: Console) -> None:
        if found:
            _table(console, titles, map(row, found), right=right)
        else:
            say(console, none)

    out.answer({"items": _plain(found)}, show)


def _shown(out: Output, item: Any, more: Callable[[Console], None] | None = None) -> None:
    """One thing, field by field."""

    def show(console: Console) -> None:
        plain = _plain(item)
        width = max(len(name) for name in plain)
        for name, value in plain.items():
            if isinstance(value, list) and value and isinstance(value[0], dict):
                continue
            said = ", ".join(map(str, value)) if isinstance(value, list) else value
            if isinstance(said, dict):
                said = ", ".join(f"{inner} {one}" for inner, one in said.items())
            if said not in ("", None):
                say(console, (f"{name.replace('_', ' '):<{width}}  ", "dim"), str(said))
        if more is not None:
            more(console)

    out.answer(_plain(item), show)


# --- terms


def terms_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The terms of a notice or a grant; what is left out is taken from the need, or is not stated."""
    options = (
        click.option("--price", type=NUMBER, help="Per accelerator-hour, in the agreement's currency."),
        click.option("--payment", metavar="WORDS", help="How it is paid."),
        click.option("--prepayment", type=NUMBER, help="The part that is paid in advance, 0 to 1."),
        click.option("--take-or-pay", type=NUMBER, help="The part that is paid whether taken or not, 0 to 1."),
        click.option("--service-level", type=NUMBER, help="The availability promised, 0 to 1."),
        click.option("--delivery-tolerance", type=Whole(0), help="Seconds of delay at no cost."),
        click.option("--address", metavar="WORDS", help="Where the answer goes."),
        click.option("--region", "regions", multiple=True, metavar="NAME", help="A region; more than one may be given."),
        click.option("--starts", type=WHEN, help="From when."),
        click.option("--ends", type=WHEN, help="Until when (excluded)."),
    )
    for option in reversed(options):
        function = option(function)
    return function


TERMS = ("price", "payment", "prepayment", "take_or_pay", "service_level", "delivery_tolerance", "address", "regions", "starts", "ends")


def _terms(given: dict[str, Any], **more: Any) -> Any:
    from dibs.client.wire import TermsShape

    found = {name: given.pop(name) for name in TERMS}
    return TermsShape(**{**found, "regions": found["regions"] or None, **more})


# --- request


@click.group(cls=Family, short_help="What you need: ask for capacity.")
def request() -> None:
    """Needs for capacity, before anybody is asked.  On a server: `--server`, and your token in DIBS_TOKEN."""


def need_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """What a need says."""
    options = (
        click.option("--class", "workload_class", required=True, metavar="NAME", help="The class of work."),
        click.option("--sku", required=True, metavar="NAME", help="Which accelerator."),
        click.option("--quantity", type=Whole(), required=True, help="How many."),
        click.option("--minimum-quantity", type=Whole(), default=1, help="Fewer are no use (default: 1)."),
        click.option("--region", "regions", multiple=True, metavar="NAME", help="Where; more than one may be given."),
        click.option("--start-earliest", "--start", "start_earliest", type=WHEN, required=True, help="Not before."),
        click.option("--start-latest", type=WHEN, help="Not after (default: the earliest)."),
        click.option("--months", type=Whole(0, 240), default=12, show_default=True, help="For how long."),
        click.option("--hours", type=Whole(0, 729), default=0, help="And so many hours more."),
        click.option("--price-max", type=NUMBER, help="The highest price per accelerator-hour."),
        click.option("--priority", type=Whole(-1000, 1000), default=0, help="Before others of lower priority."),
        click.option("--purpose", metavar="WORDS", default="", help="Needs of one purpose are added up."),
        click.option("--party", metavar="NAME", help="For whom (default: your party)."),
        click.option("--id", "name", metavar="ID", help="Its name (default: the server makes one)."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def _ask_for(client: Client, given: Mapping[str, Any]) -> tuple[str, Callable[..., OutcomeView]]:
    fields = {**given, "id": given["name"], "start_latest": given["start_latest"] or given["start_earliest"]}
    del fields["name"]
    what = f"ask for {given['quantity']:,} {given['sku']} for {given['workload_class']} from {_day(given['start_earliest'])}"
    return what, functools.partial(client.submit_request, **fields)


@command(request, "plan")
@remote
@need_options
def plan_request(out: Output, client: Client, **given: Any) -> None:
    """Say what would come of a need: who would have to be asked first.  Nothing is put on record."""
    _plan(out, *_ask_for(client, given))


@command(request, "create")
@remote
@need_options
@acting
def create_request(out: Output, client: Client, *, yes: bool, key: str, **given: Any) -> None:
    """Ask for capacity: put a need on record."""
    _act(out, *_ask_for(client, given), yes=yes, key=key)


@command(request, "list")
@remote
@click.option("--status", default="", help="Only those that stand so.")
@click.option("--live", is_flag=True, help="Only those of which something is still sought.")
def list_requests(out: Output, client: Client, *, status: str, live: bool) -> None:
    """List needs, the oldest first."""
    titles = ("id", "status", "class", "sku", "quantity", "granted", "offered", "start", "next")
    _listed(
        out,
        client.each(client.list_requests, status=status or None, live=live),
        titles,
        lambda r: (
            r.id,
            r.status.replace("_", " "),
            r.workload_class,
            r.sku,
            r.quantity,
            r.granted,
            r.offered,
            _day(r.start_earliest),
            "; ".join(f"{n.by}: {n.says}" for n in r.next),
        ),
        right=("quantity", "granted", "offered"),
        none="there are no such needs",
    )


@command(request, "show")
@remote
@click.argument("name", metavar="ID")
def show_request(out: Output, client: Client, name: str) -> None:
    """Show a need: how it stands, what is next, and what happened."""
    found = client.get_request(name)
    happened = client.request_events(name)

    def more(console: Console) -> None:
        for intent in found.next:
            until = f", by {_day(intent.until)}" if intent.until else ""
            say(console, ("next", "bold"), f": {intent.by}: {intent.says}{until}")
        say(console, ("what happened", "bold"))
        for event in happened.items:
            _events(console, [event])
            _because(console, event.because)

    if out.as_json:
        out.answer({**_plain(found), "events": _plain(happened.items)}, more)
    else:
        _shown(out, found, more)


@command(request, "cancel")
@remote
@click.argument("name", metavar="ID")
@planning
def cancel(out: Output, client: Client, name: str, **how: Any) -> None:
    """Give a need up: an open offer for it is withdrawn."""
    _plan_or_act(out, f"give `{name}` up", functools.partial(client.cancel_request, name), **how)


# --- offer


@click.group(cls=Family, short_help="Notices to the holder of a right, and its answers.")
def offer() -> None:
    """Notices to the holder of a right, and its answers.  On a server: `--server`, and your token in DIBS_TOKEN."""


def notice_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """What a notice says."""
    function = click.option("--id", "name", metavar="ID", help="Its name (default: the server makes one).")(function)
    function = click.option("--respond-within", type=Whole(), help="Seconds; longer than the clause's window, never shorter.")(function)
    function = click.option("--quantity", type=Whole(), help="How many (default: all that is loose).")(function)
    return click.argument("need", metavar="REQUEST")(terms_options(function))


def _serve(client: Client, given: dict[str, Any]) -> tuple[str, Callable[..., OutcomeView]]:
    terms = _terms(given, quantity=given.pop("quantity"))
    do = functools.partial(client.serve_notice, request=given["need"], id=given["name"], terms=terms, respond_within=given["respond_within"])
    return f"offer `{given['need']}` to the holder", do


@command(offer, "plan")
@remote
@notice_options
def plan_offer(out: Output, client: Client, **given: Any) -> None:
    """Say whether a notice would be complete, and until when it could be answered.  Nothing is put on record."""
    _plan(out, *_serve(client, given))


@command(offer, "create")
@remote
@notice_options
@acting
def create_offer(out: Output, client: Client, *, yes: bool, key: str, **given: Any) -> None:
    """Offer a need to the holder of the right."""
    _act(out, *_serve(client, given), yes=yes, key=key)


@command(offer, "list")
@remote
@click.option("--status", default="", help="Only those that stand so, like `open`.")
def list_offers(out: Output, client: Client, *, status: str) -> None:
    """List offers that you made, or that were made to you, the oldest first."""
    _listed(
        out,
        client.each(client.list_offers, status=status or None),
        ("id", "request", "holder", "status", "quantity", "taken", "answer before"),
        lambda o: (o.id, o.request, o.holder, o.status.replace("_", " "), (o.terms.quantity if o.terms else None) or "", o.taken, _day(o.respond_by)),
        right=("quantity", "taken"),
        none="there are no such offers",
    )


@command(offer, "show")
@remote
@click.argument("name", metavar="ID")
def show_offer(out: Output, client: Client, name: str) -> None:
    """Show an offer: its terms, by when it has to be answered, and what happens if it is not."""
    _shown(out, client.get_offer(name))


@command(offer, "answer")
@remote
@click.argument("name", metavar="ID")
@click.option("--quantity", type=Whole(0), required=True, help="How many you take; 0 declines.")
@click.option("--reason", type=click.Choice(REASONS), help="Why you decline.")
@click.option("--host", "hosts", type=PART, multiple=True, help="So many on this host; more than one may be given.")
@click.option("--price", type=NUMBER, help="Your own price: this makes it a counter-offer.")
@planning
def answer(
    out: Output, client: Client, name: str, *, quantity: int, reason: Any, hosts: tuple[tuple[str, int], ...], price: Decimal | None, **how: Any
) -> None:
    """Answer an offer: take all of it, a part, or nothing."""
    terms = None
    if price is not None:
        import msgspec

        offered = client.get_offer(name).terms
        if offered is None:
            raise bad("DIB302", f"the terms of `{name}` are not yours to see, so there is nothing to counter", "ask to be named as a reader", name)
        terms = msgspec.structs.replace(offered, price=price)
    what = f"take {quantity:,} of `{name}`" if quantity else f"decline `{name}`"
    do = functools.partial(client.respond, name, quantity=quantity, reason=reason or ("counter" if terms else "none"), hosts=dict(hosts), terms=terms)
    _plan_or_act(out, what, do, **how)


@command(offer, "withdraw")
@remote
@click.argument("name", metavar="ID")
@planning
def withdraw(out: Output, client: Client, name: str, **how: Any) -> None:
    """Take an offer back before it is accepted."""
    _plan_or_act(out, f"take `{name}` back", functools.partial(client.withdraw_offer, name), **how)


# --- grant and reservation


@click.group(cls=Family, short_help="Capacity that is promised, and whether it came.")
def grant() -> None:
    """Capacity that is promised, and whether it came.  On a server: `--server`, and your token in DIBS_TOKEN."""


def grant_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """What a grant says."""
    function = click.option("--id", "name", metavar="ID", help="Its name (default: the server makes one).")(function)
    function = click.option("--quantity", type=Whole(), required=True, help="How many.")(function)
    function = click.option("--host", required=True, metavar="NAME", help="Where.")(function)
    return click.argument("need", metavar="REQUEST")(terms_options(function))


def _sign(client: Client, given: dict[str, Any]) -> tuple[str, Callable[..., OutcomeView]]:
    terms = _terms(given)
    need, host, quantity = given["need"], given["host"], given["quantity"]
    do = functools.partial(client.propose_grant, request=need, host=host, quantity=quantity, id=given["name"], terms=terms)
    return f"sign for {quantity:,} on `{host}` for `{need}`", do


@command(grant, "plan")
@remote
@grant_options
def plan_grant(out: Output, client: Client, **given: Any) -> None:
    """Say whether the clauses would allow it.  Nothing is put on record."""
    _plan(out, *_sign(client, given))


@command(grant, "create")
@remote
@grant_options
@acting
def create_grant(out: Output, client: Client, *, yes: bool, key: str, **given: Any) -> None:
    """Sign for capacity on a host, for a need that is free to go there."""
    _act(out, *_sign(client, given), yes=yes, key=key)


@command(grant, "list")
@remote
@click.option("--status", default="", help="Only those that stand so.")
@click.option("--request", "need", default="", metavar="ID", help="Only those for this need.")
def list_grants(out: Output, client: Client, *, status: str, need: str) -> None:
    """List what is promised to you, or by you, the oldest first."""
    _listed(
        out,
        client.each(client.list_grants, status=status or None, request=need or None),
        ("id", "status", "host", "sku", "class", "quantity", "delivered", "from", "until", "price"),
        lambda g: (
            g.id,
            g.status.replace("_", " "),
            g.host,
            g.sku,
            g.workload_class,
            g.quantity,
            g.delivered,
            _day(g.starts),
            _day(g.ends),
            "" if g.price is None else g.price,
        ),
        right=("quantity", "delivered", "price"),
        none="there are no such grants",
    )


@command(grant, "show")
@remote
@click.argument("name", metavar="ID")
def show_grant(out: Output, client: Client, name: str) -> None:
    """Show a grant: what is promised, and how much of it is there."""
    _shown(out, client.get_grant(name))


@command(grant, "deliver")
@remote
@click.argument("name", metavar="ID")
@click.option("--quantity", type=Whole(), required=True, help="How many are there, in all.")
@planning
def deliver(out: Output, client: Client, name: str, *, quantity: int, **how: Any) -> None:
    """Confirm that capacity of a grant is there."""
    _plan_or_act(out, f"{quantity:,} of `{name}` are there", functools.partial(client.confirm_delivery, name, quantity=quantity), **how)


@command(grant, "release")
@remote
@click.argument("name", metavar="ID")
@planning
def release(out: Output, client: Client, name: str, **how: Any) -> None:
    """End a reservation before its time."""
    _plan_or_act(out, f"end `{name}` early", functools.partial(client.release_grant, name), **how)


@click.group(cls=Family, short_help="Promised capacity over time.")
def reservation() -> None:
    """Promised capacity over time.  On a server: `--server`, and your token in DIBS_TOKEN."""


@command(reservation, "list")
@remote
@click.option("--status", default="", help="Only those that stand so.")
@click.option("--host", default="", help="Only those on this host.")
def list_reservations(out: Output, client: Client, *, status: str, host: str) -> None:
    """List reservations, the oldest first."""
    _listed(
        out,
        client.each(client.list_reservations, status=status or None, host=host or None),
        ("id", "status", "host", "sku", "class", "quantity", "deliver by"),
        lambda r: (r.id, r.status.replace("_", " "), r.host, r.sku, r.workload_class, r.quantity, _day(r.deliver_by)),
        right=("quantity",),
        none="there are no such reservations",
    )


@command(reservation, "show")
@remote
@click.argument("name", metavar="ID")
def show_reservation(out: Output, client: Client, name: str) -> None:
    """Show a reservation: how much is promised and how much is there, step by step."""
    found = client.get_reservation(name)

    def more(console: Console) -> None:
        steps = [_plain(step) for step in found.steps]
        if steps:
            _table(console, tuple(steps[0]), [tuple(step.values()) for step in steps])

    _shown(out, found, more)


# --- commitments on a server


@command(commitment, "list")
@remote
def list_commitments(out: Output, client: Client) -> None:
    """List the commitments of a server's book: what was promised to be spent, and whether it will be enough."""
    _listed(
        out,
        client.list_commitments().items,
        ("clause", "payer", "payee", "amount", "counted", "status", "short on"),
        lambda c: (
            c.clause,
            c.payer,
            c.payee,
            "never published" if c.amount is None else f"{c.amount:,} {c.currency}",
            f"{c.counted:,} {c.currency}",
            c.status.replace("_", " "),
            c.short_on or "",
        ),
        right=("amount", "counted"),
        none="there are no commitments that are yours to see",
    )


@command(commitment, "show")
@remote
@click.argument("clause")
def show_commitment(out: Output, client: Client, clause: str) -> None:
    """Show how a commitment of a server's book is drawn down, month by month."""
    found = client.get_burndown(clause)

    def show(console: Console) -> None:
        for text in found.texts:
            say(
                console,
                (clause, "bold"),
                f": {text['payer']} spends {text['amount'] or 'an unpublished amount'} {text['currency']} with {text['payee']}",
            )
            months = text["months"]
            _table(
                console,
                ("month", "counted", "so far", "due", "forecast", "status"),
                [
                    (m["month"][:7], m["eligible"], m["cumulative"], m["milestone"] or "", m["forecast"], m["status"].replace("_", " "))
                    for m in months
                ],
                right=("counted", "so far", "due", "forecast"),
            )

    out.answer(_plain(found), show)


@connected
def settle_on_server(out: Output, client: Client, *, target: str | None, url: str | None = None) -> int:
    """List the statements of a server's book, and leave each of them as HTML and CSV in a folder if one is named."""
    if url is not None:
        raise bad("DIB185", "a server keeps its own ledger: `--ledger` is for runs", "leave `--ledger` out", url)
    items = tuple(client.each(client.list_statements))
    if target is not None:
        for item in items:
            pair, _, month = item.id.rpartition("/")
            for kind in ("html", "csv"):
                _keep(Path(target) / "statements" / pair / f"{month}.{kind}", client.get_statement(pair, month, format=kind))
    document = {"server": client.server, "out": target, "statements": _plain(items)}

    def show(console: Console) -> None:
        if not items:
            say(console, "no statements yet: nothing is owed")
            return
        _table(
            console,
            ("party", "counterparty", "month", "lines", "total", "closing"),
            [(item.party, item.counterparty, item.month, item.lines, _amounts(item.total), _amounts(item.closing)) for item in items],
            right=("lines", "total", "closing"),
        )

    out.answer(document, show)
    return DONE


def _amounts(amounts: Iterable[Any]) -> str:
    return ", ".join(f"{one.amount:,} {one.currency}" for one in amounts)


@connected
def focus_of_server(out: Output, client: Client, *, version: Any, target: str) -> None:
    """Write what a server exports as FOCUS."""
    made = {"cost-and-usage.csv": client.export_focus(version=version, table="cost-and-usage")}
    if version == "1.4":
        made["contract-commitment.csv"] = client.export_focus(version=version, table="contract-commitment")
    for name, file in made.items():
        _keep(Path(target) / name, file)
    document = {"version": version, "files": [str(Path(target) / name) for name in made]}
    out.answer(document, lambda console: say(console, f"{', '.join(made)} in {target}: FOCUS {version}"))


@connected
def beancount_of_server(out: Output, client: Client, *, target: str) -> None:
    """Write what a server exports as beancount."""
    _keep(Path(target), client.export_beancount())
    out.answer({"file": target}, lambda console: say(console, f"{target}: check it with `bean-check {target}`"))


def _keep(place: Path, file: Any) -> None:
    """Write a file that came beside its place, and move it there when it is whole."""
    partial = place.with_name(f"{place.name}.partial")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(file.content)
        partial.replace(place)
    except OSError as error:
        raise cannot_write(place, error) from error


# --- watch


@remote
@click.option("--types", default="", metavar="NAMES", help="Only these types of events, with commas between.")
@click.option("--cursor", default="", metavar="CURSOR", help="Go on after this cursor.")
@click.option("--now", is_flag=True, help="Leave out what has happened already.")
@click.option("--count", type=Whole(), help="End after so many events.")
def watch(out: Output, client: Client, *, types: str, cursor: str, now: bool, count: int | None) -> int | None:
    """Watch what happens on a server, as it happens, until you stop it.

    With `--json` it does not wait: it prints what there is, as one document, and the cursor to go on after.
    """
    if out.as_json:
        part = client.list_events(
            cursor=cursor or None, types=types or None, start="now" if now and not cursor else None, limit=min(count or 1000, 1000)
        )
        out.answer(_plain(part), lambda _: None)
        return None
    screen = console(sys.stdout)
    seen = 0
    last = cursor
    try:
        for last, event in client.watch(cursor, types=types, start="now" if now else ""):  # noqa: B007 - it is told at the end
            _events(screen, [event.data])
            _because(screen, event.data.because)
            seen += 1
            if count is not None and seen >= count:
                break
    except KeyboardInterrupt:
        out.notes.print(f"stopped; go on with `--cursor {last}`" if last else "stopped", style="yellow")
        return FAILED if not seen else None
    out.notes.print(f"go on with `--cursor {last}`", style="dim")
    return None


FAMILIES = (request, offer, grant, reservation)
