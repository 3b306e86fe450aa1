"""From an agreement back to text: YAML that loads to the same agreement, and plain English.

`load(to_yaml(a)) == a` for every agreement that the checks let through.  Fields at their default are left out, so that
what is written is what was agreed.
"""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from dibs.contract import model
from dibs.contract.english import amendment_sentence, difference_in_words, plain_english, sentence
from dibs.contract.fields import FIELDS, Anything, Choice, Field, ListOf, MapOf, Plain, Record, Shape
from dibs.quantities import Money, render_duration, render_share

if TYPE_CHECKING:
    from dibs.contract.model import Agreement

__all__ = ["amendment_sentence", "as_written", "difference_in_words", "plain_english", "sentence", "to_yaml"]

FLOW_WIDTH = 120
"""Columns up to which a small record is written in one line."""

_BARE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9 ._/%'()+-]*$")
_BARE_SENTENCE = re.compile(r"^[A-Za-z][A-Za-z0-9 ._/%'()+,;!?\"-]*$")
_TYPED = re.compile(r"^(?:[-+.]?\d[\d_.,:eE+-]*|true|false|yes|no|on|off|y|n|null|~|)$", re.IGNORECASE)
"""Words that some reader of YAML would take for a number, a day, a truth value or nothing: written in quotes."""


def to_yaml(agreement: Agreement) -> str:
    """The agreement's file."""
    lines = ["dibs: agreement/1"]
    for field in _written(agreement):
        value = getattr(agreement, field.name)
        if field.name == "workload_classes" and not any(value.values()):
            lines.append(f"workload_classes: [{', '.join(_scalar(v, flow=True) for v in value)}]")
        else:
            lines += _entry(field.key, value, field.shape, 0, None)
    return "\n".join(lines) + "\n"


def as_written(value: Any, shape: Shape) -> Any:
    """A value of the agreement as its file writes it, in JSON's own types: `20 %`, `30 days`, `12e9 USD`, `2025-01-21`."""
    match shape, value:
        case _, None:
            return None
        case ListOf(item), _:
            return [as_written(one, item) for one in value]
        case MapOf(_, item), _:
            return {str(key): as_written(one, item) for key, one in value.items()}
        case Record(cls), _:
            return {f.key: as_written(getattr(value, f.name), f.shape) for f in FIELDS[cls] if getattr(value, f.name) != f.default}
        case Plain(of), Decimal():
            return render_share(value) if of is model.Share else f"{value:f}"
        case _, timedelta():
            return render_duration(value)
        case _, date() | Money():
            return str(value)
        case _:
            return value


def _written(record: Any) -> list[Field]:
    """The fields that are written: required ones, and others that are not at their default."""
    return [f for f in FIELDS[type(record)] if f.required or getattr(record, f.name) != f.default]


def _entry(name: str, value: Any, shape: Shape, indent: int, owner: type | None) -> list[str]:
    """`name: value`, in one line if that is short, else in a block."""
    pad = " " * indent
    if isinstance(shape, Plain) and shape.of is str:
        return [f"{pad}{name}: {_scalar(value, flow=False)}"]
    block = isinstance(shape, ListOf) and isinstance(shape.item, Record) and bool(value)
    flow = "" if block else _flow(value, shape, owner)
    if not block and len(pad) + len(name) + len(flow) + 2 <= FLOW_WIDTH:
        return [f"{pad}{name}: {flow}"]
    match shape:
        case ListOf(item):
            return [f"{pad}{name}:", *(line for each in value for line in _item(each, item, indent + 2, owner))]
        case MapOf(_, item):
            lines = [f"{pad}{name}:"]
            for key_, each in value.items():
                inner = _shape_set(owner, key_) if isinstance(item, Anything) else item
                lines += _entry(_key(key_, item), each, inner, indent + 2, owner)
            return lines
        case Record():
            return [f"{pad}{name}:", *_block(value, indent + 2, owner, named=True)]
        case Plain() | Choice() | Anything():
            return [f"{pad}{name}: {flow}"]


def _item(value: Any, shape: Shape, indent: int, owner: type | None) -> list[str]:
    """One item of a list in block style."""
    if not isinstance(shape, Record):
        return [f"{' ' * indent}- {_flow(value, shape, owner)}"]
    lines = _block(value, indent + 2, owner, named=False)
    return [f"{' ' * indent}- {lines[0].lstrip()}", *lines[1:]]


def _block(record: Any, indent: int, owner: type | None, *, named: bool) -> list[str]:
    """The keys of a record, one below the other.  `named` records stand under their name and do not repeat it."""
    owner = type(record) if isinstance(record, model.Clause) else owner
    lines = []
    for field in _written(record):
        if field.identity and named:
            continue
        lines += _entry(field.key, getattr(record, field.name), field.shape, indent, owner)
        if field.identity and isinstance(record, model.Clause):
            lines.append(f"{' ' * indent}kind: {record.kind}")
    return lines or [f"{' ' * indent}{{}}"]


def _flow(value: Any, shape: Shape, owner: type | None) -> str:
    """A value within one line."""
    match shape:
        case Plain() | Choice():
            return _value(value, shape)
        case ListOf(item):
            return f"[{', '.join(_flow(v, item, owner) for v in value)}]"
        case MapOf(_, item):
            pairs = (f"{_key(k, item)}: {_flow(v, _shape_set(owner, k) if isinstance(item, Anything) else item, owner)}" for k, v in value.items())
            return f"{{{', '.join(pairs)}}}"
        case Record():
            named = any(f.identity for f in FIELDS[type(value)]) and not isinstance(value, (model.Site, model.Phase, model.Building))
            fields = (f for f in _written(value) if not (f.identity and named))
            return f"{{{', '.join(f'{f.key}: {_flow(getattr(value, f.name), f.shape, owner)}' for f in fields)}}}"
        case Anything():  # pragma: no cover - `_shape_set` has replaced it
            raise AssertionError(value)


def _shape_set(owner: type | None, name: str) -> Shape:
    """The shape of a clause's field that a reading sets."""
    assert owner is not None, name  # noqa: S101 - only clauses have readings
    return next(f.shape for f in FIELDS[owner] if f.name == name)


def _key(key: Any, item: Shape) -> str:
    """A key as YAML takes it; under `sets` it is the name of a field."""
    if isinstance(item, Anything):
        return str(key).rstrip("_")
    if isinstance(key, str):
        return _scalar(key, flow=True)
    return key.isoformat() if isinstance(key, date) else str(key)


def _value(value: Any, shape: Plain | Choice) -> str:
    """One word or number, in the form that its field reads."""
    if isinstance(shape, Plain) and shape.of is model.Share:
        return render_share(value)
    match value:
        case bool():
            return "true" if value else "false"
        case Money():
            return str(value)
        case Decimal():
            return f"{value:f}"
        case timedelta():
            return render_duration(value)
        case date():
            return value.isoformat()
        case int():
            return str(value)
        case _:
            return _scalar(str(value), flow=True)


def _scalar(text: str, *, flow: bool) -> str:
    """Text as it stands if YAML reads it so, else in quotes."""
    bare = _BARE if flow else _BARE_SENTENCE
    if not _TYPED.match(text) and (bare.match(text) or _BARE.match(text)) and text == text.strip():
        return text
    return json.dumps(text, ensure_ascii=False)
