"""Whole-document checks: what no single line shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dibs.contract.model import Agreement
    from dibs.contract.reader import Path
    from dibs.errors import Finding


def check(agreement: Agreement, *, broken: frozenset[Path] = frozenset()) -> list[Finding]:
    """Every finding about an agreement as a whole, in the order of the file."""
    del agreement, broken
    return []
