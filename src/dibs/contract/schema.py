"""The JSON Schema (2020-12) of a file, for editors that complete and check while one types.

Made from the same fields that the loader reads.  It knows the shape of a file and the form of each value; what needs the
whole document (names that do not exist, clauses that clash) is for `check`.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from dibs.contract import model
from dibs.contract.fields import FIELDS, Anything, Choice, Field, ListOf, MapOf, Plain, Record, Shape, fields_of
from dibs.contract.reader import NAME, TEXT_FIELD_MAX, WHOLE_MAX
from dibs.quantities import DAY_FORM, DURATION_FORM, MONEY_FORM, Money, render_duration, render_share

if TYPE_CHECKING:
    from collections.abc import Iterable

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]


def schema(name: str = "agreement") -> Schema:
    """The schema of an agreement's file.  Raises `KeyError` for others: they are made of records of other layers, see `document`."""
    if name != "agreement":
        raise KeyError(name)
    return document(model.Agreement, name)


def document(cls: type, name: str) -> Schema:
    """The schema of a file that holds one record `cls` and begins with `dibs: NAME/1`."""
    definitions: Schema = {}
    root = _object(cls, definitions, owner=None, named=False)
    root["properties"] = {"dibs": {"const": f"{name}/1", "description": "What this file is."}, **root["properties"]}
    root["required"] = ["dibs", *root["required"]]
    return {"$schema": DIALECT, "title": f"dibs {name}", **root, "$defs": dict(sorted(definitions.items()))}


def _object(cls: type, definitions: Schema, *, owner: type | None, named: bool) -> Schema:
    """A record; `named` ones stand under their name and do not repeat it."""
    owner = cls if issubclass(cls, model.Clause) else owner
    fields = [f for f in FIELDS.get(cls) or fields_of(cls) if not (f.identity and named)]
    properties: Schema = {"kind": {"const": cls.kind}} if issubclass(cls, model.Clause) else {}
    properties |= {f.key: _property(f, definitions, owner) for f in fields}
    return {
        "type": "object",
        "description": " ".join((cls.__doc__ or "").split()),
        "properties": properties,
        "required": [*(["kind"] if "kind" in properties else []), *(f.key for f in fields if f.required)],
        "additionalProperties": False,
    }


def _property(field: Field, definitions: Schema, owner: type | None) -> Schema:
    """One field: its form, and what a person must know."""
    if field.name == "workload_classes":
        name = {"type": "string", "pattern": NAME.pattern}
        of: Schema = {"oneOf": [{"type": "array", "items": name, "uniqueItems": True}, _shape(field.shape, definitions, owner)]}
    elif field.identity or (field.refers and isinstance(field.shape, Plain) and field.shape.of is str):
        of = {"type": "string", "pattern": NAME.pattern}
    else:
        of = _shape(field.shape, definitions, owner)
    notes = [field.says]
    notes += [f"Unit: {field.unit}."] if field.unit else []
    default = _default(field)
    notes += [f"Default: {default}."] if default else []
    notes += [f"Source: {field.source}."] if field.source else []
    return {"description": " ".join(notes), **of}


def _default(field: Field) -> str:
    value, shape = field.default, field.shape
    if field.required or value is None or isinstance(shape, (MapOf, Record)) or value in ("", ()):
        return ""
    if isinstance(shape, Plain) and shape.of is model.Share:
        return render_share(value)
    match value:
        case bool():
            return str(value).lower()
        case timedelta():
            return render_duration(value)
        case tuple():
            return ", ".join(str(v) for v in value)
        case _:
            return str(value)


def _shape(shape: Shape, definitions: Schema, owner: type | None) -> Schema:
    match shape:
        case Plain(of):
            return dict(_PLAIN[of])
        case Choice(words):
            return {"enum": list(words)}
        case ListOf(item):
            return {"type": "array", "items": _shape(item, definitions, owner)}
        case MapOf(key, value):
            if isinstance(value, Anything):
                return _sets(definitions, owner)
            inner = _record(value.cls, definitions, owner, named=True) if isinstance(value, Record) else _shape(value, definitions, owner)
            return {"type": "object", "patternProperties": {_KEYS[key.of]: inner}, "additionalProperties": False}
        case Record(cls):
            return _record(cls, definitions, owner, named=False)
        case Anything():
            return {}


def _record(cls: type, definitions: Schema, owner: type | None, *, named: bool) -> Schema:
    """A reference to the definition of a record, which is made if it is not there yet.

    One that stands under its name is another definition than one in a list, and the fields that a reading sets are its clause's.
    """
    if cls is model.Clause:
        return _clause(definitions)
    name = f"{cls.__name__}_entry" if named else cls.__name__
    if cls is model.Reading and owner is not None and issubclass(owner, model.Clause):
        name = f"Reading_of_{owner.kind}"
    if name not in definitions:
        definitions[name] = {}
        definitions[name] = _object(cls, definitions, owner=owner, named=named)
    return {"$ref": f"#/$defs/{name}"}


def _clause(definitions: Schema) -> Schema:
    """A clause is what its `kind` says."""
    kinds = tuple(model.CLAUSE_KINDS)
    for kind, cls in model.CLAUSE_KINDS.items():
        if kind not in definitions:
            definitions[kind] = {}
            definitions[kind] = _object(cls, definitions, owner=cls, named=False)
    return {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": list(kinds), "description": "Which kind of clause it is."}},
        "allOf": [{"if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]}, "then": {"$ref": f"#/$defs/{kind}"}} for kind in kinds],
    }


def _sets(definitions: Schema, owner: type | None) -> Schema:
    """What a reading sets: fields of the clause that it reads."""
    if owner is None or not issubclass(owner, model.Clause):
        return {"type": "object"}
    fields: Iterable[Field] = (f for f in FIELDS[owner] if not f.identity and f.key not in {"readings", "reading"})
    return {"type": "object", "properties": {f.key: _property(f, definitions, owner) for f in fields}, "additionalProperties": False}


_SHARE = r"^(?:100(?:\.0+)?|\d{1,2}(?:\.\d+)?)\s*%$"
_PLAIN: dict[Any, Schema] = {
    str: {"type": "string", "minLength": 1, "maxLength": TEXT_FIELD_MAX},
    bool: {"type": "boolean"},
    int: {"anyOf": [{"type": "integer", "minimum": 0, "maximum": WHOLE_MAX}, {"type": "string", "pattern": r"^\d+(?:_\d+)+$"}]},
    Decimal: {"anyOf": [{"type": "number", "minimum": 0, "maximum": WHOLE_MAX}, {"type": "string", "pattern": r"^\d+(?:_\d+)+(?:\.\d+)?$"}]},
    model.Share: {"type": "string", "pattern": _SHARE, "examples": ["20 %"]},
    Money: {
        "oneOf": [
            {"type": "string", "pattern": MONEY_FORM, "examples": ["12e9 USD", "2.10 USD"]},
            {
                "type": "object",
                "properties": {"amount": {"type": ["number", "string"]}, "currency": {"type": "string", "pattern": "^[A-Z]{3}$"}},
                "required": ["amount", "currency"],
                "additionalProperties": False,
            },
        ]
    },
    timedelta: {"type": "string", "pattern": DURATION_FORM, "examples": ["30 days", "24 hours"]},
    date: {"type": "string", "pattern": DAY_FORM, "format": "date", "examples": ["2025-01-21"]},
}
_KEYS = {str: NAME.pattern, date: DAY_FORM, int: r"^\d+$"}
