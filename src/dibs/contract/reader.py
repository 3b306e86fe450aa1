"""From nodes to records: each field reads its own text, and what is wrong is noted while the rest is read on.

A value that cannot be read is replaced by a stand-in of its type, and its path is kept in `broken`: so that the other
checks can run over everything that could be read and nobody hears of a fault twice.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping  # noqa: TC003 - constants below are typed with them
from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from dibs.contract import model
from dibs.contract.fields import FIELDS, Anything, Choice, Field, ListOf, MapOf, Plain, Record, Shape, fields_of
from dibs.contract.nodes import STRAY, Node, Scalar, Sequence, Table, Unread
from dibs.quantities import Money, parse_day, parse_duration, parse_share

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dibs.errors import Findings, Mark

Path: TypeAlias = tuple[str | int, ...]
"""Where a value stands in a document: keys and positions from the top, like `("amendments", 0, "adds", 2, "until")`."""

NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
"""What things may be called: letters, digits, `.`, `_` and `-`, at most 64."""
TEXT_FIELD_MAX = 4_000
"""Characters in one sentence or note (bound is in)."""
WHOLE_MAX = 10**12
"""No count in an agreement is larger (bound is in)."""
SUGGESTED_FROM_MAX = 1_000
"""Names among which a similar one is looked for (bound is in); among more it would take longer than it helps."""
YEARS = range(1950, 2201)
"""Days outside these years are slips of the pen."""

_WHOLE = re.compile(r"^[+-]?\d(?:_?\d)*$", re.ASCII)
_NUMBER = re.compile(r"^[+-]?\d(?:_?\d)*(?:\.\d+)?$", re.ASCII)
_BARE_NUMBER = re.compile(r"^[+-]?[\d_.,]+(?:[eE][+-]?\d+)?$")
_NOTHING = {"", "~", "null", "Null", "NULL"}


def like(word: str, known: Iterable[str]) -> str:
    """`; did you mean ...?` when one of the known words is close, else nothing."""
    known = list(known)
    if len(known) > SUGGESTED_FROM_MAX:
        return ""
    known.sort()
    swapped = [k for k in known if sorted(k) == sorted(word)]
    close = swapped or difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"; did you mean `{close[0]}`?" if close else ""


def in_passing(says: str) -> str:
    """A sentence within another: small at the beginning, without its full stop."""
    return says[:1].lower() + says[1:].rstrip(".")


class _BadValue(Exception):
    """A value that its field cannot take."""

    def __init__(self, code: str, message: str, fix: str) -> None:
        super().__init__(message)
        self.code, self.message, self.fix = code, message, fix


class Reader:
    """Reads records of dataclasses declared with `term` from nodes.

    `places` holds the place of every value by its path (that of a mapping's key under the path with `""` behind it),
    `broken` the paths of values that could not be read, and `lost` the names of records of which nothing could be read.
    """

    def __init__(self, findings: Findings) -> None:
        """Findings go to `findings`, in the order in which they are met."""
        self.findings = findings
        self.places: dict[Path, Mark] = {}
        self.broken: set[Path] = set()
        self.lost: set[str] = set()

    def record(
        self, node: Node, cls: type, path: Path, *, identity: str | None = None, owner: type | None = None, also_known: tuple[str, ...] = ()
    ) -> Any:
        """Read a mapping as a `cls`.  `identity` is its name when it stands under one; `owner` the clause it is part of.

        Returns nothing if the node is no mapping, or a clause of unknown kind.
        """
        self.places[path] = node.mark
        if not isinstance(node, Table):
            self._shape_fault(node, "a mapping of keys to values", path)
            return None
        if cls is model.Clause:
            kind = self._clause_kind(node, path)
            if kind is None:
                name = node.get("id")
                self.lost.update([name.text] if isinstance(name, Scalar) else [])
                return None
            return self.record(node, kind, path, owner=kind, also_known=("kind",))
        fields = FIELDS.get(cls) or fields_of(cls)
        wanted = {f.key: f for f in fields if not (f.identity and identity is not None)}
        values: dict[str, Any] = {}
        for key, value in node.pairs:
            if key.text in also_known:
                continue
            field = wanted.get(key.text)
            if field is None:
                self.findings.add(
                    "DIB013",
                    f"`{key.text}` is no key of {_noun(cls)}{like(key.text, wanted)}",
                    key.mark,
                    fix=f"use one of {', '.join(f'`{k}`' for k in (*also_known, *wanted))}",
                )
                self.broken.add(path)
                continue
            values[field.name] = self._field(value, field, (*path, field.name), owner)
        for field in wanted.values():
            if field.required and field.name not in values:
                self.findings.add("DIB014", f"{_noun(cls)} lacks `{field.key}`", node.mark, fix=f"add `{field.key}`: {in_passing(field.says)}")
                self._break((*path, field.name))
                values[field.name] = _stand_in(field.shape)
        if identity is not None:
            values[fields[0].name] = identity
        if "mark" in getattr(cls, "__dataclass_fields__", {}):
            values["mark"] = node.mark
        return cls(**values)

    def name(self, key: Scalar, path: Path) -> str:
        """Read the name under which a record stands."""
        if not NAME.fullmatch(key.text):
            self._fault(_bad_name(key.text), key.mark, path)
        return key.text

    def field(self, node: Node, field: Field, path: Path, owner: type) -> Any:
        """Read one field of a record on its own: what a variant of an agreement sets."""
        return self._field(node, field, path, owner)

    def _break(self, path: Path) -> None:
        self.broken.add(path)

    def _fault(self, bad: _BadValue, where: Mark, path: Path) -> None:
        self.findings.add(bad.code, bad.message, where, fix=bad.fix)
        self._break(path)

    def _shape_fault(self, node: Node, wanted: str, path: Path) -> None:
        if isinstance(node, Unread):
            self._break(path)
            return
        key = next((p for p in reversed(path) if isinstance(p, str)), "the file").rstrip("_")
        if isinstance(node, Scalar) and node.plain and node.text in _NOTHING:
            self._fault(_BadValue("DIB016", f"`{key}` is empty", "write its value, or leave the line out"), node.mark, path)
            return
        is_ = "one value" if isinstance(node, Scalar) else "a list" if isinstance(node, Sequence) else "a mapping"
        self._fault(_BadValue("DIB015", f"`{key}` is {is_}, but has to be {wanted}", _shape_fix(wanted)), node.mark, path)

    def _clause_kind(self, node: Table, path: Path) -> type[model.Clause] | None:
        kind = node.get("kind")
        if isinstance(kind, Scalar) and kind.text in model.CLAUSE_KINDS:
            return model.CLAUSE_KINDS[kind.text]
        self._break(path)
        allowed = ", ".join(f"`{k}`" for k in model.CLAUSE_KINDS)
        if kind is None:
            self.findings.add("DIB014", "the clause lacks `kind`", node.mark, fix=f"add `kind`: one of {allowed}")
        elif isinstance(kind, Scalar):
            self.findings.add(
                "DIB017", f"`{kind.text}` is no kind of clause{like(kind.text, model.CLAUSE_KINDS)}", kind.mark, fix=f"use one of {allowed}"
            )
        else:
            self._shape_fault(kind, "one word", (*path, "kind"))
        return None

    def _field(self, node: Node, field: Field, path: Path, owner: type | None) -> Any:
        """Read one field; a stand-in if it cannot be read."""
        self.places[path] = node.mark
        if field.identity:
            if isinstance(node, Scalar):
                return self.name(node, path)
            self._shape_fault(node, "one word", path)
            return ""
        if field.key == "workload_classes" and isinstance(node, Sequence):
            return self._classes(node, path)
        value = self._value(node, field.shape, path, owner)
        return _stand_in(field.shape) if value is None else value

    def _classes(self, node: Sequence, path: Path) -> Mapping[str, str]:
        """Workload classes as a plain list of names."""
        out: dict[str, str] = {}
        for index, item in enumerate(node.items):
            if not isinstance(item, Scalar):
                self._shape_fault(item, "one word", (*path, index))
            elif item.text in out:
                self.findings.add("DIB038", f"`{item.text}` is listed twice", item.mark, fix="list it once")
                self._break(path)
            else:
                name = self.name(item, (*path, item.text))
                out[name] = ""
                self.places[(*path, name)] = item.mark
        return MappingProxyType(out)

    def _value(self, node: Node, shape: Shape, path: Path, owner: type | None) -> Any:
        """Read one value, or nothing if it cannot be read (then it was noted)."""
        self.places[path] = node.mark
        match shape:
            case Plain(of):
                if of is Money and isinstance(node, Table):
                    return self._money_table(node, path)
                if not isinstance(node, Scalar):
                    self._shape_fault(node, "one value", path)
                    return None
                return self._scalar(node, READERS[of], path)
            case Choice(words):
                if not isinstance(node, Scalar):
                    self._shape_fault(node, "one word", path)
                    return None
                return self._scalar(node, lambda text: _choice(text, words), path)
            case ListOf(item):
                return self._list(node, item, path, owner)
            case MapOf(key, value):
                return self._map(node, key, value, path, owner)
            case Record(cls):
                return self.record(node, cls, path, owner=owner)
            case Anything():  # pragma: no cover - only inside `sets`, which `_sets` reads
                raise AssertionError(path)

    def _scalar(self, node: Scalar, read: Callable[[str], Any], path: Path) -> Any:
        text = node.text.strip()
        if text == "" or (node.plain and text in _NOTHING):
            self._shape_fault(Scalar("", node.mark), "one value", path)
            return None
        try:
            return read(text)
        except _BadValue as bad:
            self._fault(bad, node.mark, path)
            return None

    def _money_table(self, node: Table, path: Path) -> Money | None:
        """Money as `{amount, currency}`."""
        parts = {key.text: value.text for key, value in node.pairs if isinstance(value, Scalar)}
        if set(parts) != {"amount", "currency"} or len(node.pairs) != 2:
            missing = "without a currency" if "amount" in parts and "currency" not in parts else "not money"
            code = "DIB024" if missing != "not money" else "DIB025"
            self._fault(_BadValue(code, f"this is {missing}", "write `12e9 USD`, or `{amount: 12e9, currency: USD}`"), node.mark, path)
            return None
        amount = node.get("amount")
        assert isinstance(amount, Scalar)  # noqa: S101 - `parts` holds it
        return self._scalar(Scalar(f"{parts['amount'].strip()} {parts['currency'].strip()}", amount.mark), _money, path)  # type: ignore[no-any-return]

    def _list(self, node: Node, item: Shape, path: Path, owner: type | None) -> Any:
        if not isinstance(node, Sequence):
            self._shape_fault(node, "a list", path)
            return None
        out: list[Any] = []
        seen: set[Any] = set()
        for each in node.items:
            at = (*path, len(out))
            value = self._value(each, item, at, owner)
            if value is None:
                self.broken = {p for p in self.broken if p[: len(at)] != at} | {path}
            elif isinstance(item, (Plain, Choice)) and value in seen:
                self.findings.add("DIB038", f"`{getattr(each, 'text', value)}` is listed twice", each.mark, fix="list it once")
                self._break(path)
            else:
                out.append(value)
                seen.update([value] if isinstance(item, (Plain, Choice)) else [])
        return tuple(out)

    def _map(self, node: Node, key: Plain, value: Shape, path: Path, owner: type | None) -> Any:
        if not isinstance(node, Table):
            self._shape_fault(node, "a mapping of keys to values", path)
            return None
        out: dict[Any, Any] = {}
        for name, each in node.pairs:
            if isinstance(value, Anything):
                self._set_field(name, each, out, path, owner)
                continue
            at = (*path, name.text)
            if key.of is str:
                read_key: Any = self.name(name, at)
            else:
                read_key = self._scalar(name, READERS[key.of], at)
                if read_key is None:
                    continue
                if read_key in out:
                    self.findings.add("DIB010", f"`{name.text}` is written twice", name.mark, fix="keep one")
                    self._break(path)
                    continue
            if isinstance(value, Record):
                read = self.record(each, value.cls, at, identity=name.text, owner=owner)
            elif isinstance(value, Plain) and value.of is str and isinstance(each, Scalar) and each.text == "" and not each.plain:
                read = ""
            else:
                read = self._value(each, value, at, owner)
            self.places[*at, ""] = name.mark
            if read is None:
                self._break(path)
                self.lost.add(name.text)
                read = _stand_in(value)
            if read is not None:
                out[read_key] = read
        return MappingProxyType(out)

    def _set_field(self, key: Scalar, node: Node, out: dict[Any, Any], path: Path, owner: type | None) -> None:
        """One field that a reading changes, read as the clause reads it."""
        assert owner is not None, path  # noqa: S101 - only clauses have readings
        settable = {f.key: f for f in FIELDS[owner] if not f.identity and f.key not in {"readings", "reading"}}
        field = settable.get(key.text)
        if field is None:
            self.findings.add(
                "DIB048",
                f"a reading cannot set `{key.text}`{like(key.text, settable)}",
                key.mark,
                fix=f"set one of {', '.join(f'`{k}`' for k in settable)}",
            )
            self._break(path)
            return
        value = self._field(node, field, (*path, field.name), owner)
        if (*path, field.name) not in self.broken:
            out[field.name] = value


def _shape_fix(wanted: str) -> str:
    if wanted == "a list":
        return "write `[one, two]`, or one item a line, each after `- `"
    if wanted.startswith("a mapping"):
        return "write `{key: value}`, or one `key: value` a line, indented"
    return "write one value after the colon"


def _noun(cls: type) -> str:
    if cls is model.Agreement:
        return "an agreement"
    kind = getattr(cls, "kind", "")
    if kind:
        return f"a `{kind}` clause"
    word = re.sub(r"(?<!^)(?=[A-Z])", " ", cls.__name__).lower()
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


def _stand_in(shape: Shape) -> Any:
    """A harmless value of the type, for a field that could not be read."""
    match shape:
        case Plain(of):
            return STAND_INS[of]
        case Choice(words):
            return words[0]
        case ListOf():
            return ()
        case MapOf():
            return MappingProxyType({})
        case Record() | Anything():
            return None


def _bad_name(text: str) -> _BadValue:
    return _BadValue(
        "DIB018", f"`{text}` cannot be a name", "use letters, digits, `.`, `_` and `-`, beginning with a letter or digit, at most 64 of them"
    )


def _choice(text: str, words: tuple[str, ...]) -> str:
    if text not in words:
        raise _BadValue("DIB019", f"`{text}` is not one of the choices{like(text, words)}", f"write one of {', '.join(f'`{w}`' for w in words)}")
    return text


def _text(text: str) -> str:
    stray = STRAY.search(text)
    if stray:
        raise _BadValue("DIB003", f"the character U+{ord(stray[0]):04X} does not belong in an agreement: it cannot be seen", "delete the character")
    if len(text) > TEXT_FIELD_MAX:
        raise _BadValue(
            "DIB030", f"this text has {len(text)} characters, more than {TEXT_FIELD_MAX}", "say it shorter, or put it into a document of its own"
        )
    return text


def _flag(text: str) -> bool:
    if text not in {"true", "false"}:
        hint = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(text.lower(), "")
        raise _BadValue("DIB020", f"`{text}` is neither `true` nor `false`", f"write `{hint}`" if hint else "write `true` or `false`")
    return text == "true"


def _whole(text: str) -> int:
    if not _WHOLE.match(text):
        raise _BadValue("DIB021", f"`{text}` is not a whole number", "write digits only, like `5000` or `64_000`")
    number = int(text.replace("_", ""))
    if not 0 <= number <= WHOLE_MAX:
        raise _BadValue("DIB029", f"`{text}` is {'less than nothing' if number < 0 else f'more than {WHOLE_MAX}'}", "check the sign and the digits")
    return number


def _number(text: str) -> Decimal:
    if not _NUMBER.match(text):
        raise _BadValue("DIB022", f"`{text}` is not a number", "write digits with a decimal point, like `1200` or `4.5`")
    number = Decimal(text.replace("_", ""))
    if not 0 <= number <= WHOLE_MAX:
        raise _BadValue("DIB029", f"`{text}` is {'less than nothing' if number < 0 else f'more than {WHOLE_MAX}'}", "check the sign and the digits")
    return number


def _share(text: str) -> Decimal:
    try:
        return parse_share(text)
    except ValueError as error:
        percent = ""
        if re.match(r"^0?\.\d+$|^[01](?:\.0+)?$", text):
            percent = f"{(Decimal(text) * 100).normalize():f} %"
        raise _BadValue("DIB023", str(error), f"write `{percent}`" if percent else "write a percentage from `0 %` to `100 %`") from error


def _money(text: str) -> Money:
    try:
        money = Money.parse(text)
    except ValueError as error:
        if _BARE_NUMBER.match(text):
            raise _BadValue("DIB024", f"`{text}` is money without a currency", f"write `{text} USD`, or whichever currency was agreed") from error
        raise _BadValue("DIB025", str(error), "write an amount and a currency of three capitals, like `12e9 USD` or `2.10 USD`") from error
    if money.amount < 0:
        raise _BadValue("DIB029", f"`{text}` is less than nothing", "turn payer and payee round instead")
    return money


def _duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        months = re.match(r"^(\d+)\s*(months?|years?)$", text)
        fix = "say it in days: nobody knows how long a month is" if months else "write a whole number and a unit, like `30 days` or `24 hours`"
        raise _BadValue("DIB026", str(error), fix) from error


def _day(text: str) -> date:
    try:
        day = parse_day(text)
    except ValueError as error:
        if "calendar" in str(error):
            raise _BadValue("DIB028", str(error), "check the month and the day") from error
        raise _BadValue("DIB027", str(error), "write year-month-day, like `2025-01-21`; a period ends on the first day that is out") from error
    if day.year not in YEARS:
        raise _BadValue("DIB028", f"`{text}` lies outside the years {YEARS[0]} to {YEARS[-1]}", "check the year")
    return day


READERS: Mapping[Any, Callable[[str], Any]] = MappingProxyType(
    {str: _text, bool: _flag, int: _whole, Decimal: _number, model.Share: _share, Money: _money, timedelta: _duration, date: _day}
)
"""How each type of value reads its text."""

STAND_INS: Mapping[Any, Any] = MappingProxyType(
    {
        str: "",
        bool: False,
        int: 0,
        Decimal: Decimal(0),
        model.Share: Decimal(0),
        Money: Money(Decimal(0), "XXX"),  # ISO 4217 for "no currency"
        timedelta: timedelta(0),
        date: date(2000, 1, 1),
    }
)
"""What stands where a value could not be read; nothing is decided on it, because the text is refused."""
