"""A proof shows how one grant came about, to somebody who has nothing but it and a key; and nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from dibs.broker import Broker
from dibs.errors import BadInput
from dibs.journal.checkpoint import SigningKey
from dibs.journal.proof import prove, verify_bundle
from dibs.procedure.commands import ProposeGrant
from dibs.procedure.events import Granted
from dibs.store.memory import MemoryStore
from dibs.testing.acts import ANSWERS, BEGIN, life, opening

ROOT = Path(__file__).resolve().parents[3]
VERIFIERS = {
    "python": [sys.executable, "-I", ROOT / "docs/verify/verify.py"],
    "node": [shutil.which("node") or "node", ROOT / "docs/verify/verify.mjs"],
}


@pytest.fixture(scope="module")
def grants(book):
    """Grant -> how the holder had answered."""
    names = [e.grant for entry in book.entries() for e in entry.events if isinstance(e, Granted)]
    nth = {name: int(name.split("-")[-1].split("/")[0]) if name.startswith("g-") else None for name in names}
    return {name: ANSWERS[n % 5] for name, n in nth.items() if n is not None}


def shown(proven):
    return [step.what for step in proven.steps]


@pytest.mark.statement("R30")
def test_a_proof_tells_who_was_asked_when_what_they_said_and_what_was_granted(book, key, agreement):
    proven = verify_bundle(prove(book, "g-000000"), key.public)
    assert shown(proven) == [
        "SubmitRequest",
        "RequestSubmitted",
        "RequestHeld",
        "ServeNotice",
        "OfferServed",
        "Respond",
        "RightDeclined",
        "MarketOpened",
        "ProposeGrant",
        "Granted",
    ]
    assert (proven.request, proven.digest, proven.version) == ("r-000000", agreement.agreement.digest, "first-call")
    assert (proven.origin, proven.size) == ("example.com/harbour", book.size)
    assert proven.served_at == proven.steps[4].at == BEGIN + 86_400 + 60
    assert proven.answer.what == "RightDeclined"
    assert list(proven.sentences())[4] == "entry 4, 2025-03-02T00:01:00Z: OfferServed offer o-000000, holder borealis"


def test_every_grant_of_a_book_can_be_proven(book, key):
    names = [e.grant for entry in book.entries() for e in entry.events if isinstance(e, Granted)]
    assert len(names) == 12
    answers = set()
    for name in names:
        proven = verify_bundle(prove(book, name), key.public)
        assert (proven.grant, proven.steps[-1].what) == (name, "Granted")
        answers.add(proven.answer.what)
    assert answers == {"RightDeclined", "RightExercised", "RightLapsed", "RightWaived"}


def test_a_proof_shows_no_price_unless_it_is_asked_to(book, key):
    for secret, names in ((b"2.10", ("price",)), (b"monthly in arrears", ("payment",)), (b"0.999", ("service_level",)), (b"2.75", ("price_max",))):
        assert secret not in prove(book, "g-000000")
        asked = prove(book, "g-000000", disclose=names)
        assert secret in asked
        others = {b"2.10", b"monthly in arrears", b"0.999", b"2.75"} - {secret}
        assert not any(other in asked for other in others)
        verify_bundle(asked, key.public)
    proven = verify_bundle(prove(book, "g-000000", disclose=("all",)), key.public)
    assert proven.steps[4].values["terms"]["price"] == "2.10"
    assert "hidden" not in json.dumps([step.values for step in proven.steps])


def test_a_proof_tells_nothing_of_another_need(agreement, key):
    """Two needs at once: what falls due for one while the other is heard stands in the same entry, and is not shown."""
    store = MemoryStore(signer=key)
    broker = Broker(store, agreement)
    broker.adopt(agreement, by="aster", at=BEGIN)
    for act in life(4):
        broker.submit(act.command, at=act.at, key=act.key)
    broker.close()
    mixed = [entry for entry in store.entries() if len({getattr(e, "request", getattr(e, "grant", "")) for e in entry.events} - {""}) > 1]
    assert mixed
    for nth in (0, 1, 3):
        bundle = prove(store, f"g-{nth:06}", disclose=("all",))
        for other in {0, 1, 2, 3} - {nth}:
            assert f"-{other:06}".encode() not in bundle
        verify_bundle(bundle, key.public)


def test_a_grant_that_nobody_had_to_be_asked_for_is_proven_too(agreement, key):
    store = MemoryStore(signer=key)
    broker = Broker(store, agreement)
    broker.adopt(agreement, by="aster", at=BEGIN)
    acts = [*opening(), *life(1)]
    request = next(act.command for act in acts if hasattr(act.command, "request") and not isinstance(act.command.request, str))
    terms = next(act.command.terms for act in acts if isinstance(act.command, ProposeGrant))
    for act in opening():
        broker.submit(act.command, at=BEGIN)
    broker.submit(msgspec.structs.replace(request, request=msgspec.structs.replace(request.request, quantity=200)), at=BEGIN + 1)
    broker.submit(
        ProposeGrant(
            by="aster",
            grant="small",
            request=request.request.id,
            host="cinder-west",
            quantity=200,
            terms=msgspec.structs.replace(terms, quantity=200),
        ),
        at=BEGIN + 2,
    )
    broker.close()
    proven = verify_bundle(prove(store, "small"), key.public)
    assert (proven.served_at, proven.answer) == (None, None)
    assert shown(proven) == ["SubmitRequest", "RequestSubmitted", "ProposeGrant", "Granted"]


@pytest.mark.parametrize(("grant", "disclose", "says"), [("nobody", (), "no grant `nobody`"), ("g-000000", ("prices",), "`prices` is not a value")])
def test_what_is_not_there_cannot_be_proven(book, grant, disclose, says):
    with pytest.raises(BadInput, match=f"DIB165.*{says}"):
        prove(book, grant, disclose=disclose)


def test_an_unsigned_grant_cannot_be_proven(agreement):
    store = MemoryStore()
    broker = Broker(store, agreement)
    broker.adopt(agreement, by="aster", at=BEGIN)
    for act in life(1):
        broker.submit(act.command, at=act.at, key=act.key)
    with pytest.raises(BadInput, match=r"DIB165.*no signed head"):
        prove(store, "g-000000")


def test_a_stranger_is_not_believed(book):
    stranger = SigningKey("example.com/harbour", bytes(32))
    with pytest.raises(BadInput, match=r"DIB166.*did not sign"):
        verify_bundle(prove(book, "g-000000"), stranger.public)


def test_a_proof_of_one_grant_is_no_proof_of_another(book, key):
    bundle = json.loads(prove(book, "g-000000"))
    bundle["grant"] = "g-000003"
    with pytest.raises(BadInput, match="does not end with the grant"):
        verify_bundle(json.dumps(bundle).encode(), key.public)


@pytest.mark.parametrize("leave_out", ["MarketOpened", "OfferServed"])
def test_a_proof_that_leaves_out_what_set_the_need_free_does_not_hold(book, key, leave_out):
    bundle = json.loads(prove(book, "g-000000"))
    for entry in bundle["entries"]:
        entry["shown"] = [item for item in entry["shown"] if f'"type":"{leave_out}"' not in item["text"]]
    with pytest.raises(BadInput, match="DIB166"):
        verify_bundle(json.dumps(bundle).encode(), key.public)


def test_a_proof_with_something_of_another_need_does_not_hold(book, key):
    bundle, other = json.loads(prove(book, "g-000000")), json.loads(prove(book, "g-000003"))
    bundle["entries"] = sorted(bundle["entries"] + other["entries"], key=lambda entry: json.loads(entry["leaf"])["seq"])
    with pytest.raises(BadInput, match=r"speaks of another need|does not end"):
        verify_bundle(json.dumps(bundle).encode(), key.public)


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b"null", b"\xff", b'{"dibs":"proof/2"}', b"x" * 1000])
def test_what_is_no_proof_is_said_to_be_none(key, text):
    with pytest.raises(BadInput, match="DIB166"):
        verify_bundle(text, key.public)


@pytest.fixture(params=list(VERIFIERS))
def verifier(request, tmp_path, key):
    """Run a stand-alone verifier on a bundle."""
    command = VERIFIERS[request.param]
    if not Path(command[0]).exists():
        pytest.skip(f"there is no {request.param}")

    def run(bundle, public=None):
        file = tmp_path / "proof.json"
        file.write_bytes(bundle)
        return subprocess.run([*command, file, str(public or key.public)], capture_output=True, text=True, check=False)

    return run


def test_a_verifier_that_knows_nothing_of_dibs_agrees(book, key, verifier):
    for name in ("g-000000", "g-000001", "g-000003", "g-000004"):
        done = verifier(prove(book, name, disclose=("price",)))
        assert (done.returncode, done.stderr) == (0, "")
        proven = verify_bundle(prove(book, name), key.public)
        assert f"grant {name} holds" in done.stdout
        assert proven.digest in done.stdout
        assert [line.split()[2] for line in done.stdout.splitlines() if line.startswith("entry")] == shown(proven)


def test_a_verifier_that_knows_nothing_of_dibs_believes_no_stranger(book, verifier):
    done = verifier(prove(book, "g-000000"), SigningKey("example.com/harbour", bytes(32)).public)
    assert done.returncode == 1
    assert "does not hold" in done.stderr


def test_the_agreement_in_a_proof_is_the_text_itself(book, agreement):
    bundle = json.loads(prove(book, "g-000000"))
    assert [sha256(text.encode()).hexdigest() for text in bundle["agreements"]] == [agreement.agreement.digest]


@pytest.mark.parametrize("name", ["verify.py", "verify.mjs"])
def test_a_verifier_can_be_read_in_one_sitting(name):
    lines = [line for line in (ROOT / "docs/verify" / name).read_text().splitlines() if line.strip()]
    assert len(lines) < 115
