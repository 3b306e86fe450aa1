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
    Ability,
    AdoptionView,
    AgreementView,
    Assignment,
    AvailabilityList,
    BurndownView,
    CapacityList,
    ClockView,
    CommitmentList,
    ConsistencyView,
    DecisionView,
    DeedList,
    Delivery,
    DeliveryList,
    DeliveryView,
    DisputeView,
    EndpointList,
    EndpointView,
    EntryDecision,
    EntryList,
    EventKinds,
    EventList,
    GrantList,
    GrantView,
    HeadView,
    HostList,
    HostView,
    InclusionView,
    LaunchList,
    LedgerEntryList,
    LoginList,
    LoginView,
    MailWishView,
    MatrixView,
    MeView,
    NewAgreement,
    NewCapacity,
    NewDispute,
    NewEndpoint,
    NewGrant,
    NewLaunch,
    NewLogin,
    NewMailWish,
    NewOffer,
    NewReader,
    NewRequest,
    NewResponse,
    NewRun,
    NewSignal,
    NewTerms,
    NewTime,
    NewToken,
    NewUsage,
    OfferList,
    OfferView,
    OutcomeView,
    PartyList,
    ReaderList,
    Replay,
    RequestList,
    RequestView,
    ReservationList,
    ReservationView,
    RightList,
    Rotation,
    Ruling,
    RunList,
    RunView,
    ScenarioList,
    SignalList,
    StatementList,
    StatementView,
    Step,
    TermsShape,
    TextList,
    Timeline,
    TokenList,
    TokenView,
    Tolling,
    TriggerList,
    UsageList,
    Verification,
    Waiver,
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
    def waive_right(self, id: str, /, *, signed_by: str, key: str = "", dry_run: bool = False) -> Ask[OutcomeView]:
        """Waive the right for one need.

        The holder gives its right up for this need only, in a signed writing.  It knows of the need by the offer.
        """
        return Ask(
            method="POST",
            path=f"/v1/capacity-requests/{part(id)}/waiver",
            answer=OutcomeView,
            body=Waiver(signed_by=signed_by),
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

        An answer at the deadline or after it is late, and binds nobody.  Behind the barrier only a named reader takes or
        counters, once a reading is on record; anybody else may decline, without a claim of inability.
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
    def withdraw_offer(self, id: str, /, *, key: str = "", dry_run: bool = False) -> Ask[OutcomeView]:
        """Take an offer back.

        Before it is accepted; the same need elsewhere counts as evasion for a while.
        """
        return Ask(method="POST", path=f"/v1/offers/{part(id)}/withdrawals", answer=OutcomeView, key=key, dry_run=dry_run)

    @operation
    def change_terms(self, id: str, /, *, terms: TermsShape, key: str = "", dry_run: bool = False) -> Ask[OutcomeView]:
        """Change what is offered.

        A material change makes the running window void, and the holder is asked again.
        """
        return Ask(method="POST", path=f"/v1/offers/{part(id)}/terms", answer=OutcomeView, body=NewTerms(terms=terms), key=key, dry_run=dry_run)

    @operation
    def toll_offer(
        self, id: str, /, *, cause: Literal["due_diligence", "regulator", "force_majeure"], seconds: int, key: str = "", dry_run: bool = False
    ) -> Ask[OutcomeView]:
        """Stop the clock of an offer.

        For a cause that the clause names, and so many seconds.
        """
        return Ask(
            method="POST",
            path=f"/v1/offers/{part(id)}/tolling",
            answer=OutcomeView,
            body=Tolling(cause=cause, seconds=seconds),
            key=key,
            dry_run=dry_run,
        )

    @operation
    def accept_counter(self, id: str, /, *, key: str = "", dry_run: bool = False) -> Ask[OutcomeView]:
        """Accept the holder's own terms.

        Takes its counter as a new bargain.
        """
        return Ask(method="POST", path=f"/v1/offers/{part(id)}/counter-acceptance", answer=OutcomeView, key=key, dry_run=dry_run)

    @operation
    def read_notice(self, id: str, /, *, key: str = "", dry_run: bool = False) -> Ask[OutcomeView]:
        """Read an offer behind the barrier.

        Puts on record that you, by name, read it; behind the barrier its terms are shown from then on, if you were named as a reader.
        """
        return Ask(method="POST", path=f"/v1/offers/{part(id)}/readings", answer=OutcomeView, key=key, dry_run=dry_run)

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
    def list_reservations(
        self, *, limit: int | None = None, cursor: str | None = None, status: str | None = None, host: str | None = None
    ) -> Ask[ReservationList]:
        """List reservations.

        Your grants as capacity over time, the oldest first.
        """
        return Ask(
            method="GET", path="/v1/reservations", answer=ReservationList, query={"limit": limit, "cursor": cursor, "status": status, "host": host}
        )

    @operation
    def get_reservation(self, id: str, /) -> Ask[ReservationView]:
        """One reservation.

        How much is promised and how much is there, from when until when.
        """
        return Ask(method="GET", path=f"/v1/reservations/{part(id)}", answer=ReservationView)

    @operation
    def declare_capacity(
        self, *, host: str, sku: str, steps: tuple[Step, ...], price: Decimal | None = None, key: str = "", dry_run: bool = False
    ) -> Ask[OutcomeView]:
        """Declare capacity.

        States what a host can deliver, from each instant on.
        """
        return Ask(
            method="POST",
            path="/v1/capacity",
            answer=OutcomeView,
            body=NewCapacity(host=host, sku=sku, steps=steps, price=price),
            key=key,
            dry_run=dry_run,
        )

    @operation
    def list_capacity(
        self, *, limit: int | None = None, cursor: str | None = None, host: str | None = None, sku: str | None = None
    ) -> Ask[CapacityList]:
        """List declared capacity.

        What was declared last, by host and sku.
        """
        return Ask(method="GET", path="/v1/capacity", answer=CapacityList, query={"limit": limit, "cursor": cursor, "host": host, "sku": sku})

    @operation
    def list_availability(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        host: str | None = None,
        sku: str | None = None,
        from_: datetime | None = None,
        until: datetime | None = None,
    ) -> Ask[AvailabilityList]:
        """What is free.

        By host and sku: what is declared, what of it is promised and what is free, as steps over the period, and how old the declaration is.
        """
        return Ask(
            method="GET",
            path="/v1/availability",
            answer=AvailabilityList,
            query={"limit": limit, "cursor": cursor, "host": host, "sku": sku, "from": from_, "until": until},
        )

    @operation
    def check_placement(
        self, *, workload_class: str, host: str, on: date | None = None, known: date | None = None, quantity: int | None = None
    ) -> Ask[DecisionView]:
        """May this work run there?.

        The answer, every clause that mattered, the numbers compared, when it changes, and what would change it.  Nothing is put on record.
        """
        return Ask(
            method="GET",
            path="/v1/placements:check",
            answer=DecisionView,
            query={"class": workload_class, "host": host, "on": on, "known": known, "quantity": quantity},
        )

    @operation
    def placement_matrix(self, *, on: date | None = None, known: date | None = None, quantity: int | None = None) -> Ask[MatrixView]:
        """Where may what run?.

        Every class of work on every host, on one day.
        """
        return Ask(method="GET", path="/v1/placements:matrix", answer=MatrixView, query={"on": on, "known": known, "quantity": quantity})

    @operation
    def report_usage(
        self,
        *,
        report: str,
        host: str,
        workload_class: str,
        accelerator_hours: int,
        starts: datetime,
        ends: datetime,
        key: str = "",
        dry_run: bool = False,
    ) -> Ask[OutcomeView]:
        """Report what ran.

        Usage of a class on a host; own-building is measured by it.
        """
        return Ask(
            method="POST",
            path="/v1/placements",
            answer=OutcomeView,
            body=NewUsage(report=report, host=host, workload_class=workload_class, accelerator_hours=accelerator_hours, starts=starts, ends=ends),
            key=key,
            dry_run=dry_run,
        )

    @operation
    def list_usage(self, *, limit: int | None = None, cursor: str | None = None, host: str | None = None) -> Ask[UsageList]:
        """What ran.

        What was reported, in the order in which it was.
        """
        return Ask(method="GET", path="/v1/placements", answer=UsageList, query={"limit": limit, "cursor": cursor, "host": host})

    @operation
    def announce_launch(self, *, launch: str, workload_class: str, host: str, key: str = "", dry_run: bool = False) -> Ask[OutcomeView]:
        """Ship a product.

        If hosting and first shipment allow it there and now.
        """
        return Ask(
            method="POST",
            path="/v1/launches",
            answer=OutcomeView,
            body=NewLaunch(launch=launch, workload_class=workload_class, host=host),
            key=key,
            dry_run=dry_run,
        )

    @operation
    def list_launches(self) -> Ask[LaunchList]:
        """List launches.

        What shipped on which platform, and when first; a counterparty sees its own platform.
        """
        return Ask(method="GET", path="/v1/launches", answer=LaunchList)

    @operation
    def declare_ability(self, id: str, /, *, able: bool, willing: bool, key: str = "", dry_run: bool = False) -> Ask[OutcomeView]:
        """Say whether you can support a product.

        The holder of a first shipment says whether it can and wants to.
        """
        return Ask(
            method="POST",
            path=f"/v1/launches/{part(id)}/abilities",
            answer=OutcomeView,
            body=Ability(able=able, willing=willing),
            key=key,
            dry_run=dry_run,
        )

    @operation
    def list_agreements(self) -> Ask[TextList]:
        """List texts of the agreement.

        The texts on record, the oldest first; the last one counts.
        """
        return Ask(method="GET", path="/v1/agreements", answer=TextList)

    @operation
    def get_agreement(self, id: str, /, *, on: date | None = None, known: date | None = None) -> Ask[AgreementView]:
        """The agreement on a day.

        A text by its id, or `current`: the clauses in force on a day, as known on a day.
        """
        return Ask(method="GET", path=f"/v1/agreements/{part(id)}", answer=AgreementView, query={"on": on, "known": known})

    @operation
    def adopt_agreement(self, *, text: str, name: str = "agreement.yaml", key: str = "", dry_run: bool = False) -> Ask[AdoptionView]:
        """Adopt a text of the agreement.

        From now on this text counts.  With `dry_run` it is checked and compared, and nothing is kept.

        What is wrong with it is said all at once, each finding with its place and its fix.  Nothing that the text before it
        named may be missing: clauses are ended by amendments, never left out.
        """
        return Ask(method="POST", path="/v1/agreements", answer=AdoptionView, body=NewAgreement(text=text, name=name), key=key, dry_run=dry_run)

    @operation
    def list_parties(self) -> Ask[PartyList]:
        """List parties.

        In the order of the agreement; a counterparty sees itself and whoever keeps the book.
        """
        return Ask(method="GET", path="/v1/parties", answer=PartyList)

    @operation
    def list_hosts(self) -> Ask[HostList]:
        """List hosts.

        In the order of the agreement; a counterparty sees those on its platform and those it operates.
        """
        return Ask(method="GET", path="/v1/hosts", answer=HostList)

    @operation
    def get_host(self, id: str, /) -> Ask[HostView]:
        """One host.

        Whose it is, where it is, and what it has.
        """
        return Ask(method="GET", path=f"/v1/hosts/{part(id)}", answer=HostView)

    @operation
    def record_signal(
        self,
        *,
        party: str,
        signal: str,
        value: Decimal,
        unit: str,
        since: datetime,
        until: datetime,
        source: str = "",
        key: str = "",
        dry_run: bool = False,
    ) -> Ask[OutcomeView]:
        """Record a figure.

        Revenue, profit and the like, for a period; a counterparty states its own.  A trigger that watches it may fire.
        """
        return Ask(
            method="POST",
            path="/v1/signals",
            answer=OutcomeView,
            body=NewSignal(party=party, signal=signal, value=value, unit=unit, since=since, until=until, source=source),
            key=key,
            dry_run=dry_run,
        )

    @operation
    def list_signals(
        self, *, limit: int | None = None, cursor: str | None = None, party: str | None = None, signal: str | None = None
    ) -> Ask[SignalList]:
        """List figures.

        By party, signal and period; a counterparty sees its own.
        """
        return Ask(method="GET", path="/v1/signals", answer=SignalList, query={"limit": limit, "cursor": cursor, "party": party, "signal": signal})

    @operation
    def list_triggers(self) -> Ask[TriggerList]:
        """List triggers.

        What ends clauses once it has come true, and whether it has; a counterparty sees those that name it.
        """
        return Ask(method="GET", path="/v1/triggers", answer=TriggerList)

    @operation
    def declare_trigger(self, id: str, /, *, key: str = "", dry_run: bool = False) -> Ask[OutcomeView]:
        """Declare that a trigger has come true.

        By whom the clause names for it; where it is measured too, the figures have to bear it out.
        """
        return Ask(method="POST", path=f"/v1/triggers/{part(id)}/declarations", answer=OutcomeView, key=key, dry_run=dry_run)

    @operation
    def verify_trigger(self, id: str, /, *, confirmed: bool, key: str = "", dry_run: bool = False) -> Ask[OutcomeView]:
        """Confirm or reject a declaration.

        By the verifier that the clause names.
        """
        return Ask(
            method="POST",
            path=f"/v1/triggers/{part(id)}/verifications",
            answer=OutcomeView,
            body=Verification(confirmed=confirmed),
            key=key,
            dry_run=dry_run,
        )

    @operation
    def list_rights(self) -> Ask[RightList]:
        """List rights.

        The rights to be asked first that are in force today; a counterparty sees those that name it, or that have passed to it.
        """
        return Ask(method="GET", path="/v1/rights", answer=RightList)

    @operation
    def assign_right(self, id: str, /, *, to: str, key: str = "", dry_run: bool = False) -> Ask[OutcomeView]:
        """Pass a right on.

        The holder passes it to the purchaser of its business, where the clause lets it.  A right that passes takes no dry run.
        """
        return Ask(method="POST", path=f"/v1/rights/{part(id)}/assignments", answer=OutcomeView, body=Assignment(to=to), key=key, dry_run=dry_run)

    @operation
    def name_reader(self, *, person: str, key: str = "", dry_run: bool = False) -> Ask[OutcomeView]:
        """Name a reader.

        Names a person of your own capacity staff who may read offers behind the barrier; each reading is on record.
        """
        return Ask(method="POST", path="/v1/readers", answer=OutcomeView, body=NewReader(person=person), key=key, dry_run=dry_run)

    @operation
    def list_readers(self) -> Ask[ReaderList]:
        """List readers.

        Who may read offers behind the barrier for your party.
        """
        return Ask(method="GET", path="/v1/readers", answer=ReaderList)

    @operation
    def get_decision(self, id: str, /) -> Ask[EntryDecision]:
        """One decision.

        An entry of the book by its number: what was said, what came of it, and every clause that decided, explained in sentences.
        """
        return Ask(method="GET", path=f"/v1/decisions/{part(id)}", answer=EntryDecision)

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
    def add_webhook_endpoint(
        self, *, url: str, types: tuple[str, ...] = (), description: str = "", key: str = "", dry_run: bool = False
    ) -> Ask[EndpointView]:
        """Have events sent to you.

        Sends your events from now on to an address of yours, as Standard Webhooks says.  The secret is in this answer only: keep it.
        """
        return Ask(
            method="POST",
            path="/v1/webhook-endpoints",
            answer=EndpointView,
            body=NewEndpoint(url=url, types=types, description=description),
            key=key,
            dry_run=dry_run,
        )

    @operation
    def list_webhook_endpoints(self, *, limit: int | None = None, cursor: str | None = None) -> Ask[EndpointList]:
        """List your webhooks.

        Where your events are sent, the oldest first.
        """
        return Ask(method="GET", path="/v1/webhook-endpoints", answer=EndpointList, query={"limit": limit, "cursor": cursor})

    @operation
    def get_webhook_endpoint(self, id: str, /) -> Ask[EndpointView]:
        """One webhook.

        Whether it is on, and when it last took something.
        """
        return Ask(method="GET", path=f"/v1/webhook-endpoints/{part(id)}", answer=EndpointView)

    @operation
    def delete_webhook_endpoint(self, id: str, /, *, key: str = "", dry_run: bool = False) -> Ask[EndpointView]:
        """Take a webhook away.

        Nothing is sent there any more, and what was on the way is dropped.  Answers with what was taken away.
        """
        return Ask(method="DELETE", path=f"/v1/webhook-endpoints/{part(id)}", answer=EndpointView, key=key, dry_run=dry_run)

    @operation
    def turn_webhook_secret(self, id: str, /, *, key: str = "", dry_run: bool = False) -> Ask[EndpointView]:
        """Turn a webhook's secret.

        A new secret, shown in this answer only; the one before it signs as well for a day, so that nothing is lost while you change it.
        """
        return Ask(method="POST", path=f"/v1/webhook-endpoints/{part(id)}/secrets", answer=EndpointView, key=key, dry_run=dry_run)

    @operation
    def replay_webhook(
        self, id: str, /, *, cursor: str = "", since: datetime | None = None, key: str = "", dry_run: bool = False
    ) -> Ask[EndpointView]:
        """Send events again.

        Sends what came after a cursor or since an instant once more, under the same `webhook-id` as the first time.
        """
        return Ask(
            method="POST",
            path=f"/v1/webhook-endpoints/{part(id)}/replay",
            answer=EndpointView,
            body=Replay(cursor=cursor, since=since),
            key=key,
            dry_run=dry_run,
        )

    @operation
    def resume_webhook(self, id: str, /, *, key: str = "", dry_run: bool = False) -> Ask[EndpointView]:
        """Switch a webhook on again.

        It goes on with what it failed for, and then where it stopped: nothing is lost by having been off.
        """
        return Ask(method="POST", path=f"/v1/webhook-endpoints/{part(id)}/resume", answer=EndpointView, key=key, dry_run=dry_run)

    @operation
    def ping_webhook(self, id: str, /, *, key: str = "", dry_run: bool = False) -> Ask[DeliveryView]:
        """Try a webhook.

        Sends a `dibs.Ping`, signed like everything else; see in its deliveries whether it arrived.
        """
        return Ask(method="POST", path=f"/v1/webhook-endpoints/{part(id)}/ping", answer=DeliveryView, key=key, dry_run=dry_run)

    @operation
    def list_deliveries(
        self, id: str, /, *, limit: int | None = None, cursor: str | None = None, status: Literal["", "waiting", "sent", "failed"] | None = None
    ) -> Ask[DeliveryList]:
        """What was sent to a webhook.

        Every message of the last thirty days, and those that wait: how often it was tried, and what was answered.
        """
        return Ask(
            method="GET",
            path=f"/v1/webhook-endpoints/{part(id)}/deliveries",
            answer=DeliveryList,
            query={"limit": limit, "cursor": cursor, "status": status},
        )

    @operation
    def want_mail(
        self,
        *,
        address: str,
        time_zone: str = "",
        about: tuple[Literal["served", "near", "answered", "lapsed", "granted", "switched_off"], ...] = (),
        key: str = "",
        dry_run: bool = False,
    ) -> Ask[MailWishView]:
        """Ask for mail.

        Mail for yourself, from now on: when your party is made an offer, when its deadline is near, and what came of it.
        """
        return Ask(
            method="POST",
            path="/v1/me/mail",
            answer=MailWishView,
            body=NewMailWish(address=address, time_zone=time_zone, about=about),
            key=key,
            dry_run=dry_run,
        )

    @operation
    def get_mail(self) -> Ask[MailWishView]:
        """Which mail you get.

        Where to and about what.
        """
        return Ask(method="GET", path="/v1/me/mail", answer=MailWishView)

    @operation
    def stop_mail(self, *, key: str = "", dry_run: bool = False) -> Ask[MailWishView]:
        """Get no more mail.

        Nothing is sent to you any more.
        """
        return Ask(method="DELETE", path="/v1/me/mail", answer=MailWishView, key=key, dry_run=dry_run)

    @operation
    def get_clock(self) -> Ask[ClockView]:
        """What time it is.

        The service's own time, by which answers are in time or late.
        """
        return Ask(method="GET", path="/v1/clock", answer=ClockView)

    @operation
    def move_clock(self, *, to: datetime, key: str = "", dry_run: bool = False) -> Ask[ClockView]:
        """Move the clock on.

        Only where a scenario is rehearsed.  A clock does not go back.
        """
        return Ask(method="POST", path="/v1/clock", answer=ClockView, body=NewTime(to=to), key=key, dry_run=dry_run)

    @operation
    def me(self) -> Ask[MeView]:
        """Who the token says you are.

        Your party, your role and your name.
        """
        return Ask(method="GET", path="/v1/me", answer=MeView)

    @operation
    def make_token(
        self,
        *,
        role: Literal["admin", "operator", "desk", "finance", "auditor"],
        person: str,
        party: str | None = None,
        expires_at: datetime | None = None,
        key: str = "",
        dry_run: bool = False,
    ) -> Ask[TokenView]:
        """Let somebody in.

        Makes a token for a person of your party; its secret is in the answer, and never again.

        The administrator of the house may invite the first administrator of any party.  Who is invited replaces the
        invitation before anything else (`POST /v1/tokens/{id}/rotation`), with a token that the house never sees; from then
        on that party's people are its own affair.
        """
        return Ask(
            method="POST",
            path="/v1/tokens",
            answer=TokenView,
            body=NewToken(role=role, person=person, party=party, expires_at=expires_at),
            key=key,
            dry_run=dry_run,
        )

    @operation
    def list_tokens(self, *, limit: int | None = None, cursor: str | None = None) -> Ask[TokenList]:
        """List tokens.

        The tokens of your party, good or not, without their secrets; the house also sees the administrators it invited.
        """
        return Ask(method="GET", path="/v1/tokens", answer=TokenList, query={"limit": limit, "cursor": cursor})

    @operation
    def rotate_token(self, id: str, /, *, overlap: int = 86400, key: str = "", dry_run: bool = False) -> Ask[TokenView]:
        """Replace a token.

        Makes a new one for the same person and role, for as long; the old one stays good for a while, so that nothing breaks.

        Everybody may replace their own; an administrator, any of the party's.  An invitation is replaced by whoever holds
        it, which accepts it: it is used up at once, and the new token is good until it is revoked.
        """
        return Ask(method="POST", path=f"/v1/tokens/{part(id)}/rotation", answer=TokenView, body=Rotation(overlap=overlap), key=key, dry_run=dry_run)

    @operation
    def revoke_token(self, id: str, /, *, key: str = "", dry_run: bool = False) -> Ask[TokenView]:
        """Revoke a token.

        It opens nothing any more: here at once, on other replicas within two seconds.  Everybody may revoke their own.
        """
        return Ask(method="DELETE", path=f"/v1/tokens/{part(id)}", answer=TokenView, key=key, dry_run=dry_run)

    @operation
    def make_login(
        self,
        *,
        claim: Literal["email", "sub"],
        value: str,
        role: Literal["admin", "operator", "desk", "finance", "auditor"],
        person: str,
        party: str | None = None,
        key: str = "",
        dry_run: bool = False,
    ) -> Ask[LoginView]:
        """Let somebody in by their company's sign-in.

        Whoever the provider says has this verified e-mail address, or is this subject, comes in with this role.
        """
        return Ask(
            method="POST",
            path="/v1/logins",
            answer=LoginView,
            body=NewLogin(claim=claim, value=value, role=role, person=person, party=party),
            key=key,
            dry_run=dry_run,
        )

    @operation
    def list_logins(self, *, limit: int | None = None, cursor: str | None = None) -> Ask[LoginList]:
        """List logins.

        Who of your party comes in by the company's own sign-in.
        """
        return Ask(method="GET", path="/v1/logins", answer=LoginList, query={"limit": limit, "cursor": cursor})

    @operation
    def remove_login(self, id: str, /, *, key: str = "", dry_run: bool = False) -> Ask[LoginView]:
        """Remove a login.

        Nobody comes in by it any more, and who has come in by it is out.
        """
        return Ask(method="DELETE", path=f"/v1/logins/{part(id)}", answer=LoginView, key=key, dry_run=dry_run)

    @operation
    def access_log(self, *, limit: int | None = None, cursor: str | None = None) -> Ask[DeedList]:
        """Who let whom in.

        What was done by your party's people, or about them: tokens and logins made and revoked, people signing in and out; the latest first.
        """
        return Ask(method="GET", path="/v1/access-log", answer=DeedList, query={"limit": limit, "cursor": cursor})
