"""The command line speaks to a real server on a port, as a person and as a script."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys

import pytest
from click.testing import CliRunner

from dibs.cli.main import cli

NEED = ["--class", "training", "--sku", "h100", "--quantity", "5000", "--start", "2025-06-01", "--start-latest", "2025-09-01"]
TERMS = ["--price", "2.10", "--payment", "monthly in arrears", "--take-or-pay", "0.8", "--service-level", "0.999"]
TERMS += ["--delivery-tolerance", "1209600", "--address", "capacity desk", "--region", "us-east", "--region", "us-west"]


@pytest.fixture
def as_party(server, monkeypatch):
    """Run a command as somebody of a party."""
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setenv("DIBS_SERVER", server.url)
    tokens = {}

    def run(party, *words, exit_code=0):
        monkeypatch.setenv("DIBS_TOKEN", tokens.setdefault(party, server.token(party)))
        result = CliRunner().invoke(cli, list(words))
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == exit_code, result.output
        return result

    run.tokens = tokens
    return run


@pytest.fixture
def document(as_party):
    def run(party, *words, exit_code=0):
        result = as_party(party, *words, "--json", exit_code=exit_code)
        assert not result.stderr
        return json.loads(result.stdout)

    return run


def test_from_the_need_to_the_delivery_on_the_command_line(document):
    supposed = document("aster", "request", "plan", *NEED)
    assert (supposed["outcome"], supposed["dry_run"]) == ("done", True)
    assert document("aster", "request", "list")["items"] == []
    name = document("aster", "request", "create", *NEED, "--yes")["subject"]
    assert document("aster", "request", "list", "--live")["items"][0]["next"][0]["do"] == "AskHolder"
    early = document("aster", "grant", "plan", name, "--host", "cinder-west", "--quantity", "5000")
    assert (early["outcome"], early["reasons"][0]["code"]) == ("refused", "must_offer")
    assert document("aster", "offer", "plan", name, *TERMS)["outcome"] == "done"
    notice = document("aster", "offer", "create", name, *TERMS, "--yes")["subject"]
    assert document("borealis", "offer", "list", "--status", "open")["items"][0]["terms"]["price"] == "2.10"
    assert document("borealis", "offer", "show", notice)["respond_by"].endswith("Z")
    assert document("borealis", "offer", "answer", notice, "--quantity", "3000", "--plan")["dry_run"]
    assert document("borealis", "offer", "answer", notice, "--quantity", "3000", "--host", "borealis-east=3000", "--yes")["outcome"] == "done"
    signed = document("aster", "grant", "create", name, "--host", "cinder-west", "--quantity", "2000", "--yes")["subject"]
    assert document("cinder", "grant", "deliver", signed, "--quantity", "2000", "--yes")["outcome"] == "done"
    assert document("cinder", "grant", "show", signed)["delivered"] == 2000
    assert [r["host"] for r in document("cinder", "reservation", "list")["items"]] == ["cinder-west"]
    assert document("cinder", "reservation", "show", signed)["steps"]
    shown = document("aster", "request", "show", name)
    assert shown["status"] == "granted"
    assert "RightExercised" in [event["type"] for event in shown["events"]]
    assert document("aster", "grant", "release", signed, "--yes")["outcome"] == "done"
    watched = document("aster", "watch", "--types", "Granted")
    assert [event["type"] for event in watched["items"]] == ["dibs.Granted", "dibs.Granted"]
    assert document("aster", "watch", "--cursor", watched["next"], "--types", "Granted")["items"] == []


def test_a_person_reads_what_would_happen_and_why_not(as_party, document):
    said = as_party("aster", "request", "plan", *NEED).stdout
    assert "would be done: ask for 5,000 h100 for training from 2025-06-01" in said
    name = document("aster", "request", "create", *NEED, "--yes")["subject"]
    refused = as_party("aster", "grant", "create", name, "--host", "cinder-west", "--quantity", "5000", "--yes").stdout
    assert "refused: sign for 5,000 on `cinder-west`" in refused
    assert "must offer, first-refusal:" in refused
    listed = as_party("aster", "request", "list").stdout
    assert name in listed
    assert "aster: serve a notice on the holder" in listed
    shown = as_party("aster", "request", "show", name).stdout
    assert "what happened" in shown
    assert "request submitted" in shown
    assert "there are no such offers" in as_party("cinder", "offer", "list").stdout
    assert "\x1b[" not in listed + shown + said


def test_an_offer_is_countered_withdrawn_and_a_need_given_up(document):
    name = document("aster", "request", "create", *NEED, "--yes")["subject"]
    notice = document("aster", "offer", "create", name, *TERMS, "--yes")["subject"]
    countered = document("borealis", "offer", "answer", notice, "--quantity", "5000", "--price", "2.50", "--plan")
    assert "RightCountered" in [event["type"] for event in countered["events"]]
    assert document("aster", "offer", "withdraw", notice, "--yes")["outcome"] == "done"
    assert document("aster", "offer", "show", notice)["status"] == "withdrawn"
    assert document("aster", "request", "cancel", name, "--yes")["outcome"] == "done"
    assert document("aster", "request", "show", name)["status"] == "cancelled"


def test_the_same_act_under_one_key_is_done_once(document):
    first = document("aster", "request", "create", *NEED, "--yes", "--key", "monday")
    assert document("aster", "request", "create", *NEED, "--yes", "--key", "monday")["subject"] == first["subject"]
    assert len(document("aster", "request", "list")["items"]) == 1


def test_commitments_of_a_server_are_listed(document, as_party):
    items = document("aster", "commitment", "list")["items"]
    assert items
    shown = document("aster", "commitment", "show", items[0]["clause"])
    assert shown["texts"][0]["currency"] == "USD"
    assert items[0]["clause"] in as_party("aster", "commitment", "list").stdout
    assert "month" in as_party("aster", "commitment", "show", items[0]["clause"]).stdout


def granted(document):
    """A grant with statements behind it: the class needs nobody to be asked."""
    small = [*NEED[:5], "1500", *NEED[6:]]
    name = document("aster", "request", "create", *small, "--yes")["subject"]
    notice = document("aster", "offer", "create", name, *TERMS, "--yes")["subject"]
    document("borealis", "offer", "answer", notice, "--quantity", "1500", "--yes")
    (grant,) = document("borealis", "grant", "list")["items"]
    document("borealis", "grant", "deliver", grant["id"], "--quantity", "1500", "--yes")


def test_the_book_of_a_server_is_settled_and_exported(document, as_party, server, tmp_path):
    granted(document)
    server.move_to(1_759_276_800)  # 2025-10-01: three months are over
    settled = document("aster", "settle", "--server", server.url, "--out", str(tmp_path))
    assert settled["statements"]
    for item in settled["statements"]:
        for kind in ("html", "csv"):
            assert (tmp_path / "statements" / f"{item['id']}.{kind}").stat().st_size > 100
    assert "borealis" in as_party("aster", "settle", "--server", server.url).stdout
    document("aster", "export", "focus", "--server", server.url, "--to", str(tmp_path / "focus"))
    assert (tmp_path / "focus/cost-and-usage.csv").read_text().count("\n") > 1
    assert (tmp_path / "focus/contract-commitment.csv").exists()
    document("aster", "export", "beancount", "--server", server.url, "--to", str(tmp_path / "book.beancount"))
    assert "2025-" in (tmp_path / "book.beancount").read_text()


def test_a_run_and_a_server_are_two_books(document, server):
    for words in (("settle",), ("settle", "run-1", "--server", server.url), ("settle", "--server", server.url, "--ledger", "sqlite:///x.db")):
        assert document("aster", *words, exit_code=2)["findings"][0]["code"] == "DIB185"


def test_events_are_watched_as_they_happen(as_party, document):
    document("aster", "request", "create", *NEED, "--yes")
    result = as_party("aster", "watch", "--types", "RequestSubmitted", "--count", "1")
    assert "request submitted" in result.stdout
    assert "--cursor" in result.stderr


def test_the_token_may_stand_in_a_file_that_only_its_owner_can_read(as_party, server, tmp_path):
    file = tmp_path / "token"
    file.write_text(server.token("aster") + "\n")
    file.chmod(0o600)
    as_party("cinder", "request", "list", "--token-file", str(file))
    file.chmod(0o644)
    refused = as_party("cinder", "request", "list", "--token-file", str(file), "--json", exit_code=2)
    assert json.loads(refused.stdout)["findings"][0]["code"] == "DIB403"


@pytest.mark.parametrize(
    ("address", "warned"),
    [("http://dibs.invalid", True), ("https://dibs.invalid", False), ("http://127.0.0.1:1", False), ("http://localhost:1", False)],
)
def test_a_token_on_an_unencrypted_line_is_warned_of(monkeypatch, address, warned):
    monkeypatch.setenv("DIBS_TOKEN", "dibs_0123_secret")
    result = CliRunner().invoke(cli, ["request", "create", *NEED, "--server", address])  # ends before anything is sent: nobody says yes
    assert ("unencrypted" in result.stderr) == warned
    assert "DIB410" in result.stderr


def test_nobody_is_asked_where_nobody_is(document):
    found = document("aster", "request", "create", *NEED, exit_code=2)
    assert [one["code"] for one in found["findings"]] == ["DIB410"]
    assert document("aster", "request", "list")["items"] == []


def test_what_the_server_finds_wrong_stands_where_it_was_typed(document, as_party):
    found = document("aster", "offer", "show", "off-none", exit_code=2)["findings"]
    assert [(one["code"], one["where"]) for one in found] == [("DIB302", "(command line):1:17")]
    found = document("aster", "request", "plan", *NEED[:-4], "--start", "2025-06-01", "--id", "no good", exit_code=2)["findings"]
    assert found[0]["code"] == "DIB303"
    assert "(command line)" in found[0]["where"]
    refused = as_party("borealis", "request", "list", exit_code=1)
    assert "DIB301" in refused.stderr


@pytest.mark.parametrize(("said", "done"), [("y\n", True), ("n\n", False)])
def test_a_person_at_a_terminal_sees_the_plan_and_is_asked(server, document, said, done):
    environment = {**os.environ, "DIBS_SERVER": server.url, "DIBS_TOKEN": server.token("aster"), "NO_COLOR": "1", "TERM": "dumb"}
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "dibs", "request", "create", *NEED]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, close_fds=True) as process:
        os.close(theirs)
        seen = b""
        while b"do it?" not in seen:
            seen += os.read(ours, 4096)
        os.write(ours, said.encode())
        try:
            while more := os.read(ours, 4096):
                seen += more
        except OSError:
            pass  # the other end of a terminal is gone
        process.wait(30)
    os.close(ours)
    assert b"would be done" in seen
    assert process.returncode == 0
    assert len(document("aster", "request", "list")["items"]) == int(done)
