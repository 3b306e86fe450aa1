"""Every operation of the service, as a method of both clients.

`tools/client.py` writes this from the service's operations: change those, then `make docs`.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from dibs.client.ask import Ask, operation, part
from dibs.client.talk import File
from dibs.client.wire import (
    BurndownView,
    CommitmentList,
    ConsistencyView,
    Delivery,
    DisputeView,
    EntryList,
    EventKinds,
    EventList,
    GrantList,
    GrantView,
    HeadView,
    InclusionView,
    LedgerEntryList,
    MeView,
    NewDispute,
    NewGrant,
    NewOffer,
    NewRequest,
    NewResponse,
    NewRun,
    OfferList,
    OfferView,
    OutcomeView,
    RequestList,
    RequestView,
    Ruling,
    RunList,
    RunView,
    ScenarioList,
    StatementList,
    StatementView,
    TermsShape,
    Timeline,
)


class Operations:
    """What a server can be asked to do.  A write takes a `key` of your own, if you have one, and `dry_run`."""

    @operation
    def submit_request(
        self,
        *,
        workload_class: str,
        sku: str,
        quantity: int,
        start_earliest: datetime,
        start_latest: datetime,
        months: int,
        id: str | None = None,
        party: str | None = None,
        minimum_quantity: int = 1,
        regions: tuple[str, ...] = (),
        hours: int = 0,
        price_max: Decimal | None = None,
        priority: int = 0,
        launch: str = "",
        purpose: str = "",
        own_build: bool = False,
        renewal_of: str = "",
        burst: bool = False,
        front_door: Literal["", "holder_service", "direct"] = "",
        key: str = "",
        dry_run: bool = False,
    ) -> Ask[OutcomeView]:
        """Ask for capacity.

        Records a need.  The answer says whether a holder has to be asked first.
        """
        return Ask(
            method="POST",
            path="/v1/capacity-requests",
            answer=OutcomeView,
            body=NewRequest(
                id=id,
                party=party,
                workload_class=workload_class,
                sku=sku,
                quantity=quantity,
                minimum_quantity=minimum_quantity,
                regions=regions,
                start_earliest=start_earliest,
                start_latest=start_latest,
                months=months,
                hours=hours,
                price_max=price_max,
                priority=priority,
                launch=launch,
                purpose=purpose,
                own_build=own_build,
                renewal_of=renewal_of,
                burst=burst,
                front_door=front_door,
            ),
            key=key,
            dry_run=dry_run,
        )

    @operation
    def list_requests(
        self, *, limit: int | None = None, cursor: str | None = None, status: str | None = None, live: bool | None = None
    ) -> Ask[RequestList]:
        """List requests.

        Your requests, the oldest first.
        """
        return Ask(
            method="GET", path="/v1/capacity-requests", answer=RequestList, query={"limit": limit, "cursor": cursor, "status": status, "live": live}
        )

    @operation
    def get_request(self, id: str, /) -> Ask[RequestView]:
        """One request.

        How it stands, and what has to be done next, by whom.
        """
        return Ask(method="GET", path=f"/v1/capacity-requests/{part(id)}", answer=RequestView)

    @operation
    def request_events(self, id: str, /) -> Ask[Timeline]:
        """What happened about a request.

        Every event about it, its offers and its grants, the oldest first, each with its reasons.
        """
        return Ask(method="GET", path=f"/v1/capacity-requests/{part(id)}/events", answer=Timeline)

    @operation
    def cancel_request(self, id: str, /, *, key: str = "", dry_run: bool = False) -> Ask[OutcomeView]:
        """Give a need up.

        An open offer for it is withdrawn, and the same need elsewhere counts as evasion for a while.
        """
        return Ask(method="POST", path=f"/v1/capacity-requests/{part(id)}/cancellation", answer=OutcomeView, key=key, dry_run=dry_run)

    @operation
    def rule(
        self, id: str, /, *, answer: Literal["permitted", "offer_first", "refused"], because: str, key: str = "", dry_run: bool = False
    ) -> Ask[OutcomeView]:
        """Decide what the agreement leaves open.

        A person rules, for this need only; the ruling and its reason are on record.
        """
        return Ask(
            method="POST",
            path=f"/v1/capacity-requests/{part(id)}/ruling",
            answer=OutcomeView,
            body=Ruling(answer=answer, because=because),
            key=key,
            dry_run=dry_run,
        )

    @operation
    def serve_notice(
        self,
        *,
        request: str,
        id: str | None = None,
        terms: TermsShape = TermsShape(),
        respond_within: int | None = None,
        key: str = "",
        dry_run: bool = False,
    ) -> Ask[OutcomeView]:
        """Offer a need to the holder.

        Serves a notice.  One that lacks something is defective and starts no clock; serving again cures it.
        """
        return Ask(
            method="POST",
            path="/v1/offers",
            answer=OutcomeView,
            body=NewOffer(id=id, request=request, terms=terms, respond_within=respond_within),
            key=key,
            dry_run=dry_run,
        )

    @operation
    def list_offers(self, *, limit: int | None = None, cursor: str | None = None, status: str | None = None) -> Ask[OfferList]:
        """List offers.

        The offers you made, or those that were made to you, the oldest first.
        """
        return Ask(method="GET", path="/v1/offers", answer=OfferList, query={"limit": limit, "cursor": cursor, "status": status})

    @operation
    def get_offer(self, id: str, /) -> Ask[OfferView]:
        """One offer.

        How it stands, by when it has to be answered, and what happens if it is not.
        """
        return Ask(method="GET", path=f"/v1/offers/{part(id)}", answer=OfferView)

    @operation
    def respond(
        self,
        id: str,
        /,
        *,
        quantity: int,
        reason: Literal["no_capacity", "wrong_hardware", "late", "price", "discipline", "policy", "counter", "none"] = "none",
        terms: TermsShape | None = None,
        hosts: dict[str, int] = {},
        key: str = "",
        dry_run: bool = False,
    ) -> Ask[OutcomeView]:
        """Answer an offer.

        Takes all of it, a part, or nothing with a reason; other terms than offered make a counter.

        An answer at the deadline or after it is late, and binds nobody.
        """
        return Ask(
            method="POST",
            path=f"/v1/offers/{part(id)}/responses",
            answer=OutcomeView,
            body=NewResponse(quantity=quantity, reason=reason, terms=terms, hosts=hosts),
            key=key,
            dry_run=dry_run,
        )

    @operation
    def propose_grant(
        self, *, request: str, host: str, quantity: int, id: str | None = None, terms: TermsShape = TermsShape(), key: str = "", dry_run: bool = False
    ) -> Ask[OutcomeView]:
        """Sign for capacity.

        Promised if the clauses allow it here and now: own platform, no right, or a market that is open, and on no richer terms.
        """
        return Ask(
            method="POST",
            path="/v1/grants",
            answer=OutcomeView,
            body=NewGrant(id=id, request=request, host=host, quantity=quantity, terms=terms),
            key=key,
            dry_run=dry_run,
        )

    @operation
    def list_grants(
        self, *, limit: int | None = None, cursor: str | None = None, status: str | None = None, request: str | None = None
    ) -> Ask[GrantList]:
        """List grants.

        The capacity promised to you, or by you, the oldest first.
        """
        return Ask(method="GET", path="/v1/grants", answer=GrantList, query={"limit": limit, "cursor": cursor, "status": status, "request": request})

    @operation
    def get_grant(self, id: str, /) -> Ask[GrantView]:
        """One grant.

        What is promised, from when until when, and how much of it is there.
        """
        return Ask(method="GET", path=f"/v1/grants/{part(id)}", answer=GrantView)

    @operation
    def confirm_delivery(self, id: str, /, *, quantity: int, key: str = "", dry_run: bool = False) -> Ask[OutcomeView]:
        """Confirm a delivery.

        So much of it is there, in all.
        """
        return Ask(
            method="POST", path=f"/v1/grants/{part(id)}/deliveries", answer=OutcomeView, body=Delivery(quantity=quantity), key=key, dry_run=dry_run
        )

    @operation
    def release_grant(self, id: str, /, *, key: str = "", dry_run: bool = False) -> Ask[OutcomeView]:
        """End a reservation early.

        Ends it wholly, before its time.
        """
        return Ask(method="POST", path=f"/v1/grants/{part(id)}/release", answer=OutcomeView, key=key, dry_run=dry_run)

    @operation
    def list_statements(
        self, *, limit: int | None = None, cursor: str | None = None, month: str | None = None, counterparty: str | None = None
    ) -> Ask[StatementList]:
        """List statements.

        One a month and pair of parties; a month without lines has none.
        """
        return Ask(
            method="GET",
            path="/v1/statements",
            answer=StatementList,
            query={"limit": limit, "cursor": cursor, "month": month, "counterparty": counterparty},
        )

    @operation
    def get_statement(self, pair: str, month: str, /, *, format: Literal["json", "csv", "html"] | None = None) -> Ask[StatementView | File]:
        """One statement.

        Every line with the clause under which it is owed; `?format=csv` or `html` gives the file to keep.
        """
        return Ask(method="GET", path=f"/v1/statements/{part(pair)}/{part(month)}", answer=StatementView, file=True, query={"format": format})

    @operation
    def contest_line(self, pair: str, month: str, /, *, entry: str, says: str, key: str = "", dry_run: bool = False) -> Ask[DisputeView]:
        """Contest a line.

        Puts on record that you contest a line, and why.  Saying it twice in the same words is saying it once.
        """
        return Ask(
            method="POST",
            path=f"/v1/statements/{part(pair)}/{part(month)}/disputes",
            answer=DisputeView,
            body=NewDispute(entry=entry, says=says),
            key=key,
            dry_run=dry_run,
        )

    @operation
    def list_ledger_entries(self, *, limit: int | None = None, cursor: str | None = None) -> Ask[LedgerEntryList]:
        """List ledger entries.

        The entries between you and others, in the order in which they were recorded.
        """
        return Ask(method="GET", path="/v1/ledger-entries", answer=LedgerEntryList, query={"limit": limit, "cursor": cursor})

    @operation
    def list_commitments(self) -> Ask[CommitmentList]:
        """List commitments.

        What was promised to be spent, what counted so far, and whether it will be enough.
        """
        return Ask(method="GET", path="/v1/commitments", answer=CommitmentList)

    @operation
    def get_burndown(self, id: str, /) -> Ask[BurndownView]:
        """How a commitment is drawn down.

        Month by month: what counted, what was due, what is forecast, and the day on which it will be short.
        """
        return Ask(method="GET", path=f"/v1/commitments/{part(id)}/burndown", answer=BurndownView)

    @operation
    def export_focus(
        self, *, version: Literal["1.2", "1.4"] | None = None, table: Literal["cost-and-usage", "contract-commitment"] | None = None
    ) -> Ask[File]:
        """Export FOCUS.

        Cost and Usage of FOCUS 1.2 or 1.4, or the Contract Commitment table of 1.4, as CSV.
        """
        return Ask(method="GET", path="/v1/exports/focus", answer=None, file=True, query={"version": version, "table": table})

    @operation
    def export_beancount(self) -> Ask[File]:
        """Export beancount.

        Every entry a transaction, every balance asserted, as beancount text.
        """
        return Ask(method="GET", path="/v1/exports/beancount", answer=None, file=True)

    @operation
    def journal_head(self) -> Ask[HeadView]:
        """The signed head.

        Signs the book as it stands and shows the head.  Whoever keeps it can prove later that nothing before it was changed.
        """
        return Ask(method="GET", path="/v1/journal/head", answer=HeadView)

    @operation
    def journal_entries(self, *, first: int | None = None, limit: int | None = None) -> Ask[EntryList]:
        """Read the journal.

        Every act and what came of it, in order.
        """
        return Ask(method="GET", path="/v1/journal/entries", answer=EntryList, query={"first": first, "limit": limit})

    @operation
    def journal_proof(self, *, grant: str, disclose: str | None = None) -> Ask[File]:
        """The proof of a grant.

        One file that somebody with no access can check offline: version in force, notice, service, answer, grant, and their places in the tree.
        """
        return Ask(method="GET", path="/v1/journal/proof", answer=None, file=True, query={"grant": grant, "disclose": disclose})

    @operation
    def journal_inclusion(self, number: int, /, *, size: int | None = None) -> Ask[InclusionView]:
        """That an entry is in the book.

        The path from an entry's leaf to the root of the tree.
        """
        return Ask(method="GET", path=f"/v1/journal/entries/{part(number)}/inclusion", answer=InclusionView, query={"size": size})

    @operation
    def journal_consistency(self, *, first: int, second: int) -> Ask[ConsistencyView]:
        """That nothing before was changed.

        The hashes that join the roots of two heads.
        """
        return Ask(method="GET", path="/v1/journal/consistency", answer=ConsistencyView, query={"first": first, "second": second})

    @operation
    def start_run(
        self,
        *,
        kind: Literal["audit", "scenario"],
        scenario: str = "",
        seed: int | None = None,
        until: date | None = None,
        variant: str = "",
        key: str = "",
        dry_run: bool = False,
    ) -> Ask[RunView]:
        """Start long work.

        Begins it and answers at once; look at its link for how far it is.
        """
        return Ask(
            method="POST",
            path="/v1/runs",
            answer=RunView,
            body=NewRun(kind=kind, scenario=scenario, seed=seed, until=until, variant=variant),
            key=key,
            dry_run=dry_run,
        )

    @operation
    def list_runs(self) -> Ask[RunList]:
        """List long work.

        The latest runs, newest first.
        """
        return Ask(method="GET", path="/v1/runs", answer=RunList)

    @operation
    def get_run(self, id: str, /) -> Ask[RunView]:
        """How far a run is.

        Its progress, and what came of it once it is done.
        """
        return Ask(method="GET", path=f"/v1/runs/{part(id)}", answer=RunView)

    @operation
    def cancel_run(self, id: str, /, *, key: str = "", dry_run: bool = False) -> Ask[RunView]:
        """Break a run off.

        Stops it; nothing changes if it has ended already.
        """
        return Ask(method="POST", path=f"/v1/runs/{part(id)}/cancellation", answer=RunView, key=key, dry_run=dry_run)

    @operation
    def run_file(self, id: str, name: str, /) -> Ask[File]:
        """A file that a run left.

        The report, the journal, the tables: as `result.files` lists them.
        """
        return Ask(method="GET", path=f"/v1/runs/{part(id)}/files/{part(name, slashes=True)}", answer=None, file=True)

    @operation
    def list_scenarios(self) -> Ask[ScenarioList]:
        """Scenarios that can be played.

        The names to start a run with.
        """
        return Ask(method="GET", path="/v1/scenarios", answer=ScenarioList)

    @operation
    def list_events(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        wait: int | None = None,
        types: str | None = None,
        start: Literal["first", "now"] | None = None,
    ) -> Ask[EventList]:
        """What happened.

        Your own stream of events (CloudEvents 1.0), the oldest first; `wait` holds the answer back until there is something new.
        """
        return Ask(
            method="GET", path="/v1/events", answer=EventList, query={"limit": limit, "cursor": cursor, "wait": wait, "types": types, "start": start}
        )

    @operation
    def list_event_types(self) -> Ask[EventKinds]:
        """The types of events.

        What `types` may name, here and in webhooks.
        """
        return Ask(method="GET", path="/v1/events/types", answer=EventKinds)

    @operation
    def me(self) -> Ask[MeView]:
        """Who the token says you are.

        Your party, your role and your name.
        """
        return Ask(method="GET", path="/v1/me", answer=MeView)
