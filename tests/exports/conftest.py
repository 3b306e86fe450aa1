"""The book that every export is made of, and the tools of others that judge it."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SUPPORTED = (
    "ACCOUNT_NAMING_SUPPORTED",
    "CAPACITY_RESERVATION_SUPPORTED",
    "COMMITMENT_DISCOUNT_SUPPORTED",
    "MULTIPLE_PRICING_CATEGORIES_SUPPORTED",
    "NEGOTIATED_PRICING_SUPPORTED",
    "USAGE_MEASUREMENT_SUPPORTED",
    "UNIT_PRICING_SUPPORTED",
    "BILLING_BASED_ON_PROVISIONED_RESOURCES_SUPPORTED",
    "RESOURCE_TYPE_ASSIGNMENT_SUPPORTED",
    "REGION_SUPPORTED",
    "TAGGING_SUPPORTED",
    "MULTIPLE_BILLING_ACCOUNT_TYPES_SUPPORTED",
)
"""What our exports have, in the validator's words: rules about anything else it skips."""
ON_EVERY_ROW = "the rule is told without its condition, so every row has to be null, or none"
CONDITION_UNREAD = "its condition is a bare `AND` without a check function, which the validator drops; so every row is asked"
CONDITION_WRONG = "its condition asks for rows without an id where its text means rows with one"
MISFIRES = {
    "InvoiceId-C-004-C": ON_EVERY_ROW,
    "InvoiceId-C-005-C": ON_EVERY_ROW,
    "CapacityReservationStatus-C-003-C": CONDITION_UNREAD,
    "CapacityReservationStatus-C-004-C": CONDITION_UNREAD,
    "CommitmentDiscountStatus-C-004-C": CONDITION_WRONG,
}
"""Rules of version 2.2.1 (model 1.2.0.1) that fail on rows which keep them, and why."""

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
    """The words that call somebody else's tool: from the environment, else where `make judges` puts it, else from the path; a skip that says so."""
    named = os.environ.get(variable)
    if named:
        return shlex.split(named)
    made = ROOT / ".judges" / command / "bin" / command
    found = str(made) if made.is_file() else shutil.which(command)
    if found is None:
        pytest.skip(f"{command} is not installed: `make judges` does it, where Python 3.12 and a network are to be had; or name it in {variable}")
    return [found]


@pytest.fixture(scope="session")
def focus_validator(tmp_path_factory):
    """The validator of the FinOps Foundation: asked about a file of Cost and Usage 1.2, it names the rules that the file breaks."""
    command = tool("DIBS_FOCUS_VALIDATOR", "focus-validator")
    # It looks for one of its own tables relative to where it runs.
    own = next(Path(command[0]).resolve().parents[1].glob("lib/python*/site-packages/focus_validator"), None)

    def validate(file):
        folder = tmp_path_factory.mktemp("validator")
        if own is not None:
            (folder / "focus_validator").symlink_to(own)
        report = folder / "report.xml"
        words = ["--data-file", str(file), "--validate-version", "1.2", "--block-download", "--focus-dataset", "CostAndUsage"]
        words += ["--applicability-criteria", ",".join(SUPPORTED), "--output-type", "unittest", "--output-destination", str(report)]
        done = subprocess.run([*command, *words], cwd=folder, capture_output=True, text=True, check=False, timeout=240)
        # It ends with 0 either way, so its report is read.
        assert report.is_file(), done.stdout + done.stderr
        cases = list(ET.parse(report).getroot().iter("testcase"))  # noqa: S314 - our own validator wrote it
        assert sum(not list(case) for case in cases) > 200, "rules that passed"
        names = [case.attrib["name"] for case in cases if {child.tag for child in case} & {"failure", "error"}]
        return {name.partition(" ::")[0] for name in names if not name.endswith(":: Composite")}

    return validate


@pytest.fixture(scope="session")
def misfires():
    """Rules that the validator misreads, and how."""
    return MISFIRES


@pytest.fixture(scope="session")
def focus_toolkit():
    """The lint for FOCUS 1.4: asked about a file and its data set, it gives what it ended with and said."""
    command = tool("DIBS_FOCUS_TOOLKIT", "focus-toolkit")

    def lint(file, dataset):
        return subprocess.run([*command, "validate", "--dataset", dataset, str(file)], capture_output=True, text=True, check=False, timeout=120)

    return lint
