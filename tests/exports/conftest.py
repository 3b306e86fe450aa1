"""The book that every export is made of, and the tools of others that judge it."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("exported_books", Path(__file__).with_name("books.py"))
_books = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_books)


@pytest.fixture
def book():
    return _books.book()


@pytest.fixture
def contract():
    return _books.contract()


@pytest.fixture
def books():
    return _books


def tool(variable, command):
    """The words that call somebody else's tool: from the environment, else from the path; a skip that says so where there is none."""
    named = os.environ.get(variable)
    found = shlex.split(named) if named else [shutil.which(command)] if shutil.which(command) else []
    if not found:
        pytest.skip(f"{command} is not installed: put it on the path, or name it in {variable}")
    return found


@pytest.fixture
def focus_validator():
    """The validator of the FinOps Foundation (needs Python 3.12, so it lives outside our environment)."""
    return tool("DIBS_FOCUS_VALIDATOR", "focus-validator")


@pytest.fixture
def focus_toolkit():
    """The lint for FOCUS 1.4."""
    return tool("DIBS_FOCUS_TOOLKIT", "focus-toolkit")
