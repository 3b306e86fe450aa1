"""The OpenAPI 3.1 document, made from the operations and the types they name.

What msgspec checks on the way in and writes on the way out is what the document says: both come from the same types.
"""

from __future__ import annotations

import re
import sys
import types
import typing
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import inspect
from starlette.responses import Response

from dibs import __version__
from dibs.service.access import Role
from dibs.service.examples import EXAMPLES
from dibs.service.operation import NoBody
from dibs.service.problems import MEDIA_TYPE, ProblemView

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dibs.service.operation import Operation

JSON = "application/json"
REFERENCE = "#/components/schemas/{name}"
KEY_MAX = 200
"""Characters of an `Idempotency-Key` (bound is in)."""

PROBLEMS = {
    401: ("Unauthenticated", "Nobody is named by the token, or there is none (DIB300)."),
    403: ("NotPermitted", "The role, or the party, does not go that far (DIB301)."),
    404: ("NotFound", "It is not there, or not yours to see: both read alike (DIB302)."),
    405: ("NotThisWay", "The path does not know this method (DIB309)."),
    409: ("Conflict", "The idempotency key was used for another act (DIB308), or what is there stands against it."),
    413: ("TooLarge", "More was sent than is taken in one request."),
    415: ("NotJson", "What is sent has to be JSON, and to say so (DIB310)."),
    422: ("Unusable", "What was sent cannot be used: every finding with its place and its fix."),
    429: ("TooMany", "Too many requests: wait as long as `Retry-After` says."),
    500: ("Broken", "An error of ours (DIB306). It is logged; nothing of it is shown."),
    503: ("Unavailable", "Not available now, and nothing was done: `retry` says whether the same call may go through later."),
}
"""Every error answer: its name and what it means."""

_ABOUT = """\
Runs a compute partnership: who must be asked first, were they, where may it run, what is owed, and the proof of it.

Each token belongs to one party and has a role. A counterparty sees its own offers, grants, statements and clauses, and no
trace of anything else: what is not there and what is another's read alike. A refusal by a clause is an answer (`outcome:
refused`), not an error. Every write takes an `Idempotency-Key`, under which a repeat does nothing twice, and
`dry_run=true`, which keeps nothing and says what would have come of it.

Instants are RFC 3339, whole seconds, from 1970 on and before 2200; periods are half-open; money and prices are decimal
numbers as texts; quantities are accelerators.
"""


def document(operations: Sequence[Operation]) -> dict[str, Any]:
    """The whole document."""
    bodies = [operation.body for operation in operations if operation.body is not NoBody]
    answers = [answer for operation in operations if (answer := answer_of(operation)) is not None]
    schemas, components = msgspec.json.schema_components([*bodies, *answers, ProblemView], ref_template=REFERENCE)
    schema_of = dict(zip([*bodies, *answers, ProblemView], schemas, strict=True))
    _say_what_is_always_there(components, [*answers, ProblemView], bodies)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(path_of(operation), {})[operation.method.lower()] = _operation(operation, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {"title": "dibs", "version": __version__, "description": _ABOUT, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "servers": [{"url": "/", "description": "where this document is served"}],
        "security": [{"token": []}],
        "tags": _tags(operations),
        "paths": paths,
        "components": {
            "schemas": dict(sorted(components.items())),
            "responses": {name: _problem(text, schema_of[ProblemView]) for name, text in PROBLEMS.values()},
            "parameters": {
                "DryRun": {
                    "name": "dry_run",
                    "in": "query",
                    "description": "Keep nothing, and say what would have come of it.",
                    "schema": {"type": "boolean", "default": False},
                },
                "IdempotencyKey": {
                    "name": "Idempotency-Key",
                    "in": "header",
                    "description": "What you call this act. Repeated under its key, it is done once; under another act's key it is refused.",
                    "schema": {"type": "string", "maxLength": KEY_MAX, "pattern": "^[!-~]+$"},
                    "example": "2025-03-01-training-17",
                },
                "LastEventId": {
                    "name": "Last-Event-ID",
                    "in": "header",
                    "description": "The id of the last event that came, to go on after it.",
                    "schema": {"type": "string", "maxLength": 400},
                },
            },
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A token that an administrator of your party made; it is shown once."}
            },
        },
    }


def path_of(operation: Operation) -> str:
    """The path as OpenAPI writes it."""
    return re.sub(r"\{(\w+):\w+\}", r"{\1}", operation.path)


def tag_of(operation: Operation) -> str:
    """The subject of an operation: what its module is about."""
    return _about(operation)[0]


def roles_of(operation: Operation) -> str:
    """Who may call it, in words."""
    if operation.side == "nobody":
        return "Anybody, without a token."
    roles = "any role" if operation.roles == frozenset(Role) else " or ".join(f"`{role}`" for role in Role if role in operation.roles)
    return f"Of {'the party that keeps the book' if operation.side == 'house' else 'any party'}: {roles}."


def answer_of(operation: Operation) -> Any:
    """The type of its JSON answer; nothing if it answers with something else."""
    kinds = _alternatives(operation.answer)
    found = [kind for kind in kinds if not (isinstance(kind, type) and issubclass(kind, Response))]
    return found[0] if found else None


def _alternatives(answer: Any) -> tuple[Any, ...]:
    union = isinstance(answer, types.UnionType) or typing.get_origin(answer) is typing.Union
    return typing.get_args(answer) if union else (answer,)


def _operation(operation: Operation, schema_of: dict[Any, Any]) -> dict[str, Any]:
    """One operation."""
    out: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [tag_of(operation)],
        "summary": operation.summary,
        "description": f"{operation.description}\n\n{roles_of(operation)}".strip(),
        "parameters": [*_in_path(operation), *_in_query(operation)],
        "responses": _responses(operation, schema_of),
        "x-roles": [role.value for role in Role if role in operation.roles],
        "x-side": operation.side,
    }
    if operation.side == "nobody":
        out["security"] = []
    if operation.writes:
        out["parameters"] += [{"$ref": "#/components/parameters/DryRun"}, {"$ref": "#/components/parameters/IdempotencyKey"}]
    if "text/event-stream" in operation.media:
        out["parameters"].append({"$ref": "#/components/parameters/LastEventId"})
    if operation.body is not NoBody:
        content: dict[str, Any] = {"schema": schema_of[operation.body]}
        if operation.name in EXAMPLES:
            content["example"] = EXAMPLES[operation.name]
        out["requestBody"] = {"required": True, "content": {JSON: content}}
    return out


def _in_path(operation: Operation) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"\{(\w+)\}", path_of(operation)):
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "minLength": 1},
            "description": _NAMES.get(name, f"Its {name}."),
        }


_NAMES = {
    "id": "Its id.",
    "pair": "The two parties of a statement, as its list shows them.",
    "month": "The month, `YYYY-MM`.",
    "number": "The number of an entry of the book, from 0.",
    "name": "The name of a file, as the run lists it.",
}


def _in_query(operation: Operation) -> Iterator[dict[str, Any]]:
    """The parameters of the address: one each field of the query's type."""
    (reference,), components = msgspec.json.schema_components([operation.query], ref_template=REFERENCE)
    schema = components[reference["$ref"].rpartition("/")[2]]
    about = " ".join(schema.get("description", "").split())
    for name, field in schema["properties"].items():
        yield {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": field, "description": about}


def _responses(operation: Operation, schema_of: dict[Any, Any]) -> dict[str, Any]:
    """What it answers, and what can go wrong."""
    answer = answer_of(operation)
    content: dict[str, Any] = {JSON: {"schema": schema_of[answer]}} if answer is not None else {}
    content |= {media: {"schema": {}} for media in operation.media}
    good = {"description": operation.summary + ": " + ("what came of it." if operation.writes else "the answer."), "content": content or {"*/*": {}}}
    out: dict[str, Any] = {str(operation.status): good}
    if operation.writes and operation.status != 200:
        supposed = "Refused by a clause, done before, or only supposed (`dry_run`): nothing new came to be."
        out["200"] = {"description": supposed, "content": content}
    out |= {str(status): {"$ref": f"#/components/responses/{PROBLEMS[status][0]}"} for status in _problems(operation)}
    return dict(sorted(out.items()))


def _problems(operation: Operation) -> Iterator[int]:
    known = set(PROBLEMS)
    if operation.side == "nobody":
        known -= {401, 403}
    if not operation.writes:
        known -= {409, 415}
    yield from sorted(known)


def _problem(text: str, schema: Any) -> dict[str, Any]:
    return {"description": text, "content": {MEDIA_TYPE: {"schema": schema}}}


def _tags(operations: Iterable[Operation]) -> list[dict[str, str]]:
    known: dict[str, str] = {}
    for operation in operations:
        tag, text = _about(operation)
        known[tag] = text
    return [{"name": tag, "description": text} for tag, text in known.items()]


def _about(operation: Operation) -> tuple[str, str]:
    """What the module of an operation says it is about: the words before the colon, and the sentence."""
    module = sys.modules[operation.run.__module__]
    said = " ".join((module.__doc__ or module.__name__).split("\n\n")[0].split())
    tag, colon, rest = said.partition(": ")
    if not colon:
        return module.__name__.rpartition(".")[2].replace("_", " ").capitalize(), said
    return tag, rest[:1].upper() + rest[1:]


# --- what only an answer says of its members


def _say_what_is_always_there(components: dict[str, Any], answers: Iterable[Any], bodies: Iterable[Any]) -> None:
    """Mark what an answer never leaves out as required, and its instants as instants.  What is also sent keeps its freedom."""
    sent = set(_structs(bodies))
    answered = [kind for kind in _structs(answers) if kind not in sent]
    named = Counter(kind.__name__ for kind in (*answered, *sent))
    for kind in answered:
        component = components.get(kind.__name__)
        if component is None or named[kind.__name__] > 1:
            continue  # told apart by a longer name: its members stay as they are
        info = inspect.type_info(kind)
        assert isinstance(info, inspect.StructType)  # noqa: S101 - only structs were collected
        if not kind.__struct_config__.omit_defaults:
            component["required"] = [field.encode_name for field in info.fields]
        for field in info.fields:
            if any(isinstance(part, inspect.DateTimeType) for part in _parts(field.type)):
                for shape in (component["properties"][field.encode_name], *component["properties"][field.encode_name].get("anyOf", ())):
                    if shape.get("type") == "string":
                        shape["format"] = "date-time"


def _structs(kinds: Iterable[Any]) -> list[type[msgspec.Struct]]:
    """Every struct that these types are made of, each once."""
    found: dict[type[msgspec.Struct], None] = {}
    todo: list[Any] = [inspect.type_info(kind) for kind in kinds]
    while todo:
        for part in _parts(todo.pop()):
            match part:
                case inspect.StructType(cls=cls, fields=fields):
                    if cls not in found:
                        found[cls] = None
                        todo += [field.type for field in fields]
                case inspect.DictType(key_type=key, value_type=value):
                    todo += [key, value]
                case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item) | inspect.SetType(item_type=item):
                    todo.append(item)
                case _:
                    pass
    return list(found)


def _parts(kind: Any) -> Iterator[Any]:
    """A type without its annotations, or each of its alternatives."""
    match kind:
        case inspect.Metadata(type=inner):
            yield from _parts(inner)
        case inspect.UnionType(types=kinds):
            for one in kinds:
                yield from _parts(one)
        case _:
            yield kind
