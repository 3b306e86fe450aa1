"""Whatever is changed in a proof: it no longer holds, or it shows less of the same and nothing else."""

from __future__ import annotations

import copy
import importlib.util
import json
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dibs.broker import Broker
from dibs.contract.load import load
from dibs.decisions.compile import compile_agreement
from dibs.errors import BadInput
from dibs.journal.checkpoint import SigningKey
from dibs.journal.proof import prove, verify_bundle
from dibs.store.memory import MemoryStore
from dibs.testing.acts import ANSWERS, BEGIN, life

ROOT = Path(__file__).resolve().parents[3]
KEY = SigningKey("example.com/harbour", bytes(32))
GRANTS = ("g-000000", "g-000001", "g-000003", "g-000004", "o-000002@borealis-east")


@cache
def book():
    agreement = compile_agreement(load((ROOT / "examples/harbour/agreement.yaml").read_text(), "agreement.yaml"))
    store = MemoryStore(signer=KEY)
    broker = Broker(store, agreement)
    broker.adopt(agreement, by="aster", at=BEGIN)
    for act in life(len(ANSWERS)):
        broker.submit(act.command, at=act.at, key=act.key)
    broker.close()
    return store


@cache
def bundle(grant):
    return prove(book(), grant, disclose=("price",)).decode()


@cache
def verifier():
    """The stand-alone verifier as a module."""
    spec = importlib.util.spec_from_file_location("verify", ROOT / "docs/verify/verify.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def untouched(grant):
    """What the stand-alone verifier and dibs say of a proof that nobody touched."""
    return verifier().check(json.loads(bundle(grant)), str(KEY.public)), verify_bundle(bundle(grant).encode(), KEY.public)


def places(value, path=()):
    """Every place in a document."""
    yield path
    if isinstance(value, dict):
        for name, part in value.items():
            yield from places(part, (*path, name))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from places(part, (*path, index))


def at(document, path):
    for step in path:
        document = document[step]
    return document


@st.composite
def tampered(draw):
    """A proof in which one thing was changed, and whether that was an edit of a text."""
    grant = draw(st.sampled_from(GRANTS))
    document = json.loads(bundle(grant))
    path = draw(st.sampled_from([place for place in places(document) if place]))
    parent, name, value = at(document, path[:-1]), path[-1], at(document, path)
    how = draw(st.sampled_from(["change", "drop", "double", "move", "add"]))
    if how == "drop":
        del parent[name]
    elif how == "double" and isinstance(parent, list):
        parent.insert(name, copy.deepcopy(value))
    elif how == "move" and isinstance(parent, list) and len(parent) > 1:
        other = draw(st.integers(0, len(parent) - 1).filter(lambda n: n != name))
        parent[name], parent[other] = parent[other], parent[name]
    elif how == "add" and isinstance(value, dict):
        value["more"] = draw(st.sampled_from(["", 0, None]))
    elif isinstance(value, str):
        place = draw(st.integers(0, len(value)))
        edit = draw(st.sampled_from(["insert", "delete", "replace"]))
        character = draw(st.sampled_from("0aA+ \n\"'{}[]\N{EM DASH}"))
        parent[name] = value[:place] + (character if edit != "delete" else "") + value[place + (edit != "insert") :]
        return grant, document, parent[name] != value
    else:
        parent[name] = draw(st.sampled_from([None, 7, "x", []]))
    return grant, document, False


def part_of(values, whole):
    """Whether these are the same values, save that some are hidden."""
    if isinstance(values, dict) and set(values) == {"hidden"}:
        return True
    if isinstance(values, dict) and isinstance(whole, dict):
        return values.keys() == whole.keys() and all(part_of(values[name], whole[name]) for name in values)
    if isinstance(values, list) and isinstance(whole, list):
        return len(values) == len(whole) and all(map(part_of, values, whole))
    return values == whole


@settings(max_examples=300, deadline=None)
@given(tampered())
def test_a_proof_that_was_tampered_with_does_not_hold(change):
    grant, document, edited = change
    try:
        proven = verify_bundle(json.dumps(document).encode(), KEY.public)
    except BadInput as error:
        codes = {finding.code for finding in error.findings}
    else:
        codes = set()
    if codes:
        assert codes == {"DIB166"}
        return
    assert not edited, f"held: {document}"
    _, original = untouched(grant)
    assert (proven.grant, proven.request, proven.digest, proven.origin, proven.size) == (
        grant,
        original.request,
        original.digest,
        original.origin,
        original.size,
    )
    steps = iter(original.steps)
    assert all(any((step.seq, step.what) == (o.seq, o.what) and part_of(step.values, o.values) for o in steps) for step in proven.steps)


@settings(max_examples=80, deadline=None)
@given(tampered())
def test_the_stand_alone_verifier_is_not_taken_in_either(change):
    grant, document, edited = change
    original, _ = untouched(grant)
    try:
        steps = verifier().check(document, str(KEY.public))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return
    assert not edited or steps == original, "another way of writing the same digest is no other digest"
    rest = iter(original)
    assert all(any(step[:2] == o[:2] and part_of(step[2], o[2]) for o in rest) for step in steps)


@settings(max_examples=12, deadline=None)
@given(tampered())
@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node")
def test_both_stand_alone_verifiers_say_the_same(tmp_path_factory, change):
    _, document, _ = change
    file = tmp_path_factory.mktemp("proof") / "proof.json"
    file.write_text(json.dumps(document))
    try:
        verifier().check(document, str(KEY.public))
        holds = True
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        holds = False
    done = subprocess.run(["node", ROOT / "docs/verify/verify.mjs", file, str(KEY.public)], capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is holds, done.stdout + done.stderr
