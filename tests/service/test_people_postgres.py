"""People on PostgreSQL: what replicas do at once, and lengths that the database means."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from dibs.service.access import Actor, Role
from dibs.service.people import People
from dibs.service.problems import Problem

NOW = 1_735_689_600
ADA = Actor(party="aster", role=Role.ADMIN, person="A" * 200, token="", house=True)


@pytest.fixture
def engine(postgres_url):
    made = sa.create_engine(postgres_url.replace("postgresql://", "postgresql+psycopg://", 1))
    yield made
    made.dispose()


def test_an_invitation_that_replicas_accept_at_once_is_accepted_once(engine):
    people = [People(engine, house="aster") for _ in range(4)]
    for round_ in range(20):
        party = f"party-{round_}"
        text = people[0].token(party, Role.ADMIN, "Bo", at=NOW, by=ADA)
        together, got, refused = threading.Barrier(len(people)), [], []

        def accept(at, text=text, together=together, got=got, refused=refused):
            old = at.shown(text, at=NOW)
            by = at.actor(old)
            new = at.successor(old, by=by, at=NOW)
            together.wait()
            try:
                got.append(at.replace(old, new, by=by, overlap=0))
            except Problem as problem:
                refused.append(problem.code)

        threads = [threading.Thread(target=accept, args=(one,)) for one in people]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(got), refused) == (1, ["DIB356"] * 3)
        (own,) = people[0].admins(party, at=NOW)
        assert people[0].recognise(got[0], at=NOW).token == own.id
        assert [deed.did for deed in people[0].deeds(party)] == ["accepted an invitation", "invited an administrator"]


def test_who_made_something_fits_however_long_the_name(engine):
    people = People(engine, house="aster")
    people.token("borealis", Role.ADMIN, "B" * 200, at=NOW, by=ADA, name="tok-1")
    assert [(token.id, len(token.made_by), people.invitation(token)) for token in people.tokens("aster")] == [("tok-1", 200, True)]
    assert People(engine, house="a_ter").tokens("a_ter") == ()
