"""Heads are checkpoints and signed notes as C2SP has them, and no other writing of one is believed."""

from __future__ import annotations

import pytest

from dibs.journal.checkpoint import STATE, Checkpoint, SigningKey, VerifyingKey, sign_head
from dibs.journal.merkle import Frontier

KEY = SigningKey("example.com/harbour", bytes(range(32)))
OTHER = SigningKey("example.com/harbour", bytes(range(1, 33)))
CHECKPOINT = Checkpoint("example.com/harbour", 3, bytes(range(32)))
NOTE = KEY.sign(CHECKPOINT)

# The example that Go's note package documents itself with.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = """If you think cryptography is the answer to your problem,
then you don't know what your problem is.

\N{EM DASH} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
"""
# The example of c2sp.org/tlog-checkpoint.
SPEC_TEXT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"


def test_a_note_of_another_program_is_read():
    assert VerifyingKey.parse(GO_KEY).open(GO_NOTE).endswith("what your problem is.\n")


def test_a_checkpoint_of_the_specification_is_read_and_written_back():
    checkpoint = Checkpoint.parse(SPEC_TEXT)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.text == SPEC_TEXT


def test_what_was_signed_is_what_is_opened():
    assert Checkpoint.parse(KEY.public.open(NOTE)) == CHECKPOINT


def test_keys_are_written_on_one_line_and_read_back():
    assert VerifyingKey.parse(str(KEY.public)) == KEY.public
    assert SigningKey.parse(f" {KEY}\n").public == KEY.public


def test_a_signing_key_does_not_show_itself():
    assert repr(KEY) == "SigningKey(example.com/harbour)"


def test_the_same_name_with_another_key_is_somebody_else():
    with pytest.raises(ValueError, match="did not sign"):
        OTHER.public.open(NOTE)


def test_signatures_of_others_are_left_alone():
    witness = SigningKey("example.org/witness", bytes(32)).sign(CHECKPOINT).splitlines()[-1]
    assert KEY.public.open(f"{NOTE}{witness}\n") == CHECKPOINT.text


def test_a_known_key_with_a_wrong_signature_spoils_the_note():
    forged = NOTE.splitlines()[-1]
    wrong = KEY.sign(Checkpoint("example.com/harbour", 4, bytes(32))).splitlines()[-1]
    with pytest.raises(ValueError, match="does not belong"):
        KEY.public.open(f"{CHECKPOINT.text}\n{forged}\n{wrong}\n")


def test_every_changed_character_of_a_note_is_found():
    for place in range(len(NOTE)):
        changed = NOTE[:place] + chr(ord(NOTE[place]) ^ 1) + NOTE[place + 1 :]
        with pytest.raises(ValueError):  # noqa: PT011 - whichever of its faults is seen first
            Checkpoint.parse(KEY.public.open(changed))


@pytest.mark.parametrize(
    "text",
    [
        "name\n3\n",
        "name\n03\n" + "A" * 43 + "=\n",
        "name\n-3\n" + "A" * 43 + "=\n",
        "name\n\N{ARABIC-INDIC DIGIT THREE}\n" + "A" * 43 + "=\n",
        "\n3\n" + "A" * 43 + "=\n",
        "name\n3\n" + "A" * 42 + "B=\n",
        "name\n3\nAAAA\n",
        "name\n3\n" + "A" * 43 + "=\nmore\n",
        "name\n3\n" + "A" * 43 + "=",
    ],
)
def test_a_head_has_one_way_of_being_written(text):
    with pytest.raises(ValueError, match=r"head|base64"):
        Checkpoint.parse(text)


@pytest.mark.parametrize("text", ["", "name", "name+00000000+AQ==", GO_KEY[:-4], GO_KEY.replace("c74f", "c74e"), GO_KEY.replace("Peter", "Paul")])
def test_a_damaged_public_key_is_refused(text):
    with pytest.raises(ValueError, match="key"):
        VerifyingKey.parse(text)


@pytest.mark.parametrize("text", ["", "PRIVATE+KEY+", str(KEY)[:-2], str(KEY).replace("harbour", "haven"), GO_KEY])
def test_a_damaged_private_key_is_refused_without_being_repeated(text):
    with pytest.raises(ValueError, match="private key") as raised:
        SigningKey.parse(text)
    assert str(KEY)[-40:-2] not in str(raised.value)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


@pytest.mark.parametrize("name", ["", "two words", "a+b", "line\nbreak"])
def test_a_book_cannot_have_a_name_that_notes_do_not_allow(name):
    with pytest.raises(ValueError, match="cannot name a book"):
        SigningKey(name, bytes(32))


def test_a_note_with_a_thousand_signatures_is_not_read():
    line = NOTE.splitlines()[-1]
    with pytest.raises(ValueError, match="more than"):
        KEY.public.open(CHECKPOINT.text + "\n" + f"{line}\n" * 1000)


def test_a_head_vouches_for_entries_and_state_and_neither_passes_for_the_other():
    frontier = Frontier([bytes([1]) * 32])
    head = sign_head(KEY, frontier, bytes([2]) * 32)
    assert Checkpoint.parse(KEY.public.open(head.note)) == Checkpoint(KEY.public.name, 1, frontier.root())
    assert Checkpoint.parse(KEY.public.open(head.state)) == Checkpoint(KEY.public.name + STATE, 1, bytes([2]) * 32)
