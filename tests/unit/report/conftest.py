from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType


@pytest.fixture(scope="session")
def maker() -> ModuleType:
    """`make_run.py` beside this file, which is no package."""
    spec = importlib.util.spec_from_file_location("make_run", Path(__file__).with_name("make_run.py"))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def run_dir(maker: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole run folder; read only."""
    return maker.make_run(tmp_path_factory.mktemp("run"))
