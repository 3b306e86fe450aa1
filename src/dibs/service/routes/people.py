"""Who am I, who may come in."""

from __future__ import annotations

from dibs.service.access import EVERYBODY
from dibs.service.operation import Call, NoBody, NoQuery, operation
from dibs.service.shapes import MeView


@operation("GET", "/v1/me", "Who the token says you are", roles=EVERYBODY, side="any")
async def me(call: Call[NoBody, NoQuery]) -> MeView:
    """Your party, your role and your name."""
    actor = call.actor
    party = call.front.office.agreement.agreement.parties.get(actor.party)
    return MeView(party=actor.party, name=party.name if party else actor.party, role=actor.role, person=actor.person, house=actor.house)


OPERATIONS = (me,)
