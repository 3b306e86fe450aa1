"""Settle a run: every entry and every row, from what was agreed and what happened.

    settle(materials, recorded=None) -> Settlement          # raises BadInput with every finding (DIB200-219); nothing is returned then

Materials come from the texts of a run folder: `dibs.settle.materials.read(agreement=, journal=, build=, run=)`.
"""

from __future__ import annotations

from dibs.settle.rows import Settlement

__all__ = ["Settlement"]
