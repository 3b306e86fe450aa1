"""From text to a tree of nodes, each with its place, and nothing guessed.

YAML 1.2 is read as events and no scalar is given a type here: whether `1000` is a number, `no` a word or `2025-01-21` a
day is for the field to say that expects it.  What agreements do not need is refused rather than bounded, because a
reader could not see what it does: anchors and aliases, tags, a second document, keys that are not words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from dibs.errors import Mark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dibs.errors import Findings

TEXT_MAX = 1_000_000
"""Characters in one file (bound is in): a hundred times the largest agreement we know of."""
DEPTH_MAX = 24
"""Levels of nesting (bound is in); the deepest field of an agreement lies at 16."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A word, a number, a sentence: text without a type.  `plain` means that it was written without quotes."""

    text: str
    mark: Mark
    plain: bool = True


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    mark: Mark


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping; keys are words, each once."""

    pairs: tuple[tuple[Scalar, Node], ...]
    mark: Mark

    def get(self, key: str) -> Node | None:
        """The value under `key`, if it is there."""
        return next((value for name, value in self.pairs if name.text == key), None)


@dataclass(frozen=True, slots=True)
class Unread:
    """What was refused here, and has its finding already."""

    mark: Mark


Node: TypeAlias = Scalar | Sequence | Table | Unread

_SYNTAX = (
    (("mapping values are not allowed",), "a second `: ` stands in one line", "put a text that holds `: ` in quotes, or check the indentation"),
    (("end of stream", "stream end"), "a quote or a bracket is still open at the end", "close it"),
    (("cannot start any token",), "a text cannot begin with this character", "put the text in quotes"),
    (("',' or",), "a bracket that was opened before is not closed", "close it, or put a comma between its items"),
    (("block end", "<block mapping"), "this line is not indented like those around it", "give all keys or items of one list the same indentation"),
    (("could not find expected ':'",), "a key stands here without its colon", "write `key: value`"),
)
"""What the YAML scanner says, in the words of somebody who writes an agreement: its words, the fault, the fix."""

STRAY = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff\\ufffd\\ud800-\\udfff]")
"""Control characters, invisible ones that could make a clause read otherwise than it decides, and traces of another encoding."""


def compose(text: str, name: str, findings: Findings) -> Node | None:
    """Read one document.  Returns nothing when it cannot be read at all; the findings say why."""
    if len(text) > TEXT_MAX:
        findings.add(
            "DIB004",
            f"the file has {len(text)} characters, more than the {TEXT_MAX} that are read",
            Mark(name),
            fix="split it, or leave out what is not part of the agreement",
        )
        return None
    before = len(findings.items)
    _check_characters(text, name, findings)
    if len(findings.items) > before:
        return None
    try:
        return _Composer(name, findings).document(YAML(typ="safe", pure=True).parse(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = Mark(name, mark.line + 1, mark.column + 1) if mark else Mark(name)
        problem = " ".join(str(error.problem or error.context or "").split())
        said, fix = next(
            ((said, fix) for words, said, fix in _SYNTAX if any(w in problem for w in words)), (problem, "mend the syntax at this place")
        )
        findings.add("DIB001", f"this is not YAML: {said}", where, fix=fix)
    except YAMLError as error:
        findings.add("DIB001", f"this is not YAML: {' '.join(str(error).split())}", Mark(name), fix="mend the syntax at this place")
    return None


def _check_characters(text: str, name: str, findings: Findings) -> None:
    """Find what makes a file no text, and tabs that would indent, line by line, so that all are reported at once."""
    for number, line in enumerate(text.split("\n"), start=1):
        indent = line[: len(line) - len(line.lstrip(" \t"))]
        if "\t" in indent and line.strip() and not line.strip().startswith("#"):
            findings.add(
                "DIB002", "a tab cannot indent: nobody sees how wide it is", Mark(name, number, indent.index("\t") + 1), fix="indent with spaces"
            )
        stray = STRAY.search(line.removesuffix("\r"), 1 if number == 1 and line.startswith("\ufeff") else 0)
        if stray:
            code = ord(stray[0])
            what = "was not UTF-8" if code == 0xFFFD or 0xD800 <= code < 0xE000 else "cannot be seen"
            findings.add(
                "DIB003",
                f"the character U+{code:04X} does not belong in an agreement: it {what}",
                Mark(name, number, stray.start() + 1),
                fix="save the file as UTF-8 text, or delete the character",
            )


class _Composer:
    """Builds the tree from the events of one document."""

    def __init__(self, name: str, findings: Findings) -> None:
        self._name = name
        self._findings = findings

    def _mark(self, event: object) -> Mark:
        start = event.start_mark  # type: ignore[attr-defined]
        return Mark(self._name, start.line + 1, start.column + 1)

    def document(self, events: Iterator[object]) -> Node | None:
        """The first document; a second one is a finding."""
        root: Node | None = None
        documents = 0
        for event in events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents == 2:
                    self._findings.add("DIB008", "a second document begins here", self._mark(event), fix="keep one agreement in one file")
                    return root
            elif isinstance(event, (ScalarEvent, SequenceStartEvent, MappingStartEvent, AliasEvent)):
                root = self._node(event, events, 1)
        if root is None or (isinstance(root, Scalar) and root.plain and not root.text):
            self._findings.add("DIB009", "the file says nothing", Mark(self._name), fix="begin with `dibs: agreement/1`")
            return None
        return root

    def _node(self, event: object, events: Iterator[object], depth: int) -> Node:
        """The node that `event` begins.  An alias and what is nested too deep are noted and not read."""
        mark = self._mark(event)
        if isinstance(event, AliasEvent):
            self._findings.add(
                "DIB006", f"`*{event.anchor}` repeats another passage", mark, fix="write the passage out: a clause has to be readable where it stands"
            )
            return Unread(mark)
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        if anchor:
            self._findings.add(
                "DIB006", f"`&{anchor}` names a passage to be repeated", mark, fix="delete it, and write the passage out where it is needed"
            )
        if tag:
            self._findings.add("DIB007", f"`{tag}` gives a value a type", mark, fix="delete it: the field says what type its value has")
        if depth > DEPTH_MAX:
            self._findings.add("DIB005", f"this is nested more than {DEPTH_MAX} levels deep", mark, fix="check the indentation and the brackets")
            _skip(event, events)
            return Unread(mark)
        if isinstance(event, ScalarEvent):
            return Scalar(event.value, mark, plain=event.style in {None, ""})
        if isinstance(event, SequenceStartEvent):
            items = []
            while not isinstance(event := next(events), SequenceEndEvent):
                items.append(self._node(event, events, depth + 1))
            return Sequence(tuple(items), mark)
        pairs: dict[str, tuple[Scalar, Node]] = {}
        while not isinstance(event := next(events), MappingEndEvent):
            key = self._node(event, events, depth + 1)
            value = self._node(next(events), events, depth + 1)
            if isinstance(value, Scalar) and value.plain and not value.text:
                value = Scalar("", key.mark)  # nothing has no place of its own
            if isinstance(key, Unread):
                continue
            if not isinstance(key, Scalar):
                self._findings.add("DIB015", "a key has to be one word", key.mark, fix="write `key: value`")
            elif key.text in pairs:
                first = pairs[key.text][0].mark
                self._findings.add(
                    "DIB010", f"`{key.text}` is written twice", key.mark, fix=f"keep one; the first is in line {first.line}", also=first
                )
            else:
                pairs[key.text] = (key, value)
        return Table(tuple(pairs.values()), mark)


def _skip(event: object, events: Iterator[object]) -> None:
    """Read past everything that `event` begins."""
    depth = 0
    while True:
        if isinstance(event, (SequenceStartEvent, MappingStartEvent)):
            depth += 1
        elif isinstance(event, (SequenceEndEvent, MappingEndEvent)):
            depth -= 1
        if depth == 0:
            return
        event = next(events)
