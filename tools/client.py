"""Write the client's types and methods from the service's operations; `--check` says whether they are out of date and changes nothing.

The client shares no code with the service: what it knows of it is what goes over the wire.  Every operation becomes a
method with the fields of its body and its query as arguments, and every type that can come or go a struct without the
service's own limits: the server checks what it is sent.
"""

from __future__ import annotations

import ast
import dataclasses
import enum
import inspect
import re
import subprocess
import sys
import types
import typing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from starlette.responses import Response

from dibs.service.operation import NoBody, NoQuery, Operation
from dibs.service.routes import OPERATIONS
from dibs.service.stream import EventStream

CLIENT = Path(__file__).resolve().parent.parent / "src" / "dibs" / "client"
SAYS_SO = "`tools/client.py` writes this from the service's operations: change those, then `make docs`."
PLAIN = {kind: kind.__name__ for kind in (str, int, bool, float, bytes, Decimal, date, datetime)} | {type(None): "None", Any: "Any"}
NEEDS = "from __future__ import annotations\n\nfrom datetime import date, datetime\nfrom decimal import Decimal\nfrom typing import Any, Literal\n\n"
RESERVED = frozenset({"key", "dry_run"})


class Types:
    """The structs that go over the wire, as text."""

    def __init__(self) -> None:
        """None are known yet."""
        self.known: dict[str, type] = {}
        self.text: dict[str, str] = {}

    def said(self, hint: Any) -> str:
        """A type as it is written in the client."""
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin is typing.Annotated:
            return self.said(arguments[0])
        if isinstance(hint, typing.TypeAliasType if hasattr(typing, "TypeAliasType") else ()):
            return self.said(hint.__value__)
        if isinstance(hint, typing.NewType):
            return self.said(hint.__supertype__)
        if origin in (typing.Union, types.UnionType):
            return " | ".join(dict.fromkeys(self.said(one) for one in arguments))
        if origin is typing.Literal:
            return f"Literal[{', '.join(_said(word) for word in arguments)}]"
        if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
            return f"tuple[{self.said(arguments[0])}, ...]"
        if origin is not None and getattr(origin, "__name__", "") in {"tuple", "dict", "list", "Mapping", "Sequence"}:
            name = {"Mapping": "dict", "Sequence": "tuple"}.get(origin.__name__, origin.__name__)
            return f"{name}[{', '.join(self.said(one) for one in arguments)}]"
        if hint in PLAIN:
            return PLAIN[hint]
        if isinstance(hint, type) and issubclass(hint, enum.Enum):
            return f"Literal[{', '.join(_said(str(one.value)) for one in hint)}]"
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            return self.struct(hint)
        if hint in (dict, list):
            return "dict[str, Any]" if hint is dict else "list[Any]"
        message = f"the client cannot say `{hint}`: teach tools/client.py"
        raise TypeError(message)

    def struct(self, cls: type[msgspec.Struct]) -> str:
        """The name of a struct; its text is kept."""
        name = cls.__name__
        if self.known.setdefault(name, cls) is not cls:
            message = f"two types are called `{name}`: {self.known[name].__module__} and {cls.__module__}; rename one"
            raise TypeError(message)
        if name in self.text:
            return name
        self.text[name] = ""
        hints = typing.get_type_hints(cls, include_extras=True)
        fields = msgspec.structs.fields(cls)
        renamed = {field.name: field.encode_name for field in fields if field.name != field.encode_name}
        options = "frozen=True, kw_only=True, omit_defaults=True" + (f", rename={_said(renamed)}" if renamed else "")
        if isinstance(tag := cls.__struct_config__.tag, str):
            options += f", tag={_said(tag)}"
        lines = [f"class {name}(msgspec.Struct, {options}):", f'    """{_sentence(cls)}"""', ""]
        for field in fields:
            default = ""
            if field.default is not msgspec.NODEFAULT:
                plain = not isinstance(field.default, msgspec.Struct)
                default = f" = {_said(field.default)}" if plain else f" = {type(field.default).__name__}()"
            elif field.default_factory is not msgspec.NODEFAULT:
                default = f" = {_said(field.default_factory())}"
            lines.append(f"    {field.name}: {self.said(hints[field.name])}{default}")
        del self.text[name]  # a default stands after the type that it is of
        self.text[name] = "\n".join(lines) + "\n"
        return name


def _said(value: object) -> str:
    """A value as source."""
    if isinstance(value, enum.Enum):
        value = value.value
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_said(key)}: {_said(one)}" for key, one in value.items()) + "}"
    return repr(value)


def _sentence(thing: object) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())


@dataclasses.dataclass
class Argument:
    """An argument of a method."""

    name: str
    hint: str
    default: str | None


def method(operation: Operation, known: Types) -> str:
    """An operation as a method of the client."""
    inside = re.findall(r"\{(\w+)(:path)?\}", operation.path)
    path = re.sub(r"\{(\w+)(:path)?\}", lambda found: f"{{part({found[1]}{', slashes=True' if found[2] else ''})}}", operation.path)
    positional = [f"{name}: {'int' if name == 'number' else 'str'}" for name, _ in inside]
    arguments: list[Argument] = []
    taken = {name for name, _ in inside} | RESERVED
    values = [f'method="{operation.method}"', f'path={"f" if inside else ""}"{path}"']
    files, answers = _answers(operation.answer)
    answer = " | ".join(known.said(one) for one in answers)
    values.append(f"answer={answer or 'None'}")
    if files:
        values.append("file=True")
    if operation.body is not NoBody:
        body = operation.body
        if isinstance(body, type) and issubclass(body, msgspec.Struct):
            name = known.struct(body)
            hints = typing.get_type_hints(body, include_extras=True)
            given = []
            for field in msgspec.structs.fields(body):
                if field.name in taken:
                    message = f"`{operation.name}` has two arguments called `{field.name}`"
                    raise TypeError(message)
                taken.add(field.name)
                arguments.append(Argument(field.name, known.said(hints[field.name]), _default(field)))
                given.append(f"{field.name}={field.name}")
            values.append(f"body={name}({', '.join(given)})")
        else:
            arguments.append(Argument("body", known.said(body), None))
            values.append("body=body")
    if operation.query is not NoQuery:
        hints = typing.get_type_hints(operation.query, include_extras=True)
        given = []
        for field in msgspec.structs.fields(operation.query):
            if field.name in taken:
                message = f"`{operation.name}` has two arguments called `{field.name}`"
                raise TypeError(message)
            hint = known.said(hints[field.name])
            needed = field.required
            arguments.append(Argument(field.name, hint if needed or hint.endswith("None") else f"{hint} | None", None if needed else "None"))
            given.append(f'"{field.encode_name}": {field.name}')
        values.append(f"query={{{', '.join(given)}}}")
    if operation.writes:
        arguments += [Argument("key", "str", '""'), Argument("dry_run", "bool", "False")]
        values += ["key=key", "dry_run=dry_run"]
    arguments.sort(key=lambda argument: argument.default is not None)
    named = [f"{one.name}: {one.hint}" + (f" = {one.default}" if one.default is not None else "") for one in arguments]
    signature = ", ".join(["self", *positional, *(["/"] if positional else []), *(["*", *named] if named else [])])
    gives = " | ".join([*([answer] if answer else []), *(["File"] if files else [])])
    says = [f"{operation.summary}.", *_paragraph(operation.description)]
    return (
        f"    @operation\n    def {operation.name}({signature}) -> Ask[{gives}]:\n"
        f'        """{says[0]}' + ("\n\n" + "\n".join(f"        {line}".rstrip() for line in says[1:]) + "\n        " if says[1:] else "") + '"""\n'
        f"        return Ask({', '.join(values)})\n"
    )


def _paragraph(text: str) -> list[str]:
    """A docstring's lines without their indent."""
    return inspect.cleandoc(text).splitlines() if text else []


def _default(field: Any) -> str | None:
    """What an argument is if it is left out."""
    if field.required:
        return None
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    return f"{type(value).__name__}()" if isinstance(value, msgspec.Struct) else _said(value)


def _answers(hint: Any) -> tuple[bool, list[Any]]:
    """Whether a file may come, and which types else."""
    parts = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
    files = [one for one in parts if isinstance(one, type) and issubclass(one, Response)]
    return bool(files), [one for one in parts if one not in files]


def streams(operation: Operation) -> bool:
    """Whether it goes on for ever: `watch` reads it."""
    return isinstance(operation.answer, type) and issubclass(operation.answer, EventStream)


def write() -> dict[str, str]:
    """Both files, as text."""
    known = Types()
    methods = [method(operation, known) for operation in OPERATIONS if not streams(operation)]
    body = "\n".join(methods)
    used = sorted(name for name in known.text if re.search(rf"\b{name}\b", body))
    wire = f'"""What goes over the wire.\n\n{SAYS_SO}\n"""\n\n{NEEDS}import msgspec\n\n\n' + "\n\n".join(known.text.values())
    operations = (
        f'"""Every operation of the service, as a method of both clients.\n\n{SAYS_SO}\n"""\n\n{NEEDS}'
        "from dibs.client.ask import Ask, operation, part\nfrom dibs.client.talk import File\n"
        f"from dibs.client.wire import {', '.join(used)}\n\n\n"
        'class Operations:\n    """What a server can be asked to do.  A write takes a `key` of your own, if you have one, and `dry_run`."""\n\n'
        + body
    )
    return {"wire.py": _unused(wire), "operations.py": _unused(operations)}


def _unused(text: str) -> str:
    """A text without imports of names that it does not need."""
    head, _, body = text.partition("\n\n\n")
    lines = []
    for line in head.splitlines():
        found = re.fullmatch(r"from (\S+) import (.+)", line)
        if found and found[1] != "__future__":
            names = [name for name in found[2].split(", ") if re.search(rf"\b{name}\b", body)]
            if names:
                lines.append(f"from {found[1]} import {', '.join(names)}")
        else:
            lines.append(line)
    return "\n".join(lines) + "\n\n\n" + body


def main() -> int:
    """Write what differs, or only say so."""
    made = write()
    stale = []
    for name, text in made.items():
        file = CLIENT / name
        if not file.exists() or ast.dump(ast.parse(file.read_text())) != ast.dump(ast.parse(text)):
            stale.append(name)
            if "--check" not in sys.argv:
                file.write_text(text)
                subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", str(file)], check=True)
                print(f"wrote {file.name}")
    if stale and "--check" in sys.argv:
        print(f"out of date: {', '.join(stale)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
