"""The databases on which a ledger is tested."""

from __future__ import annotations

import pytest


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """An empty database on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'money.db'}"
    return request.getfixturevalue("postgres_url").replace("postgresql:", "postgresql+psycopg:")
