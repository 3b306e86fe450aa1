"""The pages in a real browser: a newcomer's walk with a supplier in a second session, on a desk and a telephone, with and without a script."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dibs.contract.load import load
from dibs.decisions.compile import compile_agreement
from dibs.journal.checkpoint import SigningKey, VerifyingKey
from dibs.journal.proof import verify_bundle
from dibs.service.access import Role
from dibs.store.sqlite import SqliteStore
from dibs.testing.service import need, notice, on_a_socket, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    from dibs.testing.service import Service

pytestmark = pytest.mark.browser

CHROMIUM = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), "")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
HARBOUR = Path(__file__).parents[2] / "examples/harbour/agreement.yaml"
KEY = SigningKey("dibs.test/book", bytes(32))
HOUSE_PAGES = (
    "/",
    "/requests",
    "/requests/new",
    "/requests/need",
    "/offers",
    "/offers/offer",
    "/grants",
    "/grants/promise",
    "/capacity",
    "/calendar",
    "/where",
    "/where?class=training&host=cinder-west",
    "/agreement",
    "/agreement/difference",
    "/build-out",
    "/commitments",
    "/money",
    "/journal",
    "/journal/proof/promise",
    "/people",
)
SUPPLIER_PAGES = ("/", "/offers", "/offers/offer", "/grants", "/capacity", "/agreement", "/agreement/difference", "/commitments", "/money", "/people")


@dataclass
class Site:
    """A running service, seen from outside."""

    address: str
    service: Service
    loop: asyncio.AbstractEventLoop

    def token(self, party: str, role: Role = Role.ADMIN) -> str:
        return self.service.token(party, role, f"somebody of {party}")

    def do(self, work: Callable[[Service], Any]) -> Any:
        """Do something within the service's own thread."""
        return asyncio.run_coroutine_threadsafe(work(self.service), self.loop).result(30)


def _serve(tmp: Path) -> Iterator[Site]:
    """A service on a book of its own, in a thread of its own."""
    found: list[Site] = []
    ready, done = threading.Event(), asyncio.Event()

    async def live() -> None:
        harbour = compile_agreement(load(HARBOUR.read_text(), "agreement.yaml"))
        async with running(harbour, SqliteStore(tmp / "book.db", signer=KEY)) as service, on_a_socket(service) as address:
            found.append(Site(address, service, asyncio.get_running_loop()))
            ready.set()
            await done.wait()

    thread = threading.Thread(target=lambda: asyncio.run(live()))
    thread.start()
    assert ready.wait(30)
    yield found[0]
    found[0].loop.call_soon_threadsafe(done.set)
    thread.join(30)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    yield from _serve(tmp_path)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A service with a need, its offer, a part taken, and the rest promised elsewhere."""

    async def fill(service: Service) -> None:
        aster, borealis = service.client("aster"), service.client("borealis")
        await aster.post("/v1/capacity-requests", json=need(id="need"))
        await aster.post("/v1/offers", json=notice("need") | {"id": "offer"})
        await borealis.post("/v1/offers/offer/responses", json={"quantity": 3000})
        signed = await aster.post("/v1/grants", json={"id": "promise", "request": "need", "host": "cinder-west", "quantity": 2000})
        assert signed.json()["outcome"] == "done"
        await aster.post("/v1/capacity-requests", json=need(id="other", quantity=8000))
        await aster.post("/v1/offers", json=notice("other") | {"id": "running"})

    for site in _serve(tmp_path_factory.mktemp("book")):
        site.do(fill)
        yield site


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("there is no Chromium on this machine: install one to see the pages in it")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install dibs[test]")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def enter(browser: Browser, site: Site, party: str, **options: Any) -> Page:
    """A browser session of its own, signed in."""
    page = browser.new_context(**options).new_page()
    page.goto(site.address)
    page.get_by_label("Your token").fill(site.token(party))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{site.address}/")
    return page


@pytest.mark.parametrize("script", [True, False], ids=["with a script", "without a script"])
def test_a_newcomer_walks_from_the_need_to_the_proof_with_a_supplier_in_a_second_session(browser: Browser, site: Site, script: bool) -> None:
    buyer = enter(browser, site, "aster", java_script_enabled=script, accept_downloads=True)
    supplier = enter(browser, site, "borealis", java_script_enabled=script)
    assert "Nothing to answer" in supplier.inner_text("h1")

    # The need: first what would happen, then for real.
    buyer.get_by_role("link", name="Ask for capacity").first.click()
    buyer.get_by_label("How many").fill("5000")
    buyer.get_by_label("Start, at the earliest").fill("2025-06-01")
    buyer.get_by_label("Start, at the latest").fill("2025-09-01")
    buyer.get_by_role("button", name="What would happen?").click()
    told = buyer.locator("#outcome").inner_text()
    assert "Nothing is sent yet" in told
    assert "Borealis Cloud has to be asked first" in told
    buyer.get_by_role("button", name="Send the request").click()
    assert "5,000 h100 for training" in buyer.inner_text("h1")

    # The notice: an incomplete one is told at its fields, a complete one goes out.
    buyer.get_by_label("Price").fill("two")
    buyer.get_by_label("Take or pay").fill("80")
    buyer.get_by_label("Service level").fill("99.9")
    buyer.get_by_label("Delay at no cost").fill("14")
    buyer.get_by_role("button", name="Serve the notice on Borealis Cloud").click()
    assert "a number is wanted here" in buyer.locator(".field-of.wrong").inner_text()
    buyer.get_by_label("Price").fill("2.10")
    buyer.get_by_role("button", name="Serve the notice on Borealis Cloud").click()
    assert "Borealis Cloud has to answer" in buyer.inner_text("#next")

    # The supplier's clerk: one question, and a part is taken.
    supplier.reload()
    assert supplier.inner_text("h1") == "1 offer to answer"
    supplier.get_by_role("link", name="Answer", exact=True).click()
    assert "Will you take 5,000 h100 for training?" in supplier.inner_text("h1")
    assert "If you do nothing, the right lapses" in supplier.inner_text(".deadline")
    supplier.locator("summary", has_text="Take a part").click()
    part = supplier.locator("details", has_text="Take a part")
    part.get_by_label("How many").fill("3000")
    part.get_by_role("button", name="What would happen?").click()
    assert "3,000 accelerators were taken" in supplier.locator("#outcome").inner_text()
    supplier.locator("details", has_text="Take a part").get_by_role("button", name="Take this part").click()
    assert "Taken in part" in supplier.inner_text(".deadline")

    # What fell through is signed elsewhere, but not on richer terms.
    buyer.reload()
    assert "2,000 accelerators are free to go elsewhere" in buyer.inner_text("#next")
    buyer.get_by_role("radio", name="cinder-west").check()
    buyer.get_by_label("Price").fill("9.99")
    buyer.get_by_role("button", name="What would happen?").first.click()
    assert "would be refused" in buyer.locator("#outcome").inner_text() or "asked again" in buyer.locator("#outcome").inner_text()
    buyer.get_by_label("Price").fill("2.10")
    buyer.get_by_role("radio", name="cinder-west").check()
    buyer.get_by_role("button", name="Sign the grant").click()
    assert "All of it is promised" in buyer.inner_text(".lead")
    assert "2,000 accelerators are promised on cinder-west" in buyer.inner_text("#latest")

    # The proof holds, and can be taken away.
    buyer.locator("#grants a", has_text="cinder-west").click()
    buyer.get_by_role("link", name="The proof of it").click()
    assert "Yes" in buyer.locator(".caption").first.inner_text()
    with buyer.expect_download() as download:
        buyer.get_by_role("button", name="Download the proof").click()
    proven = verify_bundle(download.value.path().read_bytes(), VerifyingKey.parse(_key_of(site)))
    assert proven.answer is not None
    assert proven.answer.what == "RightExercised"


def _key_of(site: Site) -> str:
    async def ask(service: Service) -> str:
        return (await service.client("aster").get("/v1/journal/head")).json()["keys"][0]

    return str(site.do(ask))


def test_a_fresh_clone_is_walked_through_from_the_address_it_prints(browser: Browser, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "dibs", "serve", "--listen", "127.0.0.1:0", "--json", "--scenarios", str(HARBOUR.parents[1])]
    process = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        said = json.loads("".join((*iter(process.stdout.readline, "}\n"), "}")))
        buyer, supplier = browser.new_context().new_page(), browser.new_context().new_page()
        buyer.goto(said["address"])
        buyer.locator("[name=code]").fill(said["token"])
        buyer.locator("[name=example][value=harbour]").check()
        buyer.get_by_role("button", name="Begin").click()
        buyer.locator("dd code").first.wait_for()
        guest = re.search(r"borealis\s+(dibs_\S+)", buyer.inner_text("body"))
        assert guest is not None
        for page, token in ((buyer, said["token"]), (supplier, guest[1])):
            page.goto(said["address"])
            page.get_by_label("Your token").fill(token)
            page.get_by_role("button", name="Sign in").click()

        today = datetime.fromisoformat(str(buyer.locator("body").get_attribute("data-now"))).date()
        buyer.get_by_role("link", name="Ask for capacity").click()
        buyer.get_by_label("How many").fill("3000")
        buyer.get_by_label("Start, at the earliest").fill((today + timedelta(days=60)).isoformat())
        buyer.get_by_label("Start, at the latest").fill((today + timedelta(days=200)).isoformat())
        buyer.get_by_role("button", name="Send the request").click()
        for label, value in (("Price", "2.10"), ("Take or pay", "80"), ("Service level", "99.9"), ("Delay at no cost", "14")):
            buyer.get_by_label(label).fill(value)
        buyer.get_by_role("button", name="Serve the notice on Borealis Cloud").click()

        assert "Borealis Cloud has to answer" in buyer.inner_text("#next")
        supplier.reload()
        supplier.locator(".card a").first.click()
        assert "named staff only" in supplier.inner_text("h1")
        supplier.get_by_role("button", name="Name me as a reader").click()
        supplier.get_by_role("button", name="Read it (this is logged)").click()
        supplier.locator("summary", has_text="Take a part").click()
        supplier.locator("details", has_text="Take a part").get_by_label("How many").fill("1000")
        supplier.get_by_role("button", name="Take this part").click()
        assert "Taken in part" in supplier.inner_text(".deadline")

        buyer.reload()
        buyer.get_by_role("radio", name="cinder-west").check()
        buyer.get_by_role("button", name="Sign the grant").click()
        assert "All of it is promised" in buyer.inner_text(".lead")
        buyer.locator("#grants a", has_text="cinder-west").click()
        buyer.get_by_role("link", name="The proof of it").click()
        assert "Yes: 2,000 h100 on cinder-west" in buyer.locator(".caption").first.inner_text()
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def test_the_supplier_declines_and_the_need_is_free(browser: Browser, filled: Site) -> None:
    supplier = enter(browser, filled, "borealis")
    supplier.goto(f"{filled.address}/offers/running")
    supplier.locator("summary", has_text="Decline").click()
    supplier.get_by_label("Not at this price").check()
    supplier.locator("details", has_text="Decline").get_by_role("button", name="Decline").click()
    assert supplier.locator(".deadline").inner_text().startswith("Declined")
    buyer = enter(browser, filled, "aster")
    buyer.goto(f"{filled.address}/requests/other")
    assert "8,000 are free to go elsewhere" in buyer.inner_text(".lead")


def test_the_deadline_counts_down_in_the_readers_own_time_zone(browser: Browser, filled: Site) -> None:
    page = enter(browser, filled, "borealis", timezone_id="Asia/Tokyo", locale="en-GB")
    page.goto(f"{filled.address}/offers/offer")
    assert "GMT+9" in page.locator("time[data-local]").last.inner_text()
    page.goto(f"{filled.address}/grants/promise")
    assert page.locator("h1").inner_text() == "Not found"


@pytest.mark.parametrize(("party", "pages"), [("aster", HOUSE_PAGES), ("borealis", SUPPLIER_PAGES)])
def test_no_page_complains_asks_elsewhere_or_is_wider_than_a_telephone(browser: Browser, filled: Site, party: str, pages: tuple[str, ...]) -> None:
    page = enter(browser, filled, party, viewport={"width": 360, "height": 740})
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{page.url}: {message.text}") if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))
    page.on("request", lambda request: None if request.url.startswith((filled.address, "data:")) else said.append(f"asked {request.url}"))
    for place in pages:
        answer = page.goto(filled.address + place)
        assert answer is not None
        assert answer.status == 200, place
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, place
        assert page.locator("h1, h2").first.inner_text(), place
    assert said == []


def test_everything_on_the_answer_page_can_be_reached_with_the_keyboard(browser: Browser, filled: Site) -> None:
    page = enter(browser, filled, "borealis")
    page.goto(f"{filled.address}/offers")
    reached = []
    for _ in range(30):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim().slice(0, 40)"))
    assert "To the content" in reached
    assert any("5,000 h100" in text for text in reached)


def test_the_matrix_follows_the_day_and_a_cell_opens_its_reasons(browser: Browser, filled: Site) -> None:
    page = enter(browser, filled, "aster")
    page.goto(f"{filled.address}/where?on=2024-06-01")
    assert page.locator('[data-cell="training cinder-west"]').get_attribute("data-letter") == "R"
    page.goto(f"{filled.address}/where?on=2025-06-01")
    cell = page.locator('[data-cell="training cinder-west"]')
    assert cell.get_attribute("data-letter") == "O"
    cell.click()
    why = page.locator("#why").inner_text()
    assert "Before Aster takes new capacity elsewhere it offers it to Borealis." in why
    assert "agreement.yaml:" in why


def test_the_book_is_verified_from_its_page(browser: Browser, filled: Site) -> None:
    page = enter(browser, filled, "aster")
    page.goto(f"{filled.address}/journal")
    page.get_by_role("button", name="Verify the book").click()
    page.locator(".verdict-line", has_text="Nothing was altered").wait_for(timeout=20_000)


def test_an_administrator_invites_a_counterparty_which_comes_in(browser: Browser, site: Site) -> None:
    page = enter(browser, site, "aster")
    page.goto(f"{site.address}/people")
    page.get_by_label("Party").select_option("cinder")
    page.get_by_label("Whose").fill("Cy")
    page.get_by_role("button", name="Make an invitation").click()
    secret = page.locator(".secret").inner_text()
    guest = browser.new_context().new_page()
    guest.goto(site.address)
    guest.get_by_label("Your token").fill(secret)
    guest.get_by_role("button", name="Sign in").click()
    own = guest.locator(".secret").inner_text()
    assert own.startswith("dibs_")
    assert own != secret
    guest.get_by_role("link", name="Go in").click()
    assert "Cinder Compute" in guest.inner_text(".me:not(.clock)")
    page.goto(f"{site.address}/people")
    assert secret not in page.content()


def test_signing_out_ends_the_session(browser: Browser, filled: Site) -> None:
    page = enter(browser, filled, "aster")
    kept = json.dumps(page.context.cookies())
    page.locator(".me:not(.clock) summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    page.context.add_cookies(json.loads(kept))
    page.goto(f"{filled.address}/requests")
    assert page.url.endswith("/sign-in")
