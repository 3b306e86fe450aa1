"""The databases on which a ledger is tested."""

from __future__ import annotations

import importlib.util
import itertools
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("throw_away_postgres", Path(__file__).with_name("postgres.py"))
postgres = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(postgres)


@pytest.fixture(scope="session")
def postgres_server():
    """The address of a server without the name of a database, or a skip that says why there is none."""
    pytest.importorskip("psycopg", reason="no driver for PostgreSQL is installed")
    if reason := postgres.why_not():
        pytest.skip(reason)
    with postgres.server() as address:
        yield address, itertools.count()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """An empty database on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'money.db'}"
    import sqlalchemy as sa  # noqa: PLC0415

    address, count = request.getfixturevalue("postgres_server")
    name = f"ledger_{next(count)}"
    engine = sa.create_engine(f"{address}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as db:
        db.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return f"{address}/{name}"
