"""Mail to people who asked for it, received by a real mail server."""

from __future__ import annotations

import contextlib
import email
import smtplib
from email import policy

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from dibs.contract.load import load
from dibs.decisions.compile import compile_agreement
from dibs.errors import BadInput
from dibs.quantities import parse_instant
from dibs.service.mail import DAY, Relay
from dibs.service.outlets import OutletSettings
from dibs.store.sqlite import SqliteStore
from dibs.testing.acts import BEGIN
from dibs.testing.receiver import Receiver
from dibs.testing.service import need, notice, running


class Box:
    """What a mail server took; `answer` refuses instead."""

    def __init__(self):
        self.got = []
        self.answer = "250 taken"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's own name
        del server, session, options
        if address.startswith("nobody"):
            return "550 there is nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's own name
        del server, session
        if self.answer.startswith("250"):
            self.got.append(email.message_from_bytes(envelope.content, policy=policy.default))
        return self.answer

    def subjects(self):
        return [message["Subject"] for message in self.got]


@contextlib.contextmanager
def post(port=0, **more):
    box = Box()
    controller = Controller(box, hostname="127.0.0.1", port=port or free(), **more)
    controller.start()
    try:
        yield box, controller.port
    finally:
        controller.stop()


def free():
    import socket  # noqa: PLC0415

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def by(port, **more):
    relay = Relay.read(f"smtp://127.0.0.1:{port}")
    return OutletSettings(relay=relay, mail_from="dibs <dibs@aster.example>", public_url="https://dibs.aster.example", **more)


async def want(service, party, person="Ada", **body):
    client = service.client(party, person=person)
    answer = await client.post("/v1/me/mail", json={"address": f"{person.lower()}@{party}.example", **body})
    assert answer.status_code == 200, answer.text
    return client


async def offer(service, name="offer", **terms):
    aster = service.client("aster")
    assert (await aster.post("/v1/capacity-requests", json=need(id=f"need-{name}", purpose=name))).json()["outcome"] == "done"
    assert (await aster.post("/v1/offers", json=notice(f"need-{name}", **terms) | {"id": name})).json()["outcome"] == "done"


def plain(message):
    return message.get_body(("plain",)).get_content()


def whole(message):
    """Everything that somebody reads; not the marks that mail programs put there."""
    return message["Subject"] + plain(message) + message.get_body(("html",)).get_content()


def test_an_offer_is_told_with_its_deadline_in_the_readers_own_time_and_what_silence_means(harbour, go):
    async def walk():
        async with running(harbour, outlets=by(port)) as service:
            await want(service, "borealis", time_zone="America/New_York")
            await offer(service)
            await service.front.outlets.mail.round()
            (message,) = box.got
            text = plain(message)
            assert message["To"] == "ada@borealis.example"
            assert message["Subject"] == "Aster Labs offers you capacity first"
            assert "Before Aster takes new capacity elsewhere it offers it to Borealis." in text
            assert "5,000 h100 for training" in text
            assert "Sunday 30 March 2025, 20:00 EDT (America/New_York); an answer at that minute is late" in text
            assert "the right lapses for this need" in text
            assert "Answer: https://dibs.aster.example/offers/offer" in text
            html = message.get_body(("html",)).get_content()
            assert '<a href="https://dibs.aster.example/offers/offer">Answer</a>' in html

    with post() as (box, port):
        go(walk())


def test_reminders_come_with_a_third_of_the_window_and_a_day_left_and_none_after_the_answer(harbour, go):
    async def walk():
        async with running(harbour, outlets=by(port)) as service:
            borealis = await want(service, "borealis", about=["near"])
            mail = service.front.outlets.mail
            await offer(service, "answered")
            await offer(service, "silent")
            await mail.round()
            assert box.got == []
            assert (await borealis.post("/v1/offers/answered/responses", json={"quantity": 5000})).json()["outcome"] == "done"
            await service.move_to(BEGIN + 20 * DAY - 1)
            await mail.round()
            assert box.got == []
            await service.move_to(BEGIN + 20 * DAY)
            await mail.round()
            await mail.round()
            assert box.subjects() == ["10 days left to answer an offer from Aster Labs"]
            assert "silent" in plain(box.got[0])
            await service.move_to(BEGIN + 29 * DAY)
            await mail.round()
            assert box.subjects()[1:] == ["1 day left to answer an offer from Aster Labs"]
            await service.move_to(BEGIN + 31 * DAY)
            await mail.round()
            assert len(box.got) == 2

    with post() as (box, port):
        go(walk())


def test_after_a_time_in_which_nothing_was_sent_one_reminder_is_enough(harbour, go):
    async def walk():
        async with running(harbour, outlets=by(port)) as service:
            await want(service, "borealis", about=["near"])
            await offer(service, "early")
            await service.front.outlets.mail.round()
            await offer(service, "unseen")
            await service.move_to(BEGIN + 29 * DAY + 3600)
            await service.front.outlets.mail.round()
            assert box.subjects() == ["23 hours left to answer an offer from Aster Labs"] * 2
            assert {"early" in plain(message) for message in box.got} == {True, False}

    with post() as (box, port):
        go(walk())


def test_a_reminder_survives_a_restart(harbour, go, tmp_path):
    async def before():
        async with running(harbour, SqliteStore(tmp_path / "book.db"), outlets=by(port), folder=tmp_path) as service:
            await want(service, "borealis", about=["near"])
            await offer(service)
            await service.front.outlets.mail.round()

    async def after():
        async with running(harbour, SqliteStore(tmp_path / "book.db"), at=BEGIN + 20 * DAY, outlets=by(port), folder=tmp_path) as service:
            await service.front.outlets.mail.round()

    with post() as (box, port):
        go(before())
        assert box.got == []
        go(after())
        assert box.subjects() == ["10 days left to answer an offer from Aster Labs"]
        go(after())
        assert len(box.got) == 1


def test_answers_lapses_and_grants_are_told_to_both_sides_and_to_nobody_else(harbour, go):
    async def walk():
        async with running(harbour, outlets=by(port)) as service:
            for party in ("aster", "borealis", "cinder", "delta"):
                await want(service, party, about=["answered", "lapsed", "granted"])
            await offer(service, "taken")
            await offer(service, "silent")
            await service.client("borealis").post("/v1/offers/taken/responses", json={"quantity": 3000})
            signed = {"request": "need-taken", "host": "cinder-west", "quantity": 2000, "terms": {"price": "1.20"}}
            assert (await service.client("aster").post("/v1/grants", json=signed)).json()["outcome"] == "done"
            await service.move_to(BEGIN + 30 * DAY)
            await service.front.outlets.mail.round()
            told = {}
            for message in box.got:
                told.setdefault(message["To"].partition("@")[2].partition(".")[0], []).append(message["Subject"])
            both = ["An offer was taken in part", "3,000 h100 were granted on borealis-east"]
            assert told["borealis"] == [*both, "An offer lapsed unanswered"]
            assert told["aster"] == [*both, "2,000 h100 were granted on cinder-west", "An offer lapsed unanswered"]
            assert told["cinder"] == ["2,000 h100 were granted on cinder-west"]
            assert "delta" not in told
            (theirs,) = (message for message in box.got if "cinder" in message["To"])
            for secret in ("borealis", "Borealis", "2.10", "need-taken", "refus", "market"):
                assert secret not in whole(theirs), secret

    with post() as (box, port):
        go(walk())


def test_behind_the_barrier_a_mail_tells_no_terms(harbour, go):
    async def walk():
        async with running(harbour, at=parse_instant("2025-06-02T00:00:00Z"), outlets=by(port)) as service:
            await want(service, "borealis")
            aster = service.client("aster")
            later = {"start_earliest": "2025-10-01T00:00:00Z", "start_latest": "2025-12-01T00:00:00Z"}
            await aster.post("/v1/capacity-requests", json=need(id="need", **later))
            assert (await aster.post("/v1/offers", json=notice("need") | {"id": "offer"})).json()["outcome"] == "done"
            assert service.office.state.offers["offer"].barrier
            await service.front.outlets.mail.round()
            (message,) = box.got
            assert "behind the information barrier" in plain(message)
            for secret in ("2.10", "5,000", "5000", "h100", "October", "training"):
                assert secret not in whole(message), secret

    with post() as (box, port):
        go(walk())


def test_a_mail_server_that_is_away_gets_the_mail_when_it_is_back_and_an_unknown_address_is_given_up(harbour, go):
    port = free()

    async def walk():
        async with running(harbour, outlets=by(port)) as service:
            await want(service, "borealis", about=["served"])
            await want(service, "borealis", person="Nobody", about=["served"])
            mail = service.front.outlets.mail
            await offer(service)
            await mail.round()
            assert mail.waiting() == 0, "they wait for their second try"
            await service.move_to(BEGIN + 10)
            assert mail.waiting() == 2
            with post(port) as (box, _):
                await mail.round()
                assert [message["To"] for message in box.got] == ["ada@borealis.example"]
                box.answer = "451 later"
                await offer(service, "second")
                await mail.round()
                box.answer = "250 taken"
                for minutes in (1, 10, 60):
                    await service.move_to(BEGIN + 60 * minutes)
                    await mail.round()
                assert len(box.got) == 2, "the unknown address was tried once and never again"

    go(walk())


def test_a_party_is_told_that_its_webhook_was_switched_off(harbour, go):
    async def walk():
        async with running(harbour, outlets=by(port, webhooks_private=True)) as service:
            borealis = await want(service, "borealis", about=["switched_off"])
            made = (await borealis.post("/v1/webhook-endpoints", json={"url": receiver.url})).json()
            receiver.answers = [410]
            await offer(service)
            await service.front.outlets.webhooks.round()
            await service.front.outlets.mail.round()
            assert box.subjects() == ["A webhook was switched off"]
            assert made["id"] in plain(box.got[0])
            assert "410" in plain(box.got[0])

    with post() as (box, port), Receiver() as receiver:
        go(walk())


def test_names_that_try_to_be_more_than_names_are_only_names(harbour, go):
    text = harbour.agreement.text.replace("{name: Aster Labs}", '{name: "Aster <b>Labs</b>\\nBcc: all@example.com"}')
    odd = compile_agreement(load(text, "odd.yaml"))

    async def walk():
        async with running(odd, outlets=by(port)) as service:
            await want(service, "borealis")
            await offer(service)
            await service.front.outlets.mail.round()
            (message,) = box.got
            assert message["Bcc"] is None
            assert "<b>" not in message.get_body(("html",)).get_content()

    with post() as (box, port):
        go(walk())


def test_somebody_changes_what_they_get_and_ends_it(harbour, go):
    async def walk():
        async with running(harbour, outlets=by(port)) as service:
            borealis = await want(service, "borealis", about=["granted", "served"])
            mine = (await borealis.get("/v1/me/mail")).json()
            assert mine == {"address": "ada@borealis.example", "time_zone": "UTC", "about": ["served", "granted"], "works": True}
            await want(service, "borealis", about=["lapsed"])
            await offer(service)
            await service.front.outlets.mail.round()
            assert box.got == []
            assert (await borealis.delete("/v1/me/mail")).json()["address"] == ""
            assert (await borealis.get("/v1/me/mail")).json()["address"] == ""
            wrong = await borealis.post("/v1/me/mail", json={"address": "a@b.example", "time_zone": "Mars/Olympus"})
            assert (wrong.status_code, wrong.json()["code"]) == (422, "DIB375")
            for address in ("a@b\r\nBcc: c@d", "two@a.example, two@b.example", "none"):
                assert (await borealis.post("/v1/me/mail", json={"address": address})).status_code == 422

    with post() as (box, port):
        go(walk())


def test_who_may_no_longer_come_in_gets_no_more_mail(harbour, go):
    async def walk():
        async with running(harbour, outlets=by(port)) as service:
            await want(service, "borealis")
            await want(service, "borealis", person="Bob")
            people = service.front.people
            (ada,) = (token for token in people.tokens("borealis") if token.person == "Ada")
            people.revoke(ada.id, at=service.clock.now())
            await offer(service)
            await service.front.outlets.mail.round()
            assert [message["To"] for message in box.got] == ["bob@borealis.example"]
            assert service.front.outlets.mail.wish("borealis", "Ada") is None

    with post() as (box, port):
        go(walk())


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_mail_server_that_asks_for_a_password_gets_it():
    asked = []

    def check(server, session, envelope, mechanism, data):
        del server, session, envelope, mechanism
        asked.append((data.login, data.password))
        return AuthResult(success=data.password == b"s@cret", handled=False)

    with post(authenticator=check, auth_required=True, auth_require_tls=False) as (box, port):
        message = email.message.EmailMessage()
        message["From"], message["To"], message["Subject"] = "a@a.example", "b@b.example", "x"
        message.set_content("x")
        Relay.read(f"smtp://dibs:s%40cret@127.0.0.1:{port}").send(message)
        assert (len(box.got), asked) == (1, [(b"dibs", b"s@cret")])
        with pytest.raises(smtplib.SMTPAuthenticationError):
            Relay.read(f"smtp://dibs:wrong@127.0.0.1:{port}").send(message)


@pytest.mark.parametrize("url", ["mail.example.com", "http://mail.example.com", "smtp://", "smtp://host/path", "smtp://host:port"])
def test_an_address_of_no_mail_server_is_refused_at_the_start(url):
    with pytest.raises(BadInput) as caught:
        OutletSettings.read({"DIBS_SMTP_URL": url, "DIBS_MAIL_FROM": "a@b.example"})
    assert [finding.code for finding in caught.value.findings] == ["DIB376"]


def test_settings_are_read_whole_or_refused_whole():
    with pytest.raises(BadInput) as caught:
        OutletSettings.read({"DIBS_SMTP_URL": "smtp://a", "DIBS_WEBHOOKS_PRIVATE": "maybe", "DIBS_TRACES": "jaeger"})
    assert [str(finding.where).partition(":")[0] for finding in caught.value.findings] == ["DIBS_MAIL_FROM", "DIBS_TRACES", "DIBS_WEBHOOKS_PRIVATE"]
    read = OutletSettings.read({"DIBS_SMTP_URL": "smtps://u:p@mail.example", "DIBS_MAIL_FROM": "dibs <d@e.example>", "DIBS_METRICS_TOKEN": "m"})
    assert read.relay == Relay(scheme="smtps", host="mail.example", port=465, user="u", password="p")  # noqa: S106
    assert "'p'" not in repr(read)
    assert "'m'" not in repr(read)
