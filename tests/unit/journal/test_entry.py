"""A leaf binds to every value of its entry and shows none of them; a stored entry cannot be changed unseen."""

from __future__ import annotations

import typing
from decimal import Decimal
from hashlib import sha256

import msgspec
import pytest

from dibs.contract.terms import CapacityRequest, Terms
from dibs.errors import BadInput, Mark
from dibs.journal.entry import (
    CONFIDENTIAL,
    FIRST,
    Entry,
    Opener,
    Sealer,
    commitment,
    from_row,
    leaf_text,
    plain_row,
    shown,
    to_row,
)
from dibs.journal.merkle import leaf_hash
from dibs.procedure.commands import AnyCommand, Respond, Wake
from dibs.procedure.events import AnyEvent, Because, RightLapsed
from dibs.testing.books import entries

HERE = Mark("journal.jsonl")
OPEN_TERMS = {"sku", "quantity", "starts", "ends", "regions", "classes"}
"""What a need is about, which its request says anyway."""
OPEN_NUMBERS = {"share", "at_least"}
"""How far a purpose was missed: what the clause itself is about."""


def seal(count, secret=bytes(32), **kwargs):
    sealer = Sealer(secret)
    return [sealer.seal(entry) for entry in entries(count, **kwargs)]


def test_the_same_acts_and_secret_give_the_same_book():
    assert seal(30, keyed=True) == seal(30, keyed=True)


def test_another_secret_gives_another_book():
    assert seal(3)[-1].leaf != seal(3, secret=bytes([1]) * 32)[-1].leaf


def test_a_sealed_entry_opens_to_the_entry():
    opener = Opener()
    assert [opener.open(sealed, HERE) for sealed in seal(40, keyed=True)] == list(entries(40, keyed=True))


def test_entries_are_chained_from_thirty_two_zero_bytes_on():
    book = seal(10)
    assert [sealed.previous for sealed in book] == [FIRST, *(sealed.leaf for sealed in book[:-1])]


def test_entries_have_to_come_in_order():
    with pytest.raises(AssertionError, match="cannot follow"):
        Sealer(bytes(32)).seal(list(entries(2))[1])


def test_a_sealer_goes_back_to_where_it_was():
    sealer = Sealer(bytes(32))
    first, second = entries(2)
    sealer.seal(first)
    mark = sealer.mark()
    once = sealer.seal(second)
    sealer.rewind(mark)
    assert sealer.seal(second) == once


def test_canonical_json_has_one_way_of_writing():
    entry = Entry(
        seq=0,
        at=5,
        agreement="0" * 64,
        command=Respond(by='é"\\\n', offer="o", quantity=1, terms=Terms(price=Decimal("2.10"), take_or_pay=Decimal("1E+2"))),
        events=(RightLapsed(at=5, offer="o", request="r"), RightLapsed(at=6, offer="p", request="r")),
    )
    sealed = Sealer(bytes(32)).seal(entry)
    assert sealed.command == '{"by":"é\\"\\\\\\n","offer":"o","quantity":1,"terms":{"price":"2.10","take_or_pay":"1E+2"},"type":"Respond"}'.encode()
    assert sealed.events == (b'[{"at":5,"offer":"o","request":"r","type":"RightLapsed"},{"at":6,"offer":"p","request":"r","type":"RightLapsed"}]')


def test_a_leaf_is_written_as_documented():
    sealed = seal(2)[1]
    events = Opener().split(sealed, HERE)
    text = leaf_text(
        seq=1, at=sealed.at, agreement="0" * 64, command=sealed.command, events=events, key="", secret=sealed.secret, previous=sealed.previous
    )
    items = shown(command=sealed.command, events=events, key="", secret=sealed.secret)
    digests = [sha256(b"\x02" + item.salt + item.text).hexdigest() for item in items]
    expected = {
        "agreement": "0" * 64,
        "at": sealed.at,
        "command": digests[0],
        "events": digests[1:],
        "previous": sealed.previous.hex(),
        "seq": 1,
        "v": 1,
    }
    assert text == msgspec.json.encode(expected, order="sorted")
    assert leaf_hash(text) == sealed.leaf


def test_a_key_is_committed_to_and_an_entry_without_one_has_none():
    plain, keyed = seal(2)[1], seal(2, keyed=True)[1]
    assert plain.leaf != keyed.leaf
    items = shown(command=keyed.command, events=Opener().split(keyed, HERE), key=keyed.key, secret=keyed.secret)
    assert items[-1].text == keyed.key.encode()


def test_a_key_that_looks_like_a_confidential_value_is_taken_as_it_is():
    item = shown(command=b"{}", events=[], key='"price":"1"', secret=bytes(32))[-1]
    assert (item.text, item.values) == (b'"price":"1"', ())


def test_every_confidential_value_is_hidden_and_can_be_shown_alone():
    seen = set()
    for sealed in seal(40):
        for item in shown(command=sealed.command, events=Opener().split(sealed, HERE), key="", secret=sealed.secret):
            text = item.text
            for name, salt, value in item.values:
                seen.add(name)
                hole = b'"%b":{"hidden":"%b"}' % (name.encode(), commitment(salt, value).encode())
                assert text.count(hole) == 1
                text = text.replace(hole, b'"%b":%b' % (name.encode(), value))
                assert msgspec.json.decode(value) is not None
            for name, plain in _confidential(msgspec.json.decode(text)):
                assert msgspec.json.encode(plain) not in item.text, name
    assert seen >= {"price", "price_max", "payment", "prepayment", "take_or_pay", "signed", "unusual", "address", "need", "have", "value"}


def _confidential(values):
    for name, value in values.items():
        if name in CONFIDENTIAL:
            yield name, value
        elif isinstance(value, dict):
            yield from _confidential(value)


def test_salts_differ_between_items_values_and_entries():
    salts = set()
    hidden = 0
    for sealed in seal(20, keyed=True):
        items = shown(command=sealed.command, events=Opener().split(sealed, HERE), key=sealed.key, secret=sealed.secret)
        values = {(name, value): salt for item in items for name, salt, value in item.values}
        assert not salts & {*(item.salt for item in items), *values.values()}
        salts |= {*(item.salt for item in items), *values.values()}
        hidden += len(items) + len(values)
    assert len(salts) == hidden > 100
    assert {len(salt) for salt in salts} == {16}


def test_the_same_value_in_command_and_event_has_one_commitment():
    """The notice's price is the offer's price, and whoever sees both may know it."""
    sealed = seal(3)[2]
    command, event = shown(command=sealed.command, events=Opener().split(sealed, HERE), key="", secret=sealed.secret)
    assert command.values == event.values
    assert len(command.values) == 9


def test_a_comparison_of_terms_is_hidden_as_a_whole():
    sealed = next(s for s in seal(9) if b"richer_than" in s.events)
    (granted,) = shown(command=sealed.command, events=Opener().split(sealed, HERE), key="", secret=sealed.secret)[1:]
    names = [name for name, _, _ in granted.values]
    assert names == ["price", "richer_than"]
    assert b"not_richer" not in granted.text
    assert granted.values[1][2] == b'[{"clause":"first-refusal","code":"not_richer","have":"2.05","need":"2.10"}]'


def _types(union):
    return typing.get_args(union)


def test_every_term_of_a_bundle_is_confidential_or_named_here_as_open():
    assert set(Terms.__struct_fields__) - set(CONFIDENTIAL) == OPEN_TERMS


@pytest.mark.parametrize("kind", [*_types(AnyCommand), *_types(AnyEvent), Because, CapacityRequest], ids=lambda kind: kind.__name__)
def test_every_price_and_figure_is_confidential_and_of_a_kind_that_can_be_hidden(kind):
    for field in msgspec.structs.fields(kind):
        text = str(field.type)
        if "Decimal" in text:
            assert field.name in CONFIDENTIAL or field.name in OPEN_NUMBERS, f"{kind.__name__}.{field.name}"
        if field.name in CONFIDENTIAL:
            assert not any(word in text for word in ("Terms", "dict", "tuple[tuple")), f"{kind.__name__}.{field.name} cannot be hidden"


def test_every_changed_byte_of_every_stored_value_is_found():
    opener = Opener()
    for sealed in seal(6, keyed=True):
        opener.check(sealed, HERE)
        for field in ("command", "events", "secret", "previous", "leaf"):
            value = getattr(sealed, field)
            for place in range(len(value)):
                changed = value[:place] + bytes([value[place] ^ 1]) + value[place + 1 :]
                with pytest.raises(BadInput):
                    opener.check(msgspec.structs.replace(sealed, **{field: changed}), HERE)
        for field, other in (("seq", sealed.seq + 1), ("at", sealed.at + 1), ("agreement", "1" + sealed.agreement[1:]), ("key", sealed.key + "x")):
            with pytest.raises(BadInput):
                opener.check(msgspec.structs.replace(sealed, **{field: other}), HERE)


def test_white_space_between_events_is_a_change():
    sealed = seal(2)[1]
    spaced = msgspec.structs.replace(sealed, events=sealed.events.replace(b"},{", b"}, {"))
    assert spaced != sealed
    with pytest.raises(BadInput, match="DIB156"):
        Opener().check(spaced, HERE)


def test_an_entry_of_a_later_version_is_named_and_not_guessed():
    sealed = Sealer(bytes(32)).seal(Entry(seq=0, at=1, agreement="0" * 64, command=Wake(by="clock"), events=()))
    later = msgspec.structs.replace(sealed, command=b'{"by":"clock","type":"Dream"}')
    with pytest.raises(BadInput, match=r"DIB168.*Dream"):
        Opener().open(later, HERE)


def test_a_row_is_read_back_as_it_was_written():
    for sealed in seal(40, keyed=True):
        assert from_row(to_row(sealed), HERE) == sealed


def test_a_row_can_be_read_by_whoever_knows_json():
    row = plain_row(seal(4)[2])
    assert list(row) == ["seq", "at", "command", "events", "agreement", "secret", "previous", "leaf"]
    assert (row["seq"], row["at"]) == (2, "2025-03-01T00:02:00Z")
    assert row["command"]["terms"]["price"] == "2.10"


def test_every_changed_byte_of_a_row_is_found():
    opener = Opener()
    for sealed in seal(5, keyed=True):
        row = to_row(sealed)
        for place in range(len(row)):
            for bit in (1, 32):
                changed = row[:place] + bytes([row[place] ^ bit]) + row[place + 1 :]
                with pytest.raises(BadInput):
                    opener.check(from_row(changed, HERE), HERE)


@pytest.mark.parametrize("line", [b"", b"{}", b"[]", b"null", b'{"seq":0', to_row(seal(1)[0])[:-1], to_row(seal(1)[0]) + b" ", b"\xff"])
def test_a_line_that_was_cut_off_is_no_entry(line):
    with pytest.raises(BadInput, match=r"DIB15[56]"):
        from_row(line, HERE)
