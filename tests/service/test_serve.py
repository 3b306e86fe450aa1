"""`dibs serve` as people start it: a process of its own, on a port, with a file."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner

from dibs.cli.main import cli
from dibs.errors import BadInput
from dibs.journal.checkpoint import SigningKey
from dibs.service.wiring import read_settings
from dibs.testing.service import need

HARBOUR = Path(__file__).resolve().parents[2] / "examples/harbour/agreement.yaml"
KEY = SigningKey("example.com/served", bytes(32))


LATER = {"start_earliest": "2029-06-01T00:00:00Z", "start_latest": "2029-09-01T00:00:00Z"}
"""The server's clock is that of the machine."""


class Served:
    def __init__(self, folder, *words, **environment):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dibs", "serve", "--listen", "127.0.0.1:0", "--json", *words],
            cwd=folder,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def said(self):
        """The document that it prints once it takes calls."""
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if line == "}\n":
                return json.loads("".join(lines))
        raise AssertionError(self.process.stderr.read())

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err


@pytest.fixture
def serve(tmp_path):
    """Start it in a folder of its own; what still runs in the end is ended."""
    started = []

    def start(*words, **environment):
        started.append(Served(tmp_path, *words, **environment))
        return started[-1]

    yield start
    for served in started:
        if served.process.poll() is None:
            served.process.kill()
        served.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_new_book_shows_its_first_token_once_and_is_signed_when_it_is_stopped(serve, tmp_path, number):
    first = serve(str(HARBOUR))
    said = first.said()
    headers = {"authorization": f"Bearer {said['token']}"}
    me = httpx2.get(f"{said['address']}/v1/me", headers=headers).json()
    assert (me["party"], me["role"], me["house"]) == ("aster", "admin", True)
    assert stat.S_IMODE((tmp_path / "dibs.db.key").stat().st_mode) == 0o600
    code, _, err = first.stop(number)
    assert (code, "signed" in err) == (0, True)

    again = serve()
    later = again.said()
    assert (later["token"], later["entries"], later["house"]) == (None, 1, "aster")
    assert httpx2.get(f"{later['address']}/v1/me", headers=headers).status_code == 200
    again.stop()
    seen = json.loads(CliRunner().invoke(cli, ["audit", "verify", str(tmp_path / "dibs.db"), "--json"]).stdout)
    assert (seen["entries"], seen["signed"], seen["findings"]) == (1, 1, [])


def test_servers_on_one_postgresql_begin_at_once_and_one_goes_on_where_another_was_killed(serve, postgres_url):
    chosen = "a-token-that-somebody-chose-well"
    started = [serve(str(HARBOUR), "--db", postgres_url, DIBS_ADMIN_TOKEN=chosen, DIBS_SIGNING_KEY=str(KEY)) for _ in range(3)]
    said = [one.said() for one in started]
    assert sorted(one["token"] or "" for one in said) == ["", "", chosen], "one of them made it, and showed it"

    wanted = need(start_earliest="2030-01-01T00:00:00Z", start_latest="2030-03-01T00:00:00Z", months=6)

    def call(nth, method, path, key="", **more):
        headers = {"authorization": f"Bearer {chosen}"} | ({"idempotency-key": key} if key else {})
        return httpx2.request(method, f"{said[nth]['address']}/v1/{path}", headers=headers, timeout=30, **more)

    assert [call(nth, "GET", "me").json()["party"] for nth in range(3)] == ["aster"] * 3
    made = [call(nth, "POST", "capacity-requests", "once", json=wanted) for nth in (0, 1, 2)]
    assert [answer.status_code for answer in made] == [201] * 3, made[0].text
    assert len({answer.json()["subject"] for answer in made}) == 1, "one key, one act, whoever is asked"
    started[0].process.kill()
    other = call(1, "POST", "capacity-requests", "another", json=wanted)
    assert other.status_code == 201
    assert {item["id"] for item in call(2, "GET", "capacity-requests").json()["items"]} == {made[0].json()["subject"], other.json()["subject"]}
    for one in started[1:]:
        assert one.stop()[0] == 0
    seen = json.loads(CliRunner().invoke(cli, ["audit", "verify", postgres_url, "--json"]).stdout)
    assert (seen["entries"], seen["signed"], seen["findings"]) == (3, 3, [])


def test_the_first_token_may_be_given(serve):
    chosen = "a-token-that-somebody-chose-well"
    said = serve(str(HARBOUR), DIBS_ADMIN_TOKEN=chosen).said()
    assert said["token"] == chosen
    assert httpx2.get(f"{said['address']}/v1/me", headers={"authorization": f"Bearer {chosen}"}).status_code == 200


def test_an_empty_database_asks_for_an_agreement_and_takes_an_example(serve):
    said = serve("--scenarios", str(HARBOUR.parents[1])).said()
    address, token = said["address"], said["token"]
    assert (said["house"], said["entries"]) == ("", 0)
    assert httpx2.get(f"{address}/v1/me").json()["code"] == "DIB167"
    assert "This book is empty" in httpx2.get(address).text
    wrong = httpx2.post(address, data={"code": "guessed", "example": "harbour"}, files={"none": b""})
    assert (wrong.status_code, "not the first admin token" in wrong.text) == (403, True)
    broken = httpx2.post(address, data={"code": token, "example": "", "agreement": "dibs: agreement/1\n"}, files={"none": b""})
    assert (broken.status_code, "fix:" in broken.text) == (422, True)
    begun = httpx2.post(address, data={"code": token, "example": "harbour"}, files={"none": b""})
    assert (begun.status_code, "borealis" in begun.text) == (200, True)
    guest = begun.text.partition("<dt>Borealis Cloud")[2].partition("<code>")[2].partition("</code>")[0]
    seen = [httpx2.get(f"{address}/v1/me", headers={"authorization": f"Bearer {one}"}).json()["party"] for one in (token, guest)]
    assert seen == ["aster", "borealis"]


def test_an_agreement_of_ones_own_may_be_pasted(serve):
    said = serve("--scenarios", "nowhere").said()
    form = {"code": said["token"], "agreement": HARBOUR.read_text(), "house": "aster", "example": ""}
    assert httpx2.post(said["address"], data=form, files={"none": b""}).status_code == 200
    me = httpx2.get(f"{said['address']}/v1/me", headers={"authorization": f"Bearer {said['token']}"}).json()
    assert me["party"] == "aster"


def test_two_servers_do_not_share_a_file(serve):
    serve(str(HARBOUR)).said()
    code = (second := serve()).process.wait(30)
    assert (code, json.loads(second.process.stdout.read())["failed"]["code"]) == (1, "DIB152")


def test_an_address_that_is_taken_is_said(serve):
    address = serve(str(HARBOUR)).said()["address"].removeprefix("http://")
    second = serve("--listen", address, "--db", "other.db")
    assert (second.process.wait(30), json.loads(second.process.stdout.read())["failed"]["code"]) == (1, "DIB391")


def test_a_book_stays_with_its_house_and_its_agreement(serve, tmp_path):
    (first := serve(str(HARBOUR))).said()
    first.stop()
    other = serve("--house", "borealis")
    assert (other.process.wait(30), json.loads(other.process.stdout.read())["findings"][0]["code"]) == (2, "DIB320")
    changed = tmp_path / "changed.yaml"
    changed.write_text(HARBOUR.read_text() + "# changed\n")
    other = serve(str(changed))
    assert (other.process.wait(30), json.loads(other.process.stdout.read())["findings"][0]["code"]) == (2, "DIB393")


def test_an_option_goes_before_the_environment():
    settings = read_settings({"--db": "here.db", "--listen": None}, {"DIBS_DB": "there.db", "DIBS_LISTEN": "[::1]:99"})
    assert (settings.file.name, settings.host, settings.port) == ("here.db", "::1", 99)


def test_a_password_is_not_shown():
    settings = read_settings({"--db": "postgresql://dibs:secret@db/books"}, {})
    assert "secret" in settings.database
    assert "secret" not in settings.shown


def test_everything_wrong_is_said_at_once():
    with pytest.raises(BadInput) as caught:
        read_settings({"--db": "sqlite://", "--listen": "here"}, {"DIBS_ADMIN_TOKEN": "short", "DIBS_PUBLIC_URL": "dibs"})
    assert sorted(finding.code for finding in caught.value.findings) == ["DIB390", "DIB391", "DIB393", "DIB393"]


def test_a_service_has_its_database_for_itself():
    with pytest.raises(BadInput) as caught:
        read_settings({"--db": "postgresql://dibs@db/books?book=other"}, {})
    assert [finding.code for finding in caught.value.findings] == ["DIB390"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_what_was_acknowledged_is_there_however_the_server_ends(serve, number):
    said = (first := serve(str(HARBOUR))).said()
    headers = {"authorization": f"Bearer {said['token']}"}
    done, begun = [], threading.Event()

    def ask(worker):
        with httpx2.Client(base_url=said["address"], headers=headers) as client, contextlib.suppress(httpx2.HTTPError):
            for nth in range(1000):
                answer = client.post("/v1/capacity-requests", json=need(id=f"need-{worker}-{nth}", **LATER))
                if answer.status_code == 201:
                    done.append(answer.json()["subject"])
                    begun.set()

    workers = [threading.Thread(target=ask, args=(worker,)) for worker in range(4)]
    for worker in workers:
        worker.start()
    assert begun.wait(30)
    first.process.send_signal(number)
    for worker in workers:
        worker.join(30)
    first.process.communicate(timeout=30)
    later = serve().said()
    with httpx2.Client(base_url=later["address"], headers=headers) as client:
        kept = {item["id"] for item in client.get("/v1/capacity-requests?limit=1000").json()["items"]}
    assert done
    assert set(done) <= kept
