"""Every case of `tests/tables/decisions`, one test each.

A table names an agreement of the examples, or says `given`: clauses (and amendments) between the cast of `cast.yaml`;
a case may give more.  It asks one question and says what is expected; what it does not mention is not compared.
"""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

import pytest
from ruamel.yaml import YAML

from dibs.contract.load import load
from dibs.contract.model import PreEmption
from dibs.contract.readings import take
from dibs.decisions import completeness, richer
from dibs.decisions.compile import compile_agreement
from dibs.decisions.decision import Facts
from dibs.decisions.licence import may_use
from dibs.decisions.ship import may_ship
from dibs.quantities import parse_duration, parse_instant, parse_share
from dibs.testing import builders as make

ROOT = Path(__file__).resolve().parents[3]
HERE = ROOT / "tests/tables/decisions"
YAML_12 = YAML(typ="safe", pure=True)
CAST = YAML_12.load((HERE / "cast.yaml").read_text())
TABLES = {path.name: YAML_12.load(path.read_text()) for path in sorted(HERE.glob("*.yaml")) if path.name != "cast.yaml"}


# --- the agreement


def agreement_of(table, case):
    if "agreement" in table:
        agreement = load((ROOT / table["agreement"]).read_text(), table["agreement"])
    else:
        # A clause that a case gives replaces the table's of the same id.
        clauses = {c["id"]: c for c in [*table.get("given", []), *case.get("given", [])]}
        amendments = [*table.get("amendments", []), *case.get("amendments", [])]
        document = {**CAST, "clauses": [{"says": f"{c['id']} says so.", **c} for c in clauses.values()]}
        if amendments:
            document["amendments"] = [{"says": f"{a['id']} changes things.", **a} for a in amendments]
            for amendment in document["amendments"]:
                for verb in ("adds", "replaces"):
                    if verb in amendment:
                        amendment[verb] = [{"says": f"{c['id']} says so.", **c} for c in amendment[verb]]
        for party, fields in case.get("parties", {}).items():
            document = {**document, "parties": {**document["parties"], party: {**document["parties"][party], **fields}}}
        text = io.StringIO()
        YAML_12.dump(document, text)
        agreement = load(text.getvalue(), "case.yaml")
    return take(agreement, case.get("readings", {}))


def facts_of(case):
    facts = case.get("facts", {})
    return Facts(fired=facts.get("fired", {}), suspended=facts.get("suspended", {}), drifted=frozenset(facts.get("drifted", ())))


# --- what is compared


def check_answer(decision, case):
    assert str(decision.answer) == case["expect"], decision.reasons
    if "because" in case:
        check_reasons(decision.reasons, case["because"])
    if "flips_on" in case:
        assert decision.flips_on == (None if case["flips_on"] == "never" else case["flips_on"])
    if "version" in case:
        assert decision.version == case["version"]
    for kind, expected in case.get("changes", {}).items():
        found = {c.to: str(c.answer) for c in decision.would_change_if if c.kind == kind}
        assert found == ({} if expected == "none" else {str(to): answer for to, answer in expected.items()}), decision.would_change_if


def check_reasons(reasons, expected):
    """`none`, or every reason in order: a code alone, or a code with its clause and, where the case says so, the numbers compared."""
    if expected == "none":
        assert not any(r.clause for r in reasons)
        return
    for reason, said in zip(reasons, expected, strict=True):
        found = {"clause": reason.clause, "need": reason.need, "have": reason.have}
        ((code, fields),) = said.items()
        fields = {"clause": fields} if isinstance(fields, str) else fields or {}
        assert (str(reason.code), {k: found[k] for k in fields}) == (code, fields)


def check_ask(agreement, ask, case):
    question = {
        "workload_class": ask.pop("class"),
        "host": ask.pop("host"),
        "on": ask.pop("on"),
        "known": ask.pop("known", None),
        "quantity": ask.pop("quantity", None),
        "renewal": ask.pop("renewal", False),
        "burst_hours": ask.pop("burst_hours", None),
        "order": ask.pop("order", ""),
        "power": Decimal(str(power)) if (power := ask.pop("power", None)) is not None else None,
    }
    assert not ask, "a misspelt key asks nothing"
    check_answer(compile_agreement(agreement).decide(**question, facts=facts_of(case)), case)


def check_may_use(agreement, ask, case):
    permission = may_use(
        agreement,
        ask["party"],
        ask["subject"],
        ask.get("use", "anything"),
        ask["on"],
        known=ask.get("known"),
        developed=ask.get("developed"),
        facts=facts_of(case),
    )
    check_answer(permission, case)


def check_may_ship(agreement, ask, case):
    decision = may_ship(
        agreement,
        workload_class=ask["class"],
        host=ask["host"],
        at=parse_instant(str(ask["at"])),
        shipped=MappingProxyType({p: parse_instant(str(i)) for p, i in ask.get("shipped", {}).items()}),
        declared=MappingProxyType({p: (d["able"], d["willing"]) for p, d in ask.get("declared", {}).items()}),
    )
    check_answer(decision, case)


def check_barrier(agreement, ask, case):
    compiled = compile_agreement(agreement)
    assert compiled.barrier(compiled.clause(ask["clause"], ask["on"]), ask["on"]) is case["expect"]


def the_right(agreement):
    (right,) = (c for c in agreement.clauses if isinstance(c, PreEmption))
    return right


def terms_of(written):
    """Terms as a person writes them, over those of a complete notice: `nothing` strikes one out."""
    readers = {
        "price": lambda v: Decimal(str(v)),
        "warrants": lambda v: Decimal(str(v)),
        "take_or_pay": parse_share,
        "prepayment": parse_share,
        "service_level": parse_share,
        "delivery_tolerance": lambda v: int(parse_duration(v).total_seconds()),
        "starts": lambda v: parse_instant(str(v)),
        "ends": lambda v: parse_instant(str(v)),
        "open_until": lambda v: parse_instant(str(v)),
        "unusual": tuple,
        "regions": tuple,
    }
    values = {k: None if v == "nothing" else readers.get(k, lambda x: x)(v) for k, v in written.items()}
    return make.terms(**values)


def check_notice(agreement, written, case):
    deadline = parse_instant(str(written.pop("deadline"))) if "deadline" in written else None
    right, terms = the_right(agreement), terms_of(written)
    lacking = completeness.missing(right, terms, deadline=deadline)
    assert list(lacking) == (case["expect"] if case["expect"] != "complete" else [])
    assert completeness.is_complete(right, terms, deadline=deadline) is (case["expect"] == "complete")


def check_compare(agreement, written, case):
    right = the_right(agreement)
    comparison = richer.compare(terms_of(written["refused"]), terms_of({**written["refused"], **written["now"]}), right)
    assert str(comparison.outcome) == case["expect"], comparison.terms
    found = {t.term: str(t.side) for t in comparison.terms if t.side is not richer.Side.EQUAL}
    assert found == case.get("and", {}).get("terms", found)
    assert list(comparison.barred) == case.get("and", {}).get("barred", [])
    assert comparison.allowed is (case["expect"] == "not_richer" and not comparison.barred)
    if "because" in case:
        check_reasons(comparison.reasons(right), case["because"])


QUESTIONS = {
    "ask": check_ask,
    "may_use": check_may_use,
    "may_ship": check_may_ship,
    "notice": check_notice,
    "compare": check_compare,
    "barrier": check_barrier,
}
CASES = [pytest.param(table, case, id=f"{file}: {case['name']}") for file, table in TABLES.items() for case in table["cases"]]
KEYS = {"name", "statements", "given", "amendments", "parties", "facts", "readings", "expect", "because", "and", "flips_on", "version", "changes"}


@pytest.mark.parametrize(("table", "case"), CASES)
def test_case(table, case):
    assert set(case) <= {*KEYS, *QUESTIONS}, "a misspelt key compares nothing"
    (kind,) = set(case) & set(QUESTIONS)
    QUESTIONS[kind](agreement_of(table, case), dict(case[kind]), case)


def test_days_are_read_as_days():
    assert all(isinstance(c["ask"]["on"], date) for t in TABLES.values() for c in t["cases"] if "ask" in c)
