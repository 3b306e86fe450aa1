"""Every grant of worlds made by chance can be proven, and the books of these worlds pass every audit."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from dibs.journal.audit import re_decide, replay, state_digest, verify
from dibs.journal.checkpoint import SigningKey
from dibs.journal.proof import prove, verify_bundle
from dibs.procedure.events import Granted
from dibs.simulate import rig
from dibs.simulate.run import run

VERIFIER = Path(__file__).resolve().parents[2] / "docs/verify/verify.py"


@pytest.fixture(scope="module")
def stand_alone():
    spec = importlib.util.spec_from_file_location("verify", VERIFIER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.check


@pytest.mark.parametrize("number", range(0, 60, 5))
def test_every_grant_of_a_seed_can_be_proven_and_its_book_passes_every_audit(number, stand_alone):
    world = rig.world(number)
    played = run(world.scenario, number, faults=world.faults, judged=False, signer=SigningKey("example.com/world", bytes(32)))
    book = played.store
    book.sign(state_digest(played.state))
    (key,) = book.signers()
    assert verify(book, key).findings == ()
    assert replay(book).findings == ()
    assert re_decide(book).findings == ()
    grants = [event for entry in played.entries for event in entry.events if isinstance(event, Granted)]
    for nth, grant in enumerate(grants):
        bundle = prove(book, grant.grant)
        proven = verify_bundle(bundle, key)
        assert (proven.request, proven.steps[-1].values["quantity"]) == (grant.request, grant.quantity)
        if nth < 3:
            assert [said["type"] for _, _, said in stand_alone(json.loads(bundle), str(key))] == [step.what for step in proven.steps]
