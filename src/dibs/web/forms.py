"""What was filled in, as the service takes it; and what is wrong with it, said at its field."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from dibs.errors import BadInput, DibsError
from dibs.report.wording import readable
from dibs.service.problems import Problem, problem_of
from dibs.service.soundness import unsound

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from zoneinfo import ZoneInfo

    from dibs.service.operation import Operation
    from dibs.service.shapes import OutcomeView
    from dibs.web.page import Visit

DAYS = frozenset({"start_earliest", "start_latest", "starts", "ends", "open_until"})
"""Filled in as days (the agreement's), sent as instants."""
LISTS = frozenset({"regions", "classes", "unusual"})
"""Filled in with commas between."""
LENGTHS = frozenset({"delivery_tolerance", "respond_within"})
"""Filled in as days, sent as seconds."""
SHARES = frozenset({"prepayment", "take_or_pay", "service_level"})
"""Filled in as per cent, sent as a part of one."""
OURS = frozenset({"csrf", "key", "do", "try", "send"})
"""Fields of the form itself."""


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a form: an outcome, or faults by field (the empty name is the form itself)."""

    do: str
    outcome: OutcomeView | None = None
    faults: Mapping[str, str] = field(default_factory=dict)

    @property
    def kept(self) -> bool:
        """Whether it is on record and went through: then the page is shown anew."""
        return self.outcome is not None and not self.outcome.dry_run and self.outcome.outcome != "refused"


async def perform(visit: Visit, operation: Operation, path: Mapping[str, str], values: Mapping[str, Any] | None = None) -> Done:
    """Do what a form asks, or with the button `try` only suppose it."""
    do = visit.form.get("do", "")
    given = gather(visit.form, visit.zone) if values is None else values
    body, faults = fill(operation.body, given)
    if faults:
        return Done(do, faults=faults)
    for finding in unsound(body):
        faults.setdefault(_field(str(finding.where)), f"{finding.message}: {finding.fix}")
    if faults:
        return Done(do, faults=faults)
    try:
        return Done(do, outcome=await visit.ask(operation, path=path, body=body, dry_run="try" in visit.form))
    except DibsError as error:
        return Done(do, faults=faults_of(problem_of(error)))


def faults_of(problem: Problem) -> dict[str, str]:
    """A problem at the fields that it is about."""
    out = {_field(str(finding.where)): readable(f"{finding.message}; {finding.fix}") for finding in problem.findings}
    return out or {"": readable(problem.detail)}


def gather(form: Mapping[str, str], zone: ZoneInfo) -> dict[str, Any]:
    """The fields as values, nested by the points in their names; what was left empty is left out.  A field that cannot be read stays text."""
    out: dict[str, Any] = {}
    for name, text in form.items():
        said = text.strip()
        if name in OURS or not said:
            continue
        *outer, last = name.split(".")
        holder = out
        for part in outer:
            holder = holder.setdefault(part, {})
        holder[last] = _value(last, said, zone)
    return out


def _value(name: str, said: str, zone: ZoneInfo) -> Any:
    try:
        if name in DAYS:
            return datetime.fromisoformat(said).replace(tzinfo=zone) if "T" in said else datetime.combine(date.fromisoformat(said), time(), zone)
        if name in LENGTHS:
            return int(Decimal(said) * 86_400)
        if name in SHARES:
            return Decimal(said.rstrip("% ")) / 100
    except (ValueError, InvalidOperation, OverflowError):
        return said
    if name in LISTS:
        return [part for part in (part.strip() for part in said.split(",")) if part]
    return said


def fill(kind: Any, values: Mapping[str, Any], within: str = "") -> tuple[Any, dict[str, str]]:
    """A body from values, each field for itself, so that everything wrong is said at once."""
    faults: dict[str, str] = {}
    made: dict[str, Any] = {}
    known = {one.encode_name: one for one in msgspec.structs.fields(kind)}
    for name, value in values.items():
        if name not in known:
            faults[f"{within}{name}"] = "there is no such field"
            continue
        inner = _struct_in(known[name].type)
        if inner is not None and isinstance(value, dict):
            made[known[name].name], found = fill(inner, value, f"{within}{name}.")
            faults |= found
            continue
        try:
            made[known[name].name] = msgspec.convert(value, known[name].type, strict=False)
        except msgspec.ValidationError as error:
            faults[f"{within}{name}"] = said_plainly(str(error))
    faults |= {f"{within}{name}": "this has to be filled in" for name, one in known.items() if one.required and name not in values}
    return (None if faults else kind(**made)), faults


def _struct_in(kind: Any) -> Any:
    """The struct that a field holds, if it holds one."""
    return next((one for one in _kinds(kind) if isinstance(one, type) and issubclass(one, msgspec.Struct)), None)


def _kinds(kind: Any) -> Iterator[Any]:
    yield kind
    for part in get_args(kind):
        yield from _kinds(part)


_PLAIN = (
    (r"Expected `int` >= ([\d,]+)", r"at least \1 is wanted here"),
    (r"Expected `int` <= ([\d,]+)", r"at most \1 is possible here"),
    (r"Expected `int.*", "a whole number is wanted here, like 5000"),
    (r"(Expected `decimal.*|Invalid decimal.*|Expected `.*\bdecimal\b.*)", "a number is wanted here, like 2.10"),
    (r"(Expected `datetime.*|Invalid RFC3339.*)", "a day is wanted here, like 2025-06-01"),
    (r"Expected `str` matching regex.*", "letters, digits and ._:- only, beginning with a letter or digit"),
    (r"Expected `str` of length <= (\d+)", r"at most \1 characters"),
    (r"Expected `str` of length >= (\d+)", "this has to be filled in"),
    (r"Invalid enum value .*", "choose one of the list"),
)


def said_plainly(error: str) -> str:
    """A reader's complaint as a person says it."""
    what = error.partition(" - at `")[0]
    for pattern, words in _PLAIN:
        found = re.match(pattern, what)
        if found:
            return found.expand(words)
    return what


def _field(place: str) -> str:
    """The field that a place in a body is: `$.terms.price` is `terms.price`."""
    return re.sub(r"\[.*?\]", "", place).removeprefix("$").removeprefix(".").removeprefix("body.")


def refused(error: DibsError) -> bool:
    """Whether something was wrong with what was filled in, not with the service."""
    return isinstance(error, BadInput | Problem)
