"""Audits of a book from the command line: what is fine, what was altered, and a proof for an outsider."""

import json
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from dibs.broker import Broker
from dibs.contract.load import load
from dibs.contract.terms import CapacityRequest, Terms
from dibs.decisions.compile import compile_agreement
from dibs.journal.checkpoint import SigningKey
from dibs.procedure.commands import DeclareCapacity, ProposeGrant, Respond, ServeNotice, SubmitRequest
from dibs.quantities import DAY, parse_instant
from dibs.store.folder import write_folder
from dibs.store.memory import MemoryStore
from dibs.store.sqlite import SqliteStore
from dibs.testing import books

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "examples/harbour/agreement.yaml").read_text()
SIGNER = SigningKey("example.com/harbour", bytes(range(32)))
DAY_ONE = parse_instant("2025-03-01")


def act(store) -> None:
    """One need: offered to the holder, declined, and granted elsewhere."""
    broker = Broker(store)
    broker.adopt(compile_agreement(load(TEXT, "agreement.yaml")), by="aster", at=DAY_ONE)
    need = CapacityRequest(
        id="r1",
        party="aster",
        workload_class="training",
        sku="h100",
        quantity=2000,
        start_earliest=DAY_ONE + 60 * DAY,
        start_latest=DAY_ONE + 120 * DAY,
        months=12,
    )
    terms = Terms(
        sku="h100",
        quantity=2000,
        starts=need.start_earliest,
        ends=need.start_earliest + 365 * DAY,
        regions=("us-west",),
        classes=("training",),
        price=Decimal("2.10"),
        payment="monthly",
        take_or_pay=Decimal("0.5"),
        service_level=Decimal("0.99"),
        delivery_tolerance=0,
        address="desk",
    )
    broker.submit(DeclareCapacity(by="cinder", host="cinder-west", sku="h100", steps=((DAY_ONE, 5000),), price=Decimal("2.00")), at=DAY_ONE)
    broker.submit(SubmitRequest(by="aster", request=need), at=DAY_ONE + 1)
    broker.submit(ServeNotice(by="aster", offer="o1", request="r1", terms=terms), at=DAY_ONE + 2)
    broker.submit(Respond(by="borealis", offer="o1", quantity=0, reason="no_capacity"), at=DAY_ONE + 9 * DAY)
    broker.submit(ProposeGrant(by="aster", grant="g1", request="r1", host="cinder-west", quantity=2000, terms=terms), at=DAY_ONE + 10 * DAY)
    assert "g1" in broker.state.grants
    broker.close()


@pytest.fixture
def folder(desk):
    """A signed book as a folder, `book`."""
    store = MemoryStore(signer=SIGNER)
    act(store)
    (desk / "book").mkdir()
    write_folder(store, desk / "book")
    return desk / "book"


def alter(folder: Path, old: bytes, new: bytes) -> None:
    path = folder / "journal.jsonl"
    assert path.read_bytes().count(old)
    path.write_bytes(path.read_bytes().replace(old, new, 1))


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("book", ["book", "book/journal.jsonl"])
def test_a_book_as_it_was_written_is_fine_in_every_audit(book, document):
    verified = document("audit", "verify", book, "--key", str(SIGNER.public))
    assert (verified["entries"], verified["signed"], verified["findings"]) == (6, 6, [])
    assert len(verified["root"]) == 64
    replayed = document("audit", "replay", book)
    assert (replayed["grants"], replayed["requests"], replayed["offers"]) == (["g1"], 1, 1)
    assert replayed["state"] == replayed["signed"]
    assert document("audit", "re-decide", book) == {"entries": 6, "first": None, "findings": []}


def test_a_book_in_one_file_is_audited_alike(desk, document):
    store = SqliteStore(desk / "book.db", signer=SIGNER)
    act(store)
    assert document("audit", "verify", "book.db", "--key", str(SIGNER.public))["findings"] == []
    assert document("audit", "replay", "book.db")["grants"] == ["g1"]
    assert document("audit", "re-decide", "book.db")["first"] is None


def test_a_book_in_postgresql_is_audited_and_proven_alike(postgres_url, document):
    from dibs.store.postgres import PostgresStore  # noqa: PLC0415 - its driver may not be installed

    for name, address in (("main", postgres_url), ("desk", f"{postgres_url}?book=desk")):
        act(PostgresStore(postgres_url, name, signer=SIGNER))
        verified = document("audit", "verify", address, "--key", str(SIGNER.public))
        assert (verified["entries"], verified["signed"], verified["findings"]) == (6, 6, [])
        replayed = document("audit", "replay", address)
        assert (replayed["grants"], replayed["state"]) == (["g1"], replayed["signed"])
        assert document("audit", "re-decide", address) == {"entries": 6, "first": None, "findings": []}
        document("audit", "prove", address, "--grant", "g1", "--out", "g1.json")
        assert document("audit", "verify-bundle", "g1.json", "--key", str(SIGNER.public))["holds"]


def test_an_altered_book_in_postgresql_fails_the_audit_and_a_missing_one_says_so(postgres_url, document):
    import psycopg  # noqa: PLC0415

    from dibs.store.postgres import PostgresStore  # noqa: PLC0415

    act(PostgresStore(postgres_url, signer=SIGNER))
    with psycopg.connect(postgres_url, autocommit=True) as db:
        db.execute("SET session_replication_role = replica")
        db.execute("UPDATE dibs_entry SET command = replace(command, '2.10', '2.11') WHERE seq = 3")
    (found,) = document("audit", "verify", postgres_url, exit_code=1)["findings"]
    assert (found["code"], found["where"]) == ("DIB156", f"{postgres_url}:4:1")
    assert document("audit", "verify", f"{postgres_url}?book=none", exit_code=1)["failed"]["code"] == "DIB159"
    failed = document("audit", "verify", "postgresql://x:hush@127.0.0.1:1/none", exit_code=1)["failed"]
    assert failed["code"] == "DIB159"
    assert "hush" not in str(failed)


@pytest.mark.usefixtures("folder")
def test_the_audits_are_told_to_a_person(dibs):
    assert "nothing altered" in dibs("audit", "verify", "book").stdout
    assert "signed heads vouch for the first 6" in dibs("audit", "verify", "book").stdout
    assert "1 requests, 1 offers, 1 grants" in dibs("audit", "replay", "book").stdout
    assert "same events" in dibs("audit", "re-decide", "book").stdout


def test_an_altered_value_is_found_and_the_audit_fails(folder, document, dibs):
    alter(folder, b'"price":"2.10"', b'"price":"2.11"')
    found = document("audit", "verify", "book", exit_code=1)["findings"]
    assert [finding["code"] for finding in found][:1] == ["DIB156"]
    told = dibs("audit", "verify", "book")
    assert told.exit_code == 1
    assert "journal.jsonl:4:1: DIB156" in told.stdout


@pytest.mark.usefixtures("folder")
def test_a_key_of_somebody_else_does_not_vouch(document):
    stranger = SigningKey("example.com/harbour", bytes(32)).public
    assert [f["code"] for f in document("audit", "verify", "book", "--key", str(stranger), exit_code=1)["findings"]] == ["DIB158"]


def test_a_decision_that_would_be_another_is_named_by_its_entry(desk, document):
    store = MemoryStore(signer=SIGNER)
    digest = sha256(TEXT.encode()).hexdigest()
    store.keep_text(digest, TEXT)
    store.append(list(books.entries(5, agreement=digest)))
    (desk / "made-up").mkdir()
    write_folder(store, desk / "made-up")
    found = document("audit", "re-decide", "made-up", exit_code=1)
    assert found["first"] == 0
    assert {finding["code"] for finding in found["findings"]} == {"DIB164"}


def test_a_grant_is_proven_to_somebody_with_nothing_but_the_public_key(folder, document, dibs):
    (folder.parent / "key").write_text(f"{SIGNER.public}\n")
    made = document("audit", "prove", "book", "--grant", "g1", "--out", "g1.json")
    assert made["bytes"] == (folder.parent / "g1.json").stat().st_size
    shown = document("audit", "verify-bundle", "g1.json", "--key", "key")
    assert shown["holds"]
    assert (shown["grant"], shown["request"], shown["version"], shown["served"]) == ("g1", "r1", "first-call", "2025-03-01T00:00:02Z")
    assert [step["what"] for step in shown["steps"] if step["what"] in {"OfferServed", "RightDeclined", "Granted"}] == [
        "OfferServed",
        "RightDeclined",
        "Granted",
    ]
    assert "2.10" not in json.dumps(shown["steps"])
    assert "it holds" in dibs("audit", "verify-bundle", "g1.json", "--key", "key").stdout


@pytest.mark.usefixtures("folder")
def test_a_proof_shows_a_confidential_value_only_if_it_is_disclosed(document):
    document("audit", "prove", "book", "--grant", "g1", "--out", "g1.json", "--disclose", "price")
    assert "2.10" in json.dumps(document("audit", "verify-bundle", "g1.json", "--key", str(SIGNER.public))["steps"])


def test_a_forged_proof_does_not_hold(folder, document, dibs):
    document("audit", "prove", "book", "--grant", "g1", "--out", "g1.json")
    forged = (folder.parent / "g1.json").read_text().replace("2000", "2001", 1)
    (folder.parent / "g1.json").write_text(forged)
    found = document("audit", "verify-bundle", "g1.json", "--key", str(SIGNER.public), exit_code=1)
    assert not found["holds"]
    assert [finding["code"] for finding in found["findings"]] == ["DIB166"]
    assert "DIB166" in dibs("audit", "verify-bundle", "g1.json", "--key", str(SIGNER.public)).stdout


def test_a_proof_that_cannot_be_written_is_a_failure_and_leaves_nothing(folder, document):
    failed = document("audit", "prove", "book", "--grant", "g1", "--out", "nowhere/g1.json", exit_code=1)["failed"]
    assert (failed["code"], failed["retry"]) == ("DIB193", True)
    assert not (folder.parent / "nowhere").exists()
