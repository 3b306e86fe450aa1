"""Ways past the gate that were found once, and stay closed."""

from __future__ import annotations

from collections import Counter

import pytest
from starlette.requests import Request

from dibs.service.access import Role
from dibs.service.sessions import Sessions
from dibs.testing.service import running

from .test_limits import at_the_gate

VARIANTS = ("Bearer {}", "bearer {}", "BEARER {}", "bEaReR {}", "Bearer  {}", "Bearer   {}", "beaRer    {}")


def test_a_token_has_one_share_however_it_is_written(harbour, go):
    async def share():
        async with running(harbour) as service:
            client, token = at_the_gate(service, rate=5), service.token("borealis")
            codes = [(await client.get("/v1/me", headers={"authorization": form.format(token)})).status_code for form in VARIANTS]
            assert codes == [200] * 5 + [429] * 2

    go(share())


@pytest.mark.parametrize("path", ["/v1/nope", "/v1/scenarios/nope", "/v1/me/"])
def test_a_token_that_nobody_looked_at_is_still_a_guess(harbour, go, path):
    async def guess():
        async with running(harbour) as service:
            client = at_the_gate(service, guesses=5)
            guesses = [{"authorization": f"Bearer guess{number}"} for number in range(20)]
            for shown in guesses:
                await client.get(path, headers=shown)
            codes = Counter([(await client.get("/v1/me", headers=shown)).status_code for shown in guesses])
            assert codes == {401: 5, 429: 15}

    go(guess())


def test_a_token_that_may_not_do_something_passes_where_others_guess(harbour, go):
    """Known is who was recognised, not who was permitted."""

    async def known():
        async with running(harbour) as service:
            client = at_the_gate(service, guesses=2)
            shown = {"authorization": f"Bearer {service.token('borealis', Role.AUDITOR)}"}
            assert (await client.post("/v1/tokens", headers=shown, json={})).status_code == 403
            for number in range(4):
                await client.get("/v1/me", headers={"authorization": f"Bearer guess{number}"})
            assert (await client.get("/v1/me", headers=shown)).status_code == 200

    go(known())


def test_a_form_from_nowhere_is_not_ours(harbour, go):
    """A page in a sandbox says `Origin: null`."""

    async def null():
        async with running(harbour) as service:
            sessions = Sessions(service.front)
            for origin, ours in ((b"null", False), (b"", True), (b"http://dibs.test", True), (b"http://evil.test", False)):
                headers = [(b"host", b"dibs.test"), (b"origin", origin)]
                asked = Request({"type": "http", "method": "POST", "path": "/sign-in", "headers": headers, "query_string": b""})
                assert sessions.check_csrf(asked, "") is ours, origin

    go(null())
