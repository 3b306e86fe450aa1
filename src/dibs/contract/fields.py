"""What a file may say, read off the dataclasses of `dibs.contract.model`.

Loader, JSON Schema, YAML renderer and reference page all walk this one table, so a parameter that is added to the
model is at once read, checked, written and documented.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from dibs.contract import model
from dibs.quantities import Money


@dataclass(frozen=True, slots=True)
class Plain:
    """One word or number.  `of` is `str`, `bool`, `int`, `Decimal`, `Share`, `Money`, `timedelta` or `date`."""

    of: Any


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a closed list of words."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list, in the order written."""

    item: Shape


@dataclass(frozen=True, slots=True)
class MapOf:
    """A mapping of names, days or whole numbers (`key`) to values."""

    key: Plain
    value: Shape


@dataclass(frozen=True, slots=True)
class Record:
    """A mapping with known keys.  For `Clause` the `kind` key says which class it is."""

    cls: type


@dataclass(frozen=True, slots=True)
class Anything:
    """A value whose type is known only from its surroundings: what a reading sets."""


Shape: TypeAlias = Plain | Choice | ListOf | MapOf | Record | Anything


@dataclass(frozen=True, slots=True)
class Field:
    """One key that a person may write.  `name` is Python's, `key` the file's (`from_` is `from`)."""

    name: str
    key: str
    shape: Shape
    required: bool
    default: Any
    identity: bool
    """The record's own name: the key it stands under in a mapping, or its `id` in a list."""
    says: str
    unit: str
    source: str
    refers: str


def _shape(hint: Any) -> Shape:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in {types.UnionType, typing.Union}:
        return _shape(next(a for a in args if a is not types.NoneType))
    if origin is Literal:
        return Choice(args)
    if origin is tuple:
        return ListOf(_shape(args[0]))
    if origin is Mapping:
        key = _shape(args[0])
        assert isinstance(key, Plain), hint  # noqa: S101 - the model is ours: a key of another shape is a bug
        return MapOf(key, _shape(args[1]))
    if hint is Any:
        return Anything()
    if hint in {str, bool, int, Decimal, model.Share, Money, timedelta, date}:
        return Plain(hint)
    assert dataclasses.is_dataclass(hint), hint  # noqa: S101 - the same
    return Record(typing.cast("type", hint))


def fields_of(cls: type) -> tuple[Field, ...]:
    """The fields of one record of a model, in the order in which a file writes them.

    Works for any dataclass whose fields are declared with `term`; a first field without it is the record's own name.
    Fields that no file holds (`mark`, `text` ...) have neither and are left out.
    """
    hints = typing.get_type_hints(cls, localns={"Mapping": Mapping, "Money": Money})
    out = []
    for index, field in enumerate(dataclasses.fields(cls)):
        identity = index == 0 and "says" not in field.metadata
        if not identity and "says" not in field.metadata:
            continue
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        default = None if required else field.default_factory() if field.default_factory is not dataclasses.MISSING else field.default
        out.append(
            Field(
                name=field.name,
                key=field.name.rstrip("_"),
                shape=_shape(hints[field.name]),
                required=required,
                default=default,
                identity=identity,
                says=field.metadata.get("says", "Its own name, by which others refer to it."),
                unit=field.metadata.get("unit", ""),
                source=field.metadata.get("source", ""),
                refers=field.metadata.get("refers", ""),
            )
        )
    return tuple(out)


FIELDS: Mapping[type, tuple[Field, ...]] = types.MappingProxyType(
    {
        cls: fields_of(cls)
        for cls in (
            model.Agreement,
            model.Party,
            model.Host,
            model.Reading,
            model.Clause,
            model.Purpose,
            model.Measure,
            model.Building,
            model.Phase,
            model.Site,
            model.Amendment,
            *model.CLAUSE_KINDS.values(),
        )
    }
)
"""Every record that an agreement is made of, with its fields."""
