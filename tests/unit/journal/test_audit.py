"""The audits of a book say so when something is wrong, name the place, and keep quiet when nothing is."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from dibs.contract.load import load
from dibs.errors import BadInput, Mark
from dibs.journal.audit import FINDINGS_MAX, re_decide, replay, state_digest, verify
from dibs.journal.checkpoint import STATE, Checkpoint, Head, SigningKey
from dibs.journal.entry import Sealer
from dibs.procedure.commands import AdoptAgreement
from dibs.procedure.events import Granted, RequestHeld, RightDeclined
from dibs.procedure.procedure import replay as fold


class Copy:
    """A book that can be changed."""

    def __init__(self, book):
        self.name = "copy"
        self.rows = [sealed for sealed, _ in book.sealed()]
        self.text = dict(book.texts())
        self.signed = list(book.heads())
        self.public = list(book.signers())

    def sealed(self):
        return ((sealed, Mark(self.name, number)) for number, sealed in enumerate(self.rows, start=1))

    def texts(self):
        return self.text

    def heads(self):
        return self.signed

    def signers(self):
        return self.public

    def damage(self):
        return ()

    def change(self, seq, **values):
        self.rows[seq] = msgspec.structs.replace(self.rows[seq], **values)


@pytest.fixture
def copy(book):
    return Copy(book)


def said(report):
    return [(finding.code, finding.where.line) for finding in report.findings]


@pytest.mark.statement("R30")
def test_a_book_that_nobody_touched_passes_every_audit(copy, key):
    verified = verify(copy, key.public)
    assert (verified.findings, verified.entries, verified.signed) == ((), len(copy.rows), len(copy.rows))
    assert verified.root == Checkpoint.parse(key.public.open(copy.signed[-1].note)).root
    replayed = replay(copy)
    assert (replayed.findings, replayed.entries, replayed.digest) == ((), len(copy.rows), replayed.signed)
    decided = re_decide(copy)
    assert (decided.findings, decided.entries, decided.first) == ((), len(copy.rows), None)


@pytest.mark.statement("R30")
def test_a_changed_value_is_named_with_its_place(copy):
    copy.change(7, at=copy.rows[7].at + 1)
    assert said(verify(copy)) == [("DIB156", 8)]
    assert "entry 7 was altered" in verify(copy).findings[0].message


def test_an_entry_sealed_anew_breaks_the_chain_and_the_heads(copy):
    copy.change(7, secret=bytes(32))
    copy.change(7, leaf=bytes(32))
    assert said(verify(copy)) == [("DIB156", 8), ("DIB157", 9), ("DIB158", 1)]


def test_every_altered_entry_is_named_up_to_a_limit(copy):
    for seq in range(len(copy.rows)):
        copy.change(seq, key="other")
    assert {code for code, _ in said(verify(copy))} == {"DIB156"}
    assert len(verify(copy).findings) == min(len(copy.rows), FINDINGS_MAX)


@pytest.mark.parametrize("change", [lambda rows: rows.pop(5), lambda rows: rows.insert(5, rows[4]), lambda rows: rows.insert(5, rows.pop(6))])
def test_a_missing_a_doubled_and_a_moved_entry_are_found(copy, change):
    change(copy.rows)
    assert ("DIB157", 6) in said(verify(copy))


def test_a_cut_off_end_is_found_by_the_head(copy):
    del copy.rows[-3:]
    assert said(verify(copy)) == [("DIB158", 1)]
    assert "fewer entries" in verify(copy).findings[0].message


def test_an_altered_or_missing_text_is_found(copy):
    (digest,) = copy.text
    copy.text[digest] += " "
    assert said(verify(copy)) == [("DIB161", 1)]
    copy.text.clear()
    assert said(verify(copy)) == [("DIB161", 1)]
    with pytest.raises(BadInput, match="DIB161"):
        re_decide(copy)


STRANGER = SigningKey("example.com/harbour", bytes(32))


@pytest.mark.parametrize(
    "make",
    {
        "of another book": lambda to: Head(to.size, to.key.sign(Checkpoint("example.com/other", to.size, to.root))),
        "of another size": lambda to: Head(to.size, to.key.sign(Checkpoint(to.key.public.name, to.size - 1, to.root))),
        "kept under another size": lambda to: Head(to.size - 1, to.head.note),
        "of another root": lambda to: Head(to.size, to.key.sign(Checkpoint(to.key.public.name, to.size, bytes(32)))),
        "with the head for its state": lambda to: Head(to.size, to.head.note, to.head.note),
        "with the state for its head": lambda to: Head(to.size, to.head.state),
        "with an altered state": lambda to: Head(to.size, to.head.note, to.head.state.replace("/state", "/stale")),
        "signed by a stranger": lambda to: Head(to.size, STRANGER.sign(Checkpoint(to.key.public.name, to.size, to.root))),
        "not signed": lambda to: Head(to.size, to.head.note.rpartition("\n\n")[0]),
    }.values(),
)
def test_a_head_of_another_book_size_root_or_key_is_found(copy, key, make):
    (head,) = copy.signed
    copy.signed = [make(SimpleNamespace(head=head, size=head.size, key=key, root=verify(copy).root))]
    assert [code for code, _ in said(verify(copy))] == ["DIB158"]


def test_a_book_without_a_public_key_cannot_show_whose_its_heads_are(copy):
    copy.public = []
    assert said(verify(copy)) == [("DIB158", 1)]


def test_a_key_from_elsewhere_decides_whose_book_it_is(copy, key):
    assert verify(copy, key.public).findings == ()
    stranger = SigningKey("example.com/harbour", bytes(32)).public
    assert said(verify(copy, stranger)) == [("DIB158", 1)]
    copy.signed = []
    assert said(verify(copy, key.public)) == [("DIB158", 1)]


def test_replay_says_so_when_events_lead_elsewhere(copy, key):
    digest = bytes(32)
    (head,) = copy.signed
    copy.signed = [Head(head.size, head.note, key.sign(Checkpoint(key.public.name + STATE, head.size, digest)))]
    replayed = replay(copy)
    assert said(replayed) == [("DIB163", head.size)]
    assert replayed.signed == digest != replayed.digest


def test_a_state_is_told_from_one_in_which_one_thing_differs(copy):
    state = replay(copy).state
    digest = state_digest(state)
    assert state_digest(replay(copy).state) == digest
    grant = next(iter(state.grants))
    state.grants[grant] = msgspec.structs.replace(state.grants[grant], price=Decimal("2.100"))
    assert state_digest(state) != digest


def test_a_decision_that_would_be_another_today_is_named(copy, book):
    """An entry that says the holder declined without freeing the market, sealed as if it had always been so."""
    entries = list(book.entries())
    seq = next(n for n, entry in enumerate(entries) if any(isinstance(e, RightDeclined) for e in entry.events))
    declined, opened = entries[seq].events
    entries[seq] = msgspec.structs.replace(entries[seq], events=(msgspec.structs.replace(declined, reason="late"), opened))
    sealer = Sealer(bytes(32))
    copy.rows = [sealer.seal(entry) for entry in entries]
    decided = re_decide(copy)
    assert decided.first == seq
    assert said(decided) == [("DIB164", seq + 1)]
    assert "event 1 is again `RightDeclined`, with another `because`, `reason`" in decided.findings[0].message or "`reason`" in str(
        decided.findings[0]
    )


def test_an_event_that_would_not_happen_today_is_named(copy, book):
    entries = list(book.entries())
    seq = next(n for n, entry in enumerate(entries) if isinstance(entry.events[0], Granted))
    entries = [*entries[:seq], msgspec.structs.replace(entries[seq], events=())]
    sealer = Sealer(bytes(32))
    copy.rows = [sealer.seal(entry) for entry in entries]
    (finding,) = re_decide(copy).findings
    assert finding.code == "DIB164"
    assert "was `nothing` and would be `Granted`" in finding.message


def test_another_text_of_the_agreement_decides_otherwise(copy, book, agreement):
    """The same acts under a minimum lot of 10,000: nobody would have had to be asked."""
    other = load(agreement.agreement.text.replace("minimum_lot: 1000", "minimum_lot: 10_000"), "other.yaml")
    entries = [msgspec.structs.replace(entry, agreement=other.digest) for entry in book.entries()]
    adopted, *rest = entries[0].events
    entries[0] = msgspec.structs.replace(
        entries[0], command=AdoptAgreement(by="aster", digest=other.digest), events=(msgspec.structs.replace(adopted, digest=other.digest), *rest)
    )
    sealer = Sealer(bytes(32))
    copy.rows, copy.text = [sealer.seal(entry) for entry in entries], {other.digest: other.text}
    first = next(n for n, entry in enumerate(entries) if any(isinstance(e, RequestHeld) for e in entry.events))
    assert re_decide(copy).first == first


def test_the_state_is_only_ever_a_fold_of_events(book, copy):
    assert fold(event for entry in book.entries() for event in entry.events) == replay(copy).state


def test_every_code_that_a_book_or_its_store_can_raise_has_a_page():
    root = Path(__file__).resolve().parents[3] / "src/dibs"
    sources = [*root.glob("journal/*.py"), *root.glob("store/*.py"), root / "broker.py"]
    codes = {code for source in sources for code in re.findall(r'"(DIB\d{3})"', source.read_text())}
    assert len(codes) >= 18
    missing = [code for code in sorted(codes) if not (root / f"explanations/{code}.md").exists()]
    assert not missing
