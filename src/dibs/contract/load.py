"""Text to agreement, or every finding at once.

Takes text, not a path: where a text comes from is the caller's business.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from types import MappingProxyType

from dibs.contract import check, model
from dibs.contract.nodes import Scalar, Table, compose
from dibs.contract.reader import Reader, like
from dibs.errors import BadInput, Findings, Mark

FORMAT = "agreement/1"
"""What the first key of an agreement's file says."""
CLAUSES_MAX = 500
"""Clauses in one file, those of amendments included (bound is in)."""

_OTHER_FORMATS = ("scenario/1", "suppliers/1", "programme/1")


def parse(text: str, name: str) -> tuple[model.Agreement | None, Findings]:
    """Read an agreement.  Without an agreement, or with `findings.errors`, the text is not to be used; warnings may come with one."""
    findings = Findings()
    root = compose(text, name, findings)
    if root is None:
        return None, findings
    if not isinstance(root, Table):
        findings.add("DIB015", "an agreement is a mapping of keys to values", root.mark, fix="begin with `dibs: agreement/1`")
        return None, findings
    if not _header(root, findings):
        return None, findings
    reader = Reader(findings)
    agreement = reader.record(root, model.Agreement, (), also_known=("dibs",))
    agreement = dataclasses.replace(agreement, text=text, digest=hashlib.sha256(text.encode()).hexdigest(), places=MappingProxyType(reader.places))
    _limit(agreement, root.mark, findings)
    findings.items.extend(check.check(agreement, broken=frozenset(reader.broken), lost=frozenset(reader.lost)))
    findings.items.sort(key=lambda f: (f.where, f.code))
    return (None if findings.errors else agreement), findings


def load(text: str, name: str) -> model.Agreement:
    """Read an agreement.  Raises `BadInput` with every finding when it cannot be used; warnings are left to `parse`."""
    agreement, findings = parse(text, name)
    findings.raise_if_any()
    if agreement is None:  # pragma: no cover - a text without agreement has a finding
        raise BadInput(findings.items)
    return agreement


def _header(root: Table, findings: Findings) -> bool:
    """Whether the file says that it is an agreement of this version."""
    header = root.get("dibs")
    if header is None:
        findings.add(
            "DIB011", "the file does not say what it is", Mark(root.mark.file, root.mark.line, root.mark.column), fix=f"begin with `dibs: {FORMAT}`"
        )
        return False
    text = header.text.strip() if isinstance(header, Scalar) else ""
    if text == FORMAT:
        return True
    version = re.match(r"^agreement/(.*)$", text)
    if version:
        findings.add(
            "DIB012", f"version `{version[1]}` of the agreement format is unknown", header.mark, fix=f"write `dibs: {FORMAT}`, or use a newer dibs"
        )
        return False
    what = f"a `{text.split('/')[0]}` file" if text in _OTHER_FORMATS else "no agreement"
    findings.add(
        "DIB011",
        f"`{text}` is {what}{like(text, [FORMAT])}",
        header.mark,
        fix=f"write `dibs: {FORMAT}`, or give the file to the command that takes it",
    )
    return False


def _limit(agreement: model.Agreement, where: Mark, findings: Findings) -> None:
    count = len(agreement.clauses) + sum(len(a.adds) + len(a.replaces) for a in agreement.amendments)
    if count > CLAUSES_MAX:
        findings.add("DIB004", f"the agreement has {count} clauses, more than {CLAUSES_MAX}", where, fix="split it into several agreements")
