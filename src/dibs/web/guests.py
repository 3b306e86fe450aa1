"""People: who may come in for a party, the tokens that let them, and who let them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dibs.errors import DibsError
from dibs.service.access import PEOPLE, Role
from dibs.service.problems import bad_body, problem_of
from dibs.service.routes.people import access_log, list_tokens, make_token, revoke_token
from dibs.web.forms import Done, faults_of, fill, gather
from dibs.web.page import Visit, go, show

if TYPE_CHECKING:
    from starlette.responses import Response

    from dibs.service.routes.people import TokenView

ROLES = (
    ("desk", "desk"),
    ("operator", "operator"),
    ("finance", "finance"),
    ("auditor", "auditor"),
    ("admin", "administrator"),
)
HINT = (
    "A desk asks, answers and grants; an operator also keeps agreements and capacity; finance sees money and contests it; "
    "an auditor looks and changes nothing; an administrator does everything and lets people in."
)


async def listed(visit: Visit) -> Response:
    """The tokens of this party, and what was done about its people."""
    return await _page(visit, None, None)


async def act(visit: Visit) -> Response:
    """Let somebody in, or not any more."""
    do = visit.form.get("do", "")
    try:
        if do == "revoke":
            await visit.ask(revoke_token, path={"id": visit.form.get("token", "")})
            return go("/people")
        if do != "make":
            raise bad_body(f"`{do}` is nothing that can be done about people")
        body, faults = fill(make_token.body, gather(visit.form, visit.zone))
        if faults:
            return await _page(visit, Done(do, faults=faults), None)
        return await _page(visit, None, await visit.ask(make_token, body=body))
    except DibsError as error:
        return await _page(visit, Done(do, faults=faults_of(problem_of(error))), None)


async def _page(visit: Visit, done: Done | None, made: TokenView | None) -> Response:
    may = visit.actor.role in PEOPLE
    tokens = (await visit.ask(list_tokens, limit=200)).items if may else ()
    now = visit.front.office.now()
    people, invites = visit.front.people, visit.actor.house and may
    uninvited = [(party, name) for party, name in visit.names.items() if invites and not people.administered(party, at=now)]
    return show(
        visit,
        "people.html",
        tokens=tokens,
        deeds=(await visit.ask(access_log, limit=50)).items,
        made=made,
        done=done,
        faults=done.faults if done else {},
        values=dict(visit.form) if done else {},
        roles=ROLES,
        hint=HINT,
        uninvited=uninvited,
        may=may,
        admin=Role.ADMIN,
    )
