"""Who am I, who may come in, and who let them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from dibs.service.access import EVERYBODY, PEOPLE, Role
from dibs.service.operation import Call, NoBody, NoQuery, Page, operation
from dibs.service.people import ACCEPTED, Deed, Login, Token, not_good, said
from dibs.service.problems import Problem, key_reused, not_found
from dibs.service.shapes import Id, MeView, When, moment, when

Person = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
OVERLAP_MAX = 30 * 86_400
"""Seconds for which a token that was replaced stays good at most (bound is in)."""


class NewToken(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A token for a person.  Without a `party` it is for your own; without `expires_at` it is good until it is revoked."""

    role: Role
    person: Person
    party: Id | None = None
    expires_at: When | None = None


class Rotation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """For how many seconds the old token stays good beside the new one."""

    overlap: Annotated[int, Meta(ge=0, le=OVERLAP_MAX)] = 86_400


class TokenView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A token: whose, for what, and whether it is good.  `secret` is there once, when it is made."""

    id: str
    party: str
    role: Role
    person: str
    status: Literal["good", "invitation", "expired", "revoked"]
    """An `invitation` is good for its own replacement, and for nothing else."""
    made_by: str
    made_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    used_at: datetime | None = None
    """When it was last used, to the minute."""
    secret: str = ""


class TokenList(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens, the oldest first."""

    items: tuple[TokenView, ...]
    next: str | None


class NewLogin(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Who comes in by the company's own sign-in: a verified e-mail address, or the subject as the provider calls it."""

    claim: Literal["email", "sub"]
    value: Annotated[str, Meta(min_length=1, max_length=320)]
    role: Role
    person: Person
    party: Id | None = None


class LoginView(msgspec.Struct, frozen=True, kw_only=True):
    """A login: what the provider says of somebody, and what they may do here."""

    id: str
    claim: Literal["email", "sub"]
    value: str
    party: str
    role: Role
    person: str
    made_by: str
    made_at: datetime


class LoginList(msgspec.Struct, frozen=True, kw_only=True):
    """Logins, the oldest first."""

    items: tuple[LoginView, ...]
    next: str | None


class DeedView(msgspec.Struct, frozen=True, kw_only=True):
    """Something done about people: `person` of `party` did it to `about` of the party `of`."""

    at: datetime
    party: str
    person: str
    did: str
    about: str
    of: str


class DeedList(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, the latest first."""

    items: tuple[DeedView, ...]
    next: str | None


@operation("GET", "/v1/me", "Who the token says you are", roles=EVERYBODY, side="any")
async def me(call: Call[NoBody, NoQuery]) -> MeView:
    """Your party, your role and your name."""
    actor = call.actor
    party = call.front.office.agreement.agreement.parties.get(actor.party)
    return MeView(party=actor.party, name=party.name if party else actor.party, role=actor.role, person=actor.person, house=actor.house)


@operation("POST", "/v1/tokens", "Let somebody in", roles=PEOPLE, side="any", status=201)
async def make_token(call: Call[NewToken, NoQuery]) -> TokenView:
    """Makes a token for a person of your party; its secret is in the answer, and never again.

    The administrator of the house may invite the first administrator of any party.  Who is invited replaces the
    invitation before anything else (`POST /v1/tokens/{id}/rotation`), with a token that the house never sees; from then
    on that party's people are its own affair.
    """
    body, now = call.body, call.front.office.now()
    party = _party(call, body.party, role=body.role)
    expires = moment(body.expires_at) if body.expires_at else None
    if expires is not None and expires <= now:
        raise Problem("DIB351", 422, "it would be over", "`expires_at` has passed already: give a later instant, or leave it out")
    name = call.front.name(call, "tok")
    made = Token(
        id=name,
        party=party,
        role=body.role,
        person=body.person,
        made_by=said(call.actor),
        made_at=now,
        expires_at=expires,
        revoked_at=None,
        used_at=None,
    )
    if call.dry_run:
        return _view(call, made)
    text = call.front.people.token(party, body.role, body.person, at=now, expires_at=expires, by=call.actor, name=name)
    return _view(call, made, secret=text)


@operation("GET", "/v1/tokens", "List tokens", roles=PEOPLE, side="any")
async def list_tokens(call: Call[NoBody, Page]) -> TokenList:
    """The tokens of your party, good or not, without their secrets; the house also sees the administrators it invited."""
    tokens = ((token.id, token) for token in call.front.people.tokens(call.actor.party))
    items, following = call.front.page(tokens, call.query, lambda token: _view(call, token))
    return TokenList(items=items, next=following)


@operation("POST", "/v1/tokens/{id}/rotation", "Replace a token", roles=EVERYBODY, side="any", status=201)
async def rotate_token(call: Call[Rotation, NoQuery]) -> TokenView:
    """Makes a new one for the same person and role, for as long; the old one stays good for a while, so that nothing breaks.

    Everybody may replace their own; an administrator, any of the party's.  An invitation is replaced by whoever holds
    it, which accepts it: it is used up at once, and the new token is good until it is revoked.
    """
    old, now, people = _find(call), call.front.office.now(), call.front.people
    if old.party != call.actor.party:
        raise Problem("DIB350", 403, "not your people", "who was invited replaces the invitation, and nobody else: revoke it, and invite anew")
    if not old.good(now):
        raise not_good(old.id)
    made = people.successor(old, by=call.actor, at=now, name=call.front.name(call, ACCEPTED if people.invitation(old) else "tok"))
    if call.dry_run:
        return _view(call, made)
    text = people.replace(old, made, by=call.actor, overlap=call.body.overlap)
    return _view(call, made, secret=text)


@operation("DELETE", "/v1/tokens/{id}", "Revoke a token", roles=EVERYBODY, side="any")
async def revoke_token(call: Call[NoBody, NoQuery]) -> TokenView:
    """It opens nothing any more: here at once, on other replicas within two seconds.  Everybody may revoke their own."""
    token, now, people = _find(call), call.front.office.now(), call.front.people
    if token.party == call.actor.party and [one.id for one in people.admins(token.party, at=now)] == [token.id]:
        detail = "it is the last one of your party's administrators, and nobody could let anybody in any more: make another one first"
        raise Problem("DIB353", 409, "the last one", detail)
    if not call.dry_run:
        people.revoke(token.id, at=now, by=call.actor, of=token.party)
        token = people.find(token.id) or token
    return _view(call, token)


@operation("POST", "/v1/logins", "Let somebody in by their company's sign-in", roles=PEOPLE, side="any", status=201)
async def make_login(call: Call[NewLogin, NoQuery]) -> LoginView:
    """Whoever the provider says has this verified e-mail address, or is this subject, comes in with this role."""
    body, now = call.body, call.front.office.now()
    party = _party(call, body.party)
    value = body.value.strip().lower() if body.claim == "email" else body.value
    name = call.front.name(call, "login")
    made = Login(id=name, claim=body.claim, value=value, party=party, role=body.role, person=body.person, made_by=said(call.actor), made_at=now)
    if (before := call.front.people.find_login(name)) is not None:
        if msgspec.structs.replace(before, made_at=now) != made:
            raise key_reused()
        return _login(before)
    if call.dry_run:
        return _login(made)
    call.front.people.login(made, by=call.actor)
    return _login(made)


@operation("GET", "/v1/logins", "List logins", roles=PEOPLE, side="any")
async def list_logins(call: Call[NoBody, Page]) -> LoginList:
    """Who of your party comes in by the company's own sign-in."""
    logins = ((login.id, login) for login in call.front.people.logins(call.actor.party))
    items, following = call.front.page(logins, call.query, _login)
    return LoginList(items=items, next=following)


@operation("DELETE", "/v1/logins/{id}", "Remove a login", roles=PEOPLE, side="any")
async def remove_login(call: Call[NoBody, NoQuery]) -> LoginView:
    """Nobody comes in by it any more, and who has come in by it is out."""
    login = call.front.people.find_login(call.id)
    if login is None or login.party != call.actor.party:
        raise not_found("login", call.id)
    if not call.dry_run:
        call.front.people.forget_login(login, by=call.actor, at=call.front.office.now())
    return _login(login)


@operation("GET", "/v1/access-log", "Who let whom in", roles=PEOPLE | {Role.AUDITOR}, side="any")
async def access_log(call: Call[NoBody, Page]) -> DeedList:
    """What was done by your party's people, or about them: tokens and logins made and revoked, people signing in and out; the latest first."""
    deeds = ((str(deed.number), deed) for deed in call.front.people.deeds(call.actor.party))
    items, following = call.front.page(deeds, call.query, _deed)
    return DeedList(items=items, next=following)


def _party(call: Call[Any, Any], named: str | None, *, role: Role | None = None) -> str:
    """Whose person it will be; of another party the house invites, by a token, in the role of an administrator.

    Raises `Problem` 403 (DIB350) or 422 (DIB352).
    """
    front, actor = call.front, call.actor
    party = named or actor.party
    if party == actor.party:
        return party
    if not actor.house:
        raise Problem("DIB350", 403, "not your people", "you let in people of your own party only: leave `party` out")
    if party not in front.office.agreement.agreement.parties:
        known = ", ".join(f"`{name}`" for name in front.office.agreement.agreement.parties)
        raise Problem("DIB352", 422, "no such party", f"the agreement has no party `{party}`: it has {known}")
    if role is not Role.ADMIN or front.people.administered(party, at=front.office.now()):
        detail = f"you may invite the first administrator of `{party}` by a token, who lets in its other people: its people are its own affair"
        raise Problem("DIB350", 403, "not your people", detail)
    return party


def _find(call: Call[Any, Any]) -> Token:
    """A token that the actor may change: the own one, or for an administrator any that it sees.  Raises `Problem` 404."""
    token = call.front.people.find(call.id)
    if token is not None:
        if call.actor.token == token.id:
            return token
        if call.actor.role is Role.ADMIN and any(seen.id == token.id for seen in call.front.people.tokens(call.actor.party)):
            return token
    raise not_found("token", call.id)


def _view(call: Call[Any, Any], token: Token, *, secret: str = "") -> TokenView:
    status: Literal["good", "invitation", "expired", "revoked"] = "expired"
    if token.revoked_at is not None:
        status = "revoked"
    elif token.good(call.front.office.now()):
        status = "invitation" if call.front.people.invitation(token) else "good"
    return TokenView(
        id=token.id,
        party=token.party,
        role=token.role,
        person=token.person,
        status=status,
        made_by=token.made_by,
        made_at=when(token.made_at),
        expires_at=None if token.expires_at is None else when(token.expires_at),
        revoked_at=None if token.revoked_at is None else when(token.revoked_at),
        used_at=None if token.used_at is None else when(token.used_at - token.used_at % 60),
        secret=secret,
    )


def _login(login: Login) -> LoginView:
    claim: Literal["email", "sub"] = "email" if login.claim == "email" else "sub"
    return LoginView(
        id=login.id,
        claim=claim,
        value=login.value,
        party=login.party,
        role=login.role,
        person=login.person,
        made_by=login.made_by,
        made_at=when(login.made_at),
    )


def _deed(deed: Deed) -> DeedView:
    return DeedView(at=when(deed.at), party=deed.party, person=deed.person, did=deed.did, about=deed.about, of=deed.of)


OPERATIONS = (me, make_token, list_tokens, rotate_token, revoke_token, make_login, list_logins, remove_login, access_log)
