"""The pages through HTTP: who sees which, what forms do, and what they say when something is wrong."""

from __future__ import annotations

import re

import httpx2
import pytest

from dibs.quantities import DAY
from dibs.service.access import ACTS, Role
from dibs.testing.acts import BEGIN
from dibs.testing.service import need, notice, running
from dibs.web.routes import PAGES

HOUSE = (
    "/",
    "/requests",
    "/offers",
    "/grants",
    "/capacity",
    "/calendar",
    "/where",
    "/agreement",
    "/agreement/difference",
    "/build-out",
)
MONEY = ("/commitments", "/money")
HOUSE_ONLY = ("/requests", "/requests/new", "/requests/need", "/calendar", "/where", "/build-out", "/journal")


def visitor(service, party, role=Role.OPERATOR, person=""):
    """A browser, as far as HTTP goes: it keeps its cookies."""
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=service.app, raise_app_exceptions=True), base_url="http://dibs.test")
    return client, service.token(party, role, person)


async def enter(service, party, role=Role.OPERATOR, person=""):
    client, token = visitor(service, party, role, person)
    answer = await client.post("/sign-in", data={"token": token})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    return client


async def form(client, page, do, /, address="", **fields):
    """Send a form as its page has it, with its hidden fields."""
    text = (await client.get(page)).text
    csrf = re.search(r'name="csrf" value="([^"]+)"', text)[1]
    key = re.search(r'name="key" value="([^"]+)"', text)[1]
    return await client.post(address or page, data={"csrf": csrf, "key": f"{key}-{do}", "do": do, **fields})


async def begun(service):
    """A need with its offer, a part of it taken and the rest promised to another."""
    aster, borealis = service.client("aster"), service.client("borealis")
    await aster.post("/v1/capacity-requests", json=need(id="need"))
    await aster.post("/v1/offers", json=notice("need") | {"id": "offer"})
    await borealis.post("/v1/offers/offer/responses", json={"quantity": 3000})
    await aster.post("/v1/grants", json={"id": "promise", "request": "need", "host": "cinder-west", "quantity": 2000})
    await aster.post("/v1/capacity-requests", json=need(id="secret-need", quantity=7000))
    await aster.post("/v1/offers", json=notice("secret-need") | {"id": "open-offer"})


def test_nobody_sees_a_page_before_signing_in(harbour, go):
    async def look():
        async with running(harbour) as service:
            await begun(service)
            client, _ = visitor(service, "aster")
            for method, place, _ in PAGES:
                answer = await client.request(method, place.replace("{id}", "need").replace("{pair}", "a--b").replace("{month}", "2025-03"))
                assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in"), place
            door = await client.get("/sign-in")
            assert "Aster" not in door.text
            wrong = await client.post("/sign-in", data={"token": "dibs_wrong_token"})
            assert wrong.status_code == 401
            assert "not good" in wrong.text

    go(look())


@pytest.mark.parametrize("role", list(Role))
def test_every_page_opens_for_whom_it_is_and_says_no_to_others(harbour, go, role):
    async def look():
        async with running(harbour) as service:
            await begun(service)
            house, other = await enter(service, "aster", role), await enter(service, "borealis", role)
            for place in (*HOUSE, "/requests/need", "/offers/offer", "/grants/promise"):
                answer = await house.get(place)
                assert answer.status_code == 200, place
                assert "default-src 'none'" in answer.headers["content-security-policy"]
            for place in MONEY:
                assert (await house.get(place)).status_code == (403 if role == Role.DESK else 200), place
            assert (await house.get("/journal")).status_code == (403 if role == Role.DESK else 200)
            assert (await house.get("/requests/new")).status_code == (200 if role in ACTS else 403)
            for place in HOUSE_ONLY:
                assert (await other.get(place)).status_code in {403, 404}, place
            assert (await other.get("/offers/offer")).status_code == 200

    go(look())


def test_a_counterparty_reads_nothing_of_others_on_any_of_its_pages(harbour, go):
    async def look():
        async with running(harbour) as service:
            await begun(service)
            cinder = await enter(service, "cinder", Role.ADMIN)
            for place in (
                "/",
                "/offers",
                "/grants",
                "/grants/promise",
                "/capacity",
                "/agreement",
                "/agreement/difference",
                "/commitments",
                "/money",
                "/people",
            ):
                answer = await cinder.get(place)
                assert answer.status_code == 200, place
                said = answer.text.lower()
                for other in (
                    "borealis cloud",
                    "delta",
                    "secret-need",
                    "open-offer",
                    "first-refusal",
                    "borealis-east",
                    "7,000",
                    "3,000",
                    "first-call",
                ):
                    assert other not in said, (place, other)
            hidden, absent = await cinder.get("/offers/offer"), await cinder.get("/offers/atlantis")
            assert (hidden.status_code, absent.status_code) == (404, 404)
            mask = re.compile(r'value="[^"]*"|offer`?\b|atlantis|dibs_\w+')
            assert mask.sub("", hidden.text) == mask.sub("", absent.text)

    go(look())


def test_pages_of_one_party_do_not_change_with_what_others_do(harbour, go):
    async def world(*, busy):
        async with running(harbour) as service:
            if busy:
                await begun(service)
            delta = await enter(service, "delta", Role.ADMIN)
            places = ("/", "/offers", "/grants", "/capacity", "/agreement", "/commitments", "/money")
            random = re.compile(r'name="(csrf|key)" value="[^"]*"|tok-\w+')
            return {place: random.sub("", (await delta.get(place)).text) for place in places}

    assert go(world(busy=False)) == go(world(busy=True))


def test_a_form_from_elsewhere_does_nothing(harbour, go):
    async def forge():
        async with running(harbour) as service:
            await begun(service)
            borealis = await enter(service, "borealis")
            size = service.office.store.size
            for data in ({"do": "all"}, {"do": "all", "csrf": "guessed"}):
                assert (await borealis.post("/offers/open-offer", data=data)).status_code == 403
            text = (await borealis.get("/offers/open-offer")).text
            csrf = re.search(r'name="csrf" value="([^"]+)"', text)[1]
            answer = await borealis.post("/offers/open-offer", data={"do": "all", "csrf": csrf}, headers={"origin": "http://evil.test"})
            assert answer.status_code == 403
            assert service.office.store.size == size

    go(forge())


def test_what_is_wrong_with_a_form_is_said_at_its_fields_all_at_once_and_nothing_is_lost(harbour, go):
    async def ask():
        async with running(harbour) as service:
            aster = await enter(service, "aster")
            fields = {"class": "training", "sku": "h100", "quantity": "many", "start_earliest": "2025-06-01", "months": "-1", "purpose": "a purpose"}
            answer = await form(aster, "/requests/new", "ask", **fields)
            assert answer.status_code == 200
            for name, says in (("quantity", "a whole number is wanted here"), ("months", "at least 0"), ("start_latest", "this has to be filled in")):
                assert re.search(rf'id="fault-{name}">[^<]*{says}', answer.text), name
            assert 'value="a purpose"' in answer.text
            assert service.front.state.requests == {}

    go(ask())


def test_a_form_sent_twice_is_done_once(harbour, go):
    async def twice():
        async with running(harbour) as service:
            aster = await enter(service, "aster")
            text = (await aster.get("/requests/new")).text
            data = {name: re.search(rf'name="{name}" value="([^"]+)"', text)[1] for name in ("csrf", "key", "do")}
            data |= {"class": "training", "sku": "h100", "quantity": "5000", "months": "12"}
            data |= {"start_earliest": "2025-06-01", "start_latest": "2025-09-01"}
            one, two = await aster.post("/requests/new", data=data), await aster.post("/requests/new", data=data)
            assert one.status_code == two.status_code == 303
            assert one.headers["location"] == two.headers["location"]
            assert len(service.front.state.requests) == 1

    go(twice())


def test_what_would_happen_is_shown_and_nothing_is_kept(harbour, go):
    async def suppose():
        async with running(harbour) as service:
            await begun(service)
            borealis = await enter(service, "borealis")
            size = service.office.store.size
            told = await form(borealis, "/offers/open-offer", "part", quantity="2000", **{"try": "yes"})
            assert "2,000 accelerators were taken" in told.text
            assert "Nothing is sent yet" in told.text
            assert service.office.store.size == size

    go(suppose())


def test_a_refusal_is_an_answer_with_its_clause_and_not_an_error(harbour, go):
    async def refuse():
        async with running(harbour) as service:
            await begun(service)
            aster = await enter(service, "aster")
            answer = await form(
                aster, "/requests/secret-need", "grant", request="secret-need", host="cinder-west", quantity="7000", **{"terms.price": "2.10"}
            )
            assert answer.status_code == 200
            assert "Refused, and this is why" in answer.text
            assert "on record" in answer.text

    go(refuse())


def test_terms_go_in_as_people_write_them(harbour, go):
    async def serve():
        async with running(harbour) as service:
            await service.client("aster").post("/v1/capacity-requests", json=need(id="need"))
            aster = await enter(service, "aster")
            fields = {
                "terms.price": "2.10",
                "terms.payment": "monthly in arrears",
                "terms.take_or_pay": "80",
                "terms.service_level": "99.9 %",
                "terms.delivery_tolerance": "14",
                "terms.address": "desk",
                "terms.regions": "us-east, us-west",
                "respond_within": "31",
            }
            answer = await form(aster, "/requests/need", "offer", request="need", **fields)
            assert answer.status_code == 303, answer.text
            (offer,) = service.front.state.offers.values()
            assert (str(offer.terms.take_or_pay), str(offer.terms.service_level)) == ("0.8", "0.999")
            assert offer.terms.delivery_tolerance == 14 * DAY
            assert offer.terms.regions == ("us-east", "us-west")
            assert offer.respond_by == BEGIN + 31 * DAY

    go(serve())


@pytest.mark.parametrize(("do", "fields", "status"), [
    ("all", {}, "exercised"),
    ("part", {"quantity": "2000"}, "partially_exercised"),
    ("decline", {"reason": "price"}, "declined"),
    ("counter", {"quantity": "7000", "terms.price": "2.60"}, "countered"),
    ("waive", {"signed_by": "Bo"}, "waived"),
])  # fmt: skip
def test_a_clerk_answers_an_offer_in_each_way(harbour, go, do, fields, status):
    async def answer():
        async with running(harbour) as service:
            await begun(service)
            borealis = await enter(service, "borealis")
            said = await form(borealis, "/offers/open-offer", do, **fields)
            assert said.status_code == 303, said.text
            assert service.front.state.offers["open-offer"].status == status
            shown = await borealis.get("/offers/open-offer")
            assert shown.status_code == 200
            desk = await (await enter(service, "aster")).get("/requests/secret-need")
            assert desk.status_code == 200
            assert (status == "countered") == ("Accept these terms" in desk.text)

    go(answer())


def test_an_offer_behind_the_barrier_is_read_by_a_named_person_and_that_is_logged(harbour, go):
    async def read():
        async with running(harbour, at=BEGIN + 150 * DAY) as service:
            aster = service.client("aster")
            late = {"start_earliest": "2025-10-01T00:00:00Z", "start_latest": "2025-12-01T00:00:00Z"}
            await aster.post("/v1/capacity-requests", json=need(id="need", **late))
            await aster.post("/v1/offers", json=notice("need") | {"id": "offer"})
            clerk = await enter(service, "borealis", person="Bo")
            closed = await clerk.get("/offers/offer")
            assert "Read it (this is logged)" in closed.text
            assert "2.10" not in closed.text
            refused = await form(clerk, "/offers/offer", "read")
            assert "Bo asked to read the offer: not allowed" in refused.text
            await form(clerk, "/offers/offer", "name", person="Bo")
            assert (await form(clerk, "/offers/offer", "read")).status_code == 303
            assert "Will you take 5,000 h100 for training?" in (await clerk.get("/offers/offer")).text
            assert "2.10" not in (await (await enter(service, "borealis", person="Other")).get("/offers/offer")).text

    go(read())


def test_capacity_is_declared_on_a_page_and_what_was_said_of_earlier_days_stands(harbour, go):
    async def declare():
        async with running(harbour) as service:
            cinder = await enter(service, "cinder")
            answer = await form(cinder, "/capacity", "declare", place="cinder-west h100", starts="2025-07-01", quantity="9000")
            assert answer.status_code == 303, answer.text
            steps = service.front.state.books["cinder-west", "h100"].steps
            assert [quantity for _, quantity in steps] == [100_000, 9000]
            other = await form(cinder, "/capacity", "declare", place="borealis-east h100", starts="2025-07-01", quantity="9000")
            assert other.status_code == 200
            assert service.front.state.books["borealis-east", "h100"].steps[-1][1] == 100_000

    go(declare())


def test_a_statement_opens_to_its_lines_and_one_is_contested(harbour, go):
    async def settle():
        async with running(harbour) as service:
            await begun(service)
            aster = service.client("aster")
            starts = 1_748_736_000
            await service.move_to(starts)
            for grant in (await aster.get("/v1/grants")).json()["items"]:
                await aster.post(f"/v1/grants/{grant['id']}/deliveries", json={"quantity": grant["quantity"]})
            await service.move_to(starts + 65 * DAY)
            house = await enter(service, "aster", Role.FINANCE)
            listed = (await house.get("/money")).text
            (place, *_) = re.findall(r'href="(/money/[a-z]+--[a-z]+/\d{4}-\d{2})"', listed)
            shown = (await house.get(place)).text
            entry = re.search(r'name="entry" value="([^"]+)"', shown)[1]
            assert (await form(house, place, "contest", entry=entry, says="we never had it")).status_code == 303
            assert "we never had it" in (await house.get(place)).text
            assert "," in (await house.get(f"{place}/csv")).text
            assert (await house.get("/commitments")).status_code == 200
            assert "counted so far" in (await house.get("/commitments")).text

    go(settle())


def test_the_clock_of_a_rehearsal_is_moved_on_from_any_page(harbour, go):
    async def move():
        async with running(harbour) as service:
            await begun(service)
            aster = await enter(service, "aster")
            answer = await form(aster, "/requests/secret-need", "move", address="/clock", days="30", back="/requests/secret-need")
            assert answer.headers["location"] == "/requests/secret-need"
            assert service.front.state.offers["open-offer"].status == "lapsed"
            away = await form(aster, "/", "move", address="/clock", days="1", back="//evil.test/")
            assert away.headers["location"] == "/"

    go(move())


def test_static_files_are_the_ones_that_pages_name(harbour, go):
    async def load():
        async with running(harbour) as service:
            client, _ = visitor(service, "aster")
            for name in ("report.css", "web.css", "web.js", "report.js"):
                assert (await client.get(f"/static/{name}")).status_code == 200
            for name in ("..%2Fpage.py", "page.py", "%2e%2e/page.py"):
                assert (await client.get(f"/static/{name}")).status_code == 404

    go(load())


@pytest.mark.parametrize("query", [
    "on=yesterday", "on=0001-01-01", "on=9999-12-31", "known=2300-01-01", "on=%00", "from=x&to=y", "from=2199-12-31&to=1970-01-01", "cursor=made-up",
    "status=%F0%9F%92%A9", "class=training&host=atlantis", "class=%00&host=x", "class=training&host=cinder-west&quantity=-1", "quantity=1e99",
    "month=2025-99", "counterparty=%3Cscript%3E", "before=-1", "before=99999999999999", "before=0", "disclose=everything", "status=live&cursor=x",
])  # fmt: skip
def test_no_address_that_somebody_makes_up_breaks_a_page(harbour, go, query):
    async def look():
        async with running(harbour) as service:
            await begun(service)
            aster, borealis = await enter(service, "aster", Role.ADMIN), await enter(service, "borealis", Role.ADMIN)
            for place in (
                *HOUSE,
                *MONEY,
                "/journal",
                "/people",
                "/journal/proof/promise",
                "/requests/need",
                "/requests/..",
                "/money/a--b/2025-01",
                "/journal/proof/x",
            ):
                for client in (aster, borealis):
                    answer = await client.get(f"{place}?{query}")
                    assert answer.status_code < 500, (place, query)
                    assert "<script>" not in answer.text

    go(look())


def test_what_parties_write_is_shown_as_text_and_never_runs(harbour, go):
    async def write():
        async with running(harbour) as service:
            aster = service.client("aster")
            await aster.post("/v1/capacity-requests", json=need(id="need", purpose="<script>alert(1)</script>"))
            await aster.post("/v1/offers", json=notice("need", address='"><img src=x onerror=alert(1)>') | {"id": "offer"})
            for party, place in (
                ("aster", "/requests"),
                ("aster", "/requests/need"),
                ("aster", "/calendar"),
                ("aster", "/journal"),
                ("borealis", "/offers/offer"),
            ):
                text = (await (await enter(service, party)).get(place)).text
                assert "<script>alert" not in text
                assert "<img src=x" not in text

    go(write())
