"""Speaks to a dibs server: `Client` for scripts, `AsyncClient` for programs that do many things at once.

`wire` and `operations` are written from the service's own table of operations by `tools/client.py`; the rest is by hand.
"""

from __future__ import annotations

from dibs.client.client import AsyncClient, Client
from dibs.client.problem import Problem
from dibs.client.talk import File, Retries

__all__ = ["AsyncClient", "Client", "File", "Problem", "Retries"]
