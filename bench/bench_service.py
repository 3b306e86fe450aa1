"""Whole offer procedures a second through HTTP, on SQLite and PostgreSQL; how long single answers take; how fast it starts.

Server and clients are processes of their own, as they would be: `dibs serve` on one core, clients on sockets of their own
on the other.  The peers are a loop that writes the same rows into the same tables and decides nothing, and an endpoint of the
same framework that reads a body and answers a constant.  `DIBS_BENCH_ENTRIES` (default 100,000) is how large the
book is from which the reading rows and the cold start are measured.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.bench_procedure import HARBOUR, Bare, rows_of
from bench.measure import Row, rates

from dibs.broker import Act, Broker
from dibs.contract.load import load
from dibs.decisions.compile import compile_agreement
from dibs.journal.checkpoint import SigningKey
from dibs.procedure.commands import AdoptAgreement, ServeNotice, SubmitRequest
from dibs.procedure.procedure import due
from dibs.service.clocks import SteeredClock
from dibs.service.office import Office
from dibs.store.sqlite import SqliteStore
from dibs.testing.acts import BEGIN, life, need, opening
from dibs.testing.databases import PostgresServer, why_not

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dibs.decisions.compile import Compiled

ENTRIES = int(os.environ.get("DIBS_BENCH_ENTRIES", "100000"))
OPEN = int(os.environ.get("DIBS_BENCH_OPEN", "100000"))
PROCEDURES = 400
CLIENTS = 32
ADMIN = "dibs-bench-admin-token-0123456789"
ENDPOINT = """
import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
async def answer(request):
    await request.body()
    return Response(b'{"outcome":"done"}', media_type="application/json")
uvicorn.run(Starlette(routes=[Route("/v1/offers", answer, methods=["POST"])]), port=PORT, log_config=None, access_log=False)
"""


class Http:
    """One connection that is kept; as little client as can be, so that the server is what is measured."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._token = token
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: object = None, key: str = "") -> Any:
        reader, writer = self._streams or await asyncio.open_connection("127.0.0.1", self._port)
        self._streams = (reader, writer)
        sent = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {self._token}\r\ncontent-type: application/json\r\n"
        writer.write(f"{head}idempotency-key: {key or time.perf_counter_ns()}\r\ncontent-length: {len(sent)}\r\n\r\n".encode() + sent)
        raw = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in raw.split(b"\r\n") if line.lower().startswith(b"content-length"))
        answer = json.loads(await reader.readexactly(length))
        status = int(raw.split(b" ", 2)[1])
        if status >= 400:
            raise RuntimeError(f"{method} {path}: {status} {answer}")
        return answer

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A process that listens; `cpu` is the processor time it took."""

    def __init__(self, words: list[str], port: int, path: str = "/healthz", **environment: str) -> None:
        self.port = port
        began = time.perf_counter()
        self.process = subprocess.Popen(words, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port), 1) as line:
                    line.sendall(f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n".encode())
                    if line.recv(100):
                        break
            except OSError:
                if self.process.poll() is not None:
                    raise RuntimeError(f"{words[:4]} ended with {self.process.returncode}") from None
                time.sleep(0.005)
        self.ready = time.perf_counter() - began

    def cpu(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


def dibs(db: str, *words: str) -> Server:
    """`dibs serve` on a database."""
    port = free_port()
    run = [sys.executable, "-m", "dibs", "serve", *words, "--db", db, "--listen", f"127.0.0.1:{port}"]
    return Server(run, port, DIBS_ADMIN_TOKEN=ADMIN, DIBS_RATE="0")


def day(after: int) -> str:
    return (datetime.fromtimestamp(time.time(), UTC) + timedelta(days=after)).strftime("%Y-%m-%dT00:00:00Z")


async def prepare(port: int) -> tuple[str, str]:
    """Declare room, and let the supplier in: two tokens."""
    admin = Http(port, ADMIN)
    buyer = (await admin.ask("POST", "/v1/tokens", {"role": "operator", "person": "buyer"}))["secret"]
    supplier, cinder = [await let_in(port, admin, party) for party in ("borealis", "cinder")]
    for token, host in ((supplier, "borealis-east"), (cinder, "cinder-west")):
        http = Http(port, token)
        await http.ask("POST", "/v1/capacity", {"host": host, "sku": "h100", "steps": [{"from": day(0), "quantity": 1_000_000_000}]})
        http.close()
    admin.close()
    return buyer, supplier


async def let_in(port: int, admin: Http, party: str) -> str:
    """Invite somebody of a party, who accepts: a token."""
    invited = await admin.ask("POST", "/v1/tokens", {"role": "admin", "person": "first", "party": party})
    http = Http(port, invited["secret"])
    own = await http.ask("POST", f"/v1/tokens/{invited['id']}/rotation", {})
    http.close()
    secret: str = own["secret"]
    return secret


async def procedure(buyer: Http, supplier: Http, name: str, took: list[float]) -> None:
    """A request, a notice, the holder's refusal, a grant elsewhere."""

    async def timed(http: Http, path: str, body: object, step: str) -> Any:
        began = time.perf_counter()
        answer = await http.ask("POST", path, body, f"{name}-{step}")
        took.append((time.perf_counter() - began) * 1000)
        assert answer["outcome"] == "done", answer
        return answer["subject"]

    asked = {
        "class": "training",
        "sku": "h100",
        "quantity": 5000,
        "start_earliest": day(90),
        "start_latest": day(150),
        "months": 12,
        "purpose": name,
    }
    request = await timed(buyer, "/v1/capacity-requests", asked, "need")
    terms = {
        "price": "2.10",
        "payment": "monthly in arrears",
        "take_or_pay": "0.8",
        "service_level": "0.999",
        "delivery_tolerance": 1_209_600,
        "address": "capacity desk",
        "regions": ["us-east", "us-west"],
    }
    offer = await timed(buyer, "/v1/offers", {"request": request, "terms": terms}, "offer")
    await timed(supplier, f"/v1/offers/{offer}/responses", {"quantity": 0, "reason": "price"}, "answer")
    await timed(buyer, "/v1/grants", {"request": request, "host": "cinder-west", "quantity": 5000}, "grant")


async def drive(port: int, tokens: tuple[str, str], mark: str, took: list[float]) -> float:
    """Many procedures by many clients; procedures a second."""
    pairs = [(Http(port, tokens[0]), Http(port, tokens[1])) for _ in range(CLIENTS)]

    async def client(number: int) -> None:
        for nth in range(number, PROCEDURES, CLIENTS):
            await procedure(*pairs[number], f"{mark}-{nth}", took)

    began = time.perf_counter()
    await asyncio.gather(*(client(number) for number in range(CLIENTS)))
    rate = PROCEDURES / (time.perf_counter() - began)
    for pair in pairs:
        for http in pair:
            http.close()
    return rate


async def constant(port: int) -> float:
    """Requests a second of an endpoint that answers a constant."""
    clients = [Http(port, "") for _ in range(CLIENTS)]

    async def client(http: Http) -> None:
        for _ in range(PROCEDURES * 4 // CLIENTS):
            await http.ask("POST", "/v1/offers", {"request": "r", "terms": {"price": "2.10"}})

    began = time.perf_counter()
    await asyncio.gather(*(client(http) for http in clients))
    return PROCEDURES * 4 / (time.perf_counter() - began)


def percentile(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def measure() -> Iterator[Row]:
    """All rows."""
    agreement = compile_agreement(load(HARBOUR.read_text(), "agreement.yaml"))
    with tempfile.TemporaryDirectory(prefix="dibs-bench-", dir=os.environ.get("DIBS_BENCH_DIR")) as folder, contextlib.ExitStack() as servers:
        place = Path(folder)
        stores = {"SQLite": f"sqlite:///{place / 'book.db'}"}
        if why_not():
            print(f"PostgreSQL is left out: {why_not()}", file=sys.stderr)
        else:
            stores["PostgreSQL"] = servers.enter_context(PostgresServer()).url()
        yield from through_http(place, agreement, stores)
        yield from reading(place, agreement)
        yield from waiting(place, agreement)


def through_http(place: Path, agreement: Compiled, stores: Mapping[str, str]) -> Iterator[Row]:
    """Procedures through HTTP, each store beside a bare loop on SQLite and the constant endpoint."""
    port = free_port()
    plain = Server([sys.executable, "-c", ENDPOINT.replace("PORT", str(port))], port)
    bare = Bare(place / "bare.db", rows_of(agreement, 1200))
    try:
        for name, db in stores.items():
            server = dibs(db, str(HARBOUR))
            tokens = asyncio.run(prepare(server.port))
            took: list[float] = []
            asyncio.run(drive(server.port, tokens, "warm", []))
            ours, constants, busy = [], [], []
            for turn in range(3):
                before = server.cpu()
                ours.append(asyncio.run(drive(server.port, tokens, f"turn{turn}", took)))
                busy.append((server.cpu() - before) / PROCEDURES * 1000)
                constants.append(asyncio.run(constant(port)) / 4)
            server.stop()
            loop = rates({"bare": bare}, rounds=3)["bare"]
            said = f"{CLIENTS} clients; {statistics.median(busy):.1f} ms of processor time a procedure in the server"
            yield Row(f"procedures through HTTP on {name}", statistics.median(ours), "/s", loop, "bare SQLite loop, same rows", note=said)
            yield Row(f"the same, beside a constant endpoint x 4 ({name})", statistics.median(ours), "/s", statistics.median(constants), "Starlette")
            for part in (0.5, 0.95, 0.99):
                yield Row(f"one act through HTTP on {name}, p{part * 100:.0f}", percentile(took, part), "ms")
    finally:
        plain.stop()


def reading(place: Path, agreement: Compiled) -> Iterator[Row]:
    """How long a large book takes to explain one need, and to start."""
    path = place / "large.db"
    key = SigningKey("bench.example/large", bytes(32))
    (place / "large.db.key").write_text(f"{key}\n")
    broker = Broker(SqliteStore(path, signer=key), agreement)
    broker.adopt(agreement, by="aster", at=BEGIN)
    broker.submit_many(opening())
    acts: list[Act] = []
    for act in life(ENTRIES // 5):
        acts.append(act)
        if len(acts) == 5000:
            broker.submit_many(acts)
            acts.clear()
    broker.submit_many(acts)
    names = [*broker.state.requests]
    broker.close()
    first = dibs(f"sqlite:///{path}")  # reads every entry once for what the service keeps beside the state, and leaves a snapshot
    first.stop()
    starts = []
    for _ in range(3):
        server = dibs(f"sqlite:///{path}")
        starts.append(server.ready)
        if len(starts) < 3:
            server.stop()
    size = f"{ENTRIES:,} entries"
    yield Row(f"cold start of the service, {size}", statistics.median(starts), "s", aim=2, note=f"without a snapshot {first.ready:.1f} s")

    async def explain() -> tuple[list[float], list[float]]:
        http = Http(server.port, ADMIN)
        events, decisions = [], []
        for nth in range(300):
            began = time.perf_counter()
            await http.ask("GET", f"/v1/capacity-requests/{names[nth * 7919 % len(names)]}/events")
            events.append((time.perf_counter() - began) * 1000)
            began = time.perf_counter()
            await http.ask("GET", f"/v1/decisions/{nth * 7919 % ENTRIES // 2}")
            decisions.append((time.perf_counter() - began) * 1000)
        return events, decisions

    events, decisions = asyncio.run(explain())
    server.stop()
    yield Row(f"explain one need, {size}, p95", percentile(events, 0.95), "ms", aim=50)
    yield Row(f"explain one decision, {size}, p95", percentile(decisions, 0.95), "ms", aim=50)


def waiting(place: Path, agreement: Compiled) -> Iterator[Row]:
    """What open offers cost while they wait, and how late their lapses are put on record."""
    clock = SteeredClock(BEGIN, runs=False)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    office = Office(SqliteStore(place / "open.db"), agreement, clock=clock, house="aster")
    office.broker.submit(AdoptAgreement(by="aster", digest=agreement.agreement.digest))
    office.broker.submit_many(opening())
    acts: list[Act] = []
    for nth in range(OPEN):
        at = BEGIN + nth * 20 * 86_400 // OPEN
        acts += (Act(command=a.command, at=at, key=a.key) for a in need(nth, at) if isinstance(a.command, SubmitRequest | ServeNotice))
        if len(acts) >= 5000 or nth == OPEN - 1:
            office.broker.submit_many(acts)
            acts.clear()
    assert sum(offer.status == "open" for offer in office.state.offers.values()) == OPEN
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    following = due(office.state)
    assert following is not None
    took = []
    while len(took) < 200:
        clock.move_to(following)
        began = time.perf_counter()
        office.wake()
        took.append((time.perf_counter() - began) * 1000)
        following = due(office.state) or following
    yield Row(f"{OPEN:,} open offers, memory", grown, "MB", note="nothing but the state's own rows: no thread, no task, no timer each")
    yield Row(f"wake and put a lapse on record, {OPEN:,} open offers, p95", percentile(took, 0.95), "ms", aim=1000)
    clock.move_to(following + 86_400)
    open_before = sum(offer.status == "open" for offer in office.state.offers.values())
    began = time.perf_counter()
    office.wake()
    seconds = time.perf_counter() - began
    lapsed = open_before - sum(offer.status == "open" for offer in office.state.offers.values())
    yield Row(f"{lapsed:,} lapses of one day, woken late and at once", seconds * 1000, "ms", note="one commit; each takes effect at its own instant")
    office.broker.close()
