"""Parties and hosts: who takes part, and where work can run."""

from __future__ import annotations

from datetime import date

import msgspec

from dibs.contract.model import Host, Party
from dibs.service.access import EVERYBODY
from dibs.service.operation import Call, NoBody, NoQuery, operation
from dibs.service.problems import not_found


class PartyView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A party.  `house` is the one that keeps the book."""

    id: str
    name: str
    house: bool = False
    role: str = ""
    competitor_of: dict[str, date] = {}
    controlled_by: str = ""


class PartyList(msgspec.Struct, frozen=True, kw_only=True):
    """Every party that is yours to see."""

    items: tuple[PartyView, ...]


class HostView(msgspec.Struct, frozen=True, kw_only=True):
    """A place where work runs: under whose contract (`platform`), on whose machines (`operator`)."""

    id: str
    platform: str
    operator: str
    regions: tuple[str, ...]
    skus: tuple[str, ...]
    own_build: bool
    jurisdiction: str


class HostList(msgspec.Struct, frozen=True, kw_only=True):
    """Every host that is yours to see."""

    items: tuple[HostView, ...]


def _party(party: Party, call: Call[NoBody, NoQuery]) -> PartyView:
    """A party; what it is to others is the house's business."""
    house = party.id == call.front.office.house
    if not call.actor.house:
        return PartyView(id=party.id, name=party.name, house=house)
    competes = dict(party.competitor_of)
    return PartyView(id=party.id, name=party.name, house=house, role=party.role, competitor_of=competes, controlled_by=party.controlled_by or "")


def _host(host: Host) -> HostView:
    return HostView(
        id=host.id,
        platform=host.platform,
        operator=host.operator,
        regions=host.regions,
        skus=host.skus,
        own_build=host.own_build,
        jurisdiction=host.jurisdiction,
    )


@operation("GET", "/v1/parties", "List parties", roles=EVERYBODY, side="any")
async def list_parties(call: Call[NoBody, NoQuery]) -> PartyList:
    """In the order of the agreement; a counterparty sees itself and whoever keeps the book."""
    parties = call.front.office.agreement.agreement.parties.values()
    return PartyList(items=tuple(_party(party, call) for party in parties if call.front.sight.party(call.actor, party.id)))


@operation("GET", "/v1/hosts", "List hosts", roles=EVERYBODY, side="any")
async def list_hosts(call: Call[NoBody, NoQuery]) -> HostList:
    """In the order of the agreement; a counterparty sees those on its platform and those it operates."""
    hosts = call.front.office.agreement.agreement.hosts.values()
    return HostList(items=tuple(_host(host) for host in hosts if call.front.sight.host(call.actor, host.id)))


@operation("GET", "/v1/hosts/{id}", "One host", roles=EVERYBODY, side="any")
async def get_host(call: Call[NoBody, NoQuery]) -> HostView:
    """Whose it is, where it is, and what it has."""
    if not call.front.sight.host(call.actor, call.id):
        raise not_found("host", call.id)
    return _host(call.front.office.agreement.agreement.hosts[call.id])


OPERATIONS = (list_parties, list_hosts, get_host)
