"""Runs the cases of this folder: a step a line, what comes of it, and how things stand then.

A case changes the agreement of `agreement.yaml` (`given`: clause -> fields, or amendments by id; `without`: what is left
out), says what each host can deliver (`room`), and then tells its story.  A step has a day (`on`), one act, what happens
(`then`: each event by its name, with the values that matter) and how things stand afterwards (`stands`).  Whatever a step
does not say is filled in: 5000 accelerators for training, for a year from June 2025, at 2.50 an hour.
"""

from __future__ import annotations

import copy
import io
from datetime import date
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from ruamel.yaml import YAML

from dibs.contract.load import load
from dibs.decisions.compile import compile_agreement
from dibs.errors import Mark
from dibs.procedure import commands
from dibs.procedure.agreed import Agreed
from dibs.procedure.events import SignalRecorded
from dibs.procedure.procedure import due, replay
from dibs.quantities import Money, iso, parse_duration, parse_instant
from dibs.settle.materials import Materials, Seen
from dibs.settle.settlement import settle
from dibs.testing.builders import request
from dibs.testing.desk import Desk

HERE = Path(__file__).parent
FILES = sorted(path for path in HERE.glob("*.yaml") if path.name != "agreement.yaml")


def read(path):
    return YAML(typ="safe", pure=True).load(path.read_text())


CASES = [pytest.param(case, id=f"{path.stem}: {case['name']}") for path in FILES for case in read(path)]


@pytest.mark.parametrize("case", CASES)
def test_the_case_comes_out_as_written(case):
    story = Story(case)
    for number, step in enumerate(case["steps"], 1):
        story.play(step, f"step {number}, {step}")
    assert replay(story.desk.history) == story.desk.state


def test_the_22_scenarios_are_all_here():
    assert {case["scenario"] for path in FILES for case in read(path) if "scenario" in case} == {*range(1, 23)}


def test_every_row_of_the_state_machine_is_here():
    assert {case["row"] for path in FILES for case in read(path) if "row" in case} == {*range(1, 26)}


def test_each_case_has_a_name_of_its_own():
    names = [case["name"] for path in FILES for case in read(path)]
    assert len(names) == len(set(names))


def agreement_of(case):
    """The text of the folder with what the case changes in it, read like any other."""
    text = read(HERE / "agreement.yaml")
    left_out = set(case.get("without", ()))
    given = copy.deepcopy(case.get("given", {}))
    clauses = [*text["clauses"], *(c for a in text["amendments"] for c in a.get("adds", ()))]
    for row in [*clauses, *text["amendments"]]:
        row.update(given.pop(row["id"], {}))
        for empty in [key for key, value in row.items() if value is None]:
            del row[empty]
    for party, fields in given.pop("parties", {}).items():
        text["parties"].setdefault(party, {}).update(fields)
    for clause in given.pop("adding", ()):
        text["clauses"].append(clause)
    for amendment in given.pop("amending", ()):
        text["amendments"].append(amendment)
    assert not given, f"nothing in the agreement is called {sorted(given)}"
    text["clauses"] = [c for c in text["clauses"] if c["id"] not in left_out]
    for amendment in text["amendments"]:
        amendment["adds"] = [c for c in amendment.get("adds", ()) if c["id"] not in left_out]
        amendment["ends"] = [c for c in amendment.get("ends", ()) if c not in left_out]
    text["amendments"] = [a for a in text["amendments"] if a["id"] not in left_out]
    out = io.StringIO()
    yaml = YAML()
    yaml.version = (1, 2)
    yaml.dump(text, out)
    return compile_agreement(load(out.getvalue().split("---\n", 1)[-1], "agreement.yaml"))


class Story:
    """One case being played at a desk."""

    def __init__(self, case):
        opening = str(case.get("from", case["steps"][0]["on"]))
        self.desk = Desk(agreement_of(case), opening)
        for host, quantity in case.get("room", {"borealis-east": 20_000, "cinder-west": 20_000, "delta-south": 20_000, "aster-yard": 20_000}).items():
            self.desk.capacity(host, quantity)

    def play(self, step, where):
        step = dict(step)
        self.desk.now = instant(step.pop("on"))
        then, stands = step.pop("then", None), step.pop("stands", {})
        act = next(iter(step))
        getattr(self, f"act_{act.replace(' ', '_')}")(step.pop(act), step)
        assert not step or act != "wait", f"{where}: {step} means nothing"
        if then is not None:
            self.check(then, where)
        for name, expected in stands.items():
            assert self.standing(name) == expected, f"{where}: {name} is {self.standing(name)!r}"

    # What happened.

    def check(self, then, where):
        wanted = [item if isinstance(item, dict) else {item: {}} for item in then]
        assert self.desk.kinds == [next(iter(item)) for item in wanted], f"{where}: {self.desk.refused}"
        for event, item in zip(self.desk.said, wanted, strict=True):
            for name, value in (next(iter(item.values())) or {}).items():
                have = self.seen(event, name, value)
                assert have == value, f"{where}: {type(event).__name__}.{name} is {have!r}"

    def seen(self, event, name, like):
        """A value of an event as the case writes it."""
        if name == "because":
            return [b.code for b in event.because][: len(like)]
        if name == "clause" and not hasattr(event, "clause"):
            return event.because[0].clause if event.because else ""
        return self.shown(getattr(event, name), like)

    def shown(self, value, like):
        if isinstance(like, date):
            assert value == instant(like), f"{iso(value)} is not {like}"
            return like
        if isinstance(value, Decimal):
            return str(value)
        return [*value] if isinstance(value, tuple) else value

    # How things stand.

    def standing(self, name):
        """`r1` and `o1` and `g1` by status; `r1 market`, `r1 cover`, `r1 granted`, `o1 until`, `due`, `version`."""
        state = self.desk.state
        thing, _, what = name.partition(" ")
        match what:
            case "market" | "cover":
                return getattr(state.requests[thing], what).status
            case "granted" | "loose" | "given_up":
                return getattr(state.requests[thing], what)
            case "on the market":
                return state.requests[thing].market.quantity
            case "market until":
                return iso(state.requests[thing].market.until)[:10]
            case "ceiling":
                return str(state.requests[thing].market.ceiling.price)
            case "until":
                return iso(state.offers[thing].respond_by)[:10]
            case "price":
                return str(state.grants[thing].price)
            case "burn-down":
                return self.burndown(thing)
            case "shares":
                return self.shares(thing)
        if name == "due":
            return iso(due(state))[:10]
        if name == "version":
            return state.version
        if name == "licence":
            return "ended" if "licence" not in {c.id for c in self.in_force()} else "in force"
        for things in (state.requests, state.offers, state.grants):
            if name in things:
                return things[name].status
        return "unknown"

    def settled(self, known):
        """What the story so far comes to in money, as known on a day: by the same settlement as any run."""
        seen = tuple(Seen(number, event, Mark("case", number)) for number, event in enumerate(self.desk.history, 1))
        return settle(
            Materials(agreement=self.desk.agreement.agreement, seen=seen, sites=(), starts=self.desk.history[0].at, until=self.desk.now), known
        )

    def burndown(self, clause):
        """A commitment on each of its days so far: what was spent since its beginning, what was missing, what credit there is then."""
        rows = []
        for day, _ in next(b for b in self.settled(self.desk.now).burndowns if b.clause == clause).milestones:
            if instant(day) > self.desk.now:
                break
            then = self.settled(instant(day))
            burndown = next(b for b in then.burndowns if b.clause == clause)
            begins = instant(burndown.starts)
            charges = [e for e in then.entries if e.kind == "charge" and begins <= e.valid_from and e.valid_to <= instant(day)]
            spent = sum(line.amount for e in charges for line in e.postings if line.account == f"{burndown.payee}:receivable:{burndown.payer}")
            short = [e for e in then.entries if e.id == f"commitment_shortfall/{clause}/{day}"]
            missing = sum(line.amount for e in short for line in e.postings if line.account == f"{burndown.payee}:receivable:{burndown.payer}")
            rows.append({"day": day, "spent": dollars(spent), "shortfall": dollars(missing), "credit": dollars(burndown.credit)})
        return rows

    def shares(self, clause):
        """A revenue share figure by figure: what its rate gives, what is owed of that, and what is left of the cap."""
        settlement = self.settled(self.desk.now)
        rows = []
        for figure in (event for event in self.desk.history if isinstance(event, SignalRecorded)):
            within = [r for r in settlement.shares if r.clause == clause and figure.since <= instant(r.month) < figure.until]
            rows.append(
                {
                    "until": date.fromisoformat(iso(figure.until)[:10]),
                    "accrued": dollars(sum(r.accrued + r.cut for r in within)),
                    "paid": dollars(sum(r.paid for r in within)),
                    "left": None if within[-1].cap_left is None else dollars(within[-1].cap_left),
                }
            )
        return rows

    def in_force(self):
        return Agreed(self.desk.agreement, self.desk.state, self.desk.now).clauses

    # Acts.

    def act_wait(self, _, step):
        del step
        self.desk.wait(self.desk.now)

    def act_need(self, name, step):
        fields = {"start_earliest": instant(step.pop("starts", date(2025, 6, 1)))}
        fields["start_latest"] = instant(step.pop("latest", date(2025, 12, 1)))
        names = {"class": "workload_class", "minimum": "minimum_quantity", "renews": "renewal_of"}
        fields |= {names.get(key, key): step.pop(key) for key in [*step] if key != "by"}
        self.desk.submit(request(name, **fields), by=step.pop("by", None))

    def terms(self, step, *keep):
        """Every term that a step names, of its type."""
        fields = {key: step.pop(key) for key in [*step] if key not in keep}
        fields |= dict.fromkeys(fields.pop("without", ()), None)
        for name in ("price", "take_or_pay", "prepayment", "service_level", "warrants"):
            if fields.get(name) is not None:
                fields[name] = Decimal(str(fields[name]))
        for name in ("starts", "ends", "open_until"):
            if fields.get(name) is not None:
                fields[name] = instant(fields[name])
        if "delivery_tolerance" in fields and fields["delivery_tolerance"] is not None:
            fields["delivery_tolerance"] = seconds(fields["delivery_tolerance"])
        return {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}

    def act_notice(self, name, step):
        within = step.pop("respond_within", None)
        step = {"regions": ["us-east", "us-west", "us-south"], **step}
        self.desk.serve(name, step.pop("for", "r1"), respond_within=seconds(within) if within else None, **self.terms(step))

    def act_answer(self, name, step):
        quantity, reason = step.pop("takes", 0), step.pop("declines", "none")
        hosts = tuple(step.pop("hosts", {}).items())
        by, offered = step.pop("by", None), self.desk.offer(name).terms
        other = self.terms(step)
        terms = msgspec.structs.replace(offered, **other) if other else None
        self.desk.respond(name, quantity, by=by, reason=reason, hosts=hosts, terms=terms)

    def act_sign(self, name, step):
        self.desk.propose(name, step.pop("host"), step.pop("quantity"), step.pop("for", "r1"), **self.terms(step))

    def act_change(self, name, step):
        terms = msgspec.structs.replace(self.desk.offer(name).terms, **self.terms(step))
        self.desk.say(commands.ChangeTerms(by="aster", offer=name, terms=terms))

    def act_toll(self, name, step):
        by = step.pop("by", "borealis")
        self.desk.say(commands.TollOffer(by=by, offer=name, cause=step.pop("cause"), seconds=seconds(step.pop("lasts"))))

    def act_withdraw(self, name, step):
        self.desk.say(commands.WithdrawOffer(by=step.pop("by", "aster"), offer=name))

    def act_cancel(self, name, step):
        self.desk.say(commands.CancelRequest(by=step.pop("by", "aster"), request=name))

    def act_waive(self, name, step):
        self.desk.say(commands.WaiveRight(by=step.pop("by", "borealis"), request=name, signed_by=step.pop("signed_by")))

    def act_accept_counter(self, name, step):
        self.desk.say(commands.AcceptCounter(by=step.pop("by", "aster"), offer=name))

    def act_deliver(self, name, step):
        self.desk.say(commands.ConfirmDelivery(by=self.desk.grant(name).operator, grant=name, quantity=step.pop("quantity")))

    def act_release(self, name, step):
        del step
        self.desk.say(commands.ReleaseGrant(by="aster", grant=name))

    def act_declare_capacity(self, host, step):
        steps = tuple((instant(day), quantity) for day, quantity in step.pop("steps").items())
        self.desk.capacity(host, 0, steps=steps)

    def act_usage(self, name, step):
        self.desk.say(
            commands.ReportUsage(
                by="aster",
                report=name,
                host=step.pop("host"),
                workload_class=step.pop("class"),
                accelerator_hours=step.pop("hours"),
                starts=instant(step.pop("from")),
                ends=instant(step.pop("to")),
            )
        )

    def act_figure(self, signal, step):
        money = Money.parse(step.pop("value"))
        self.desk.say(
            commands.RecordSignal(
                by="aster",
                party=step.pop("party", "aster"),
                signal=signal,
                value=money.amount,
                unit=money.currency,
                since=instant(step.pop("from")),
                until=instant(step.pop("to")),
            )
        )

    def act_declare(self, trigger, step):
        self.desk.say(commands.DeclareTrigger(by=step.pop("by", "aster"), trigger=trigger))

    def act_verify(self, trigger, step):
        self.desk.say(commands.VerifyTrigger(by=step.pop("by", "panel"), trigger=trigger, confirmed=step.pop("confirmed")))

    def act_launch(self, name, step):
        self.desk.say(commands.AnnounceLaunch(by="aster", launch=name, workload_class=step.pop("class", "product"), host=step.pop("host")))

    def act_ability(self, name, step):
        self.desk.say(commands.DeclareAbility(by="borealis", launch=name, able=step.pop("able"), willing=step.pop("willing")))

    def act_rule(self, name, step):
        self.desk.say(commands.Rule(by="aster", request=name, answer=step.pop("answer"), because=step.pop("because", "counsel")))


def dollars(cents):
    return f"{(Decimal(cents) / 100).normalize():f}"


def instant(day):
    return parse_instant(day.isoformat() if isinstance(day, date) else str(day))


def seconds(duration):
    return int(parse_duration(str(duration)).total_seconds())
