"""Sessions of the pages: somebody comes in with a token or by their company's sign-in, and a cookie says so from then on.

    sessions.signed_in(request) -> Actor | None
    sessions.csrf_token(request) -> str                      # goes into every form as `csrf`
    sessions.check_csrf(request, form["csrf"]) -> bool       # first of all, for every form that is sent
    sessions.accept(token) -> str                            # what takes the place of an invitation, to be shown once
    sessions.sign_in(request, response, token) -> bool
    sessions.sign_out(request, response)

The cookie is 32 random bytes; the database has their hash.  A session ends when it is idle for long, after half a day in
any case, at sign-out, and as soon as the token or the login behind it is not good any more.
"""

from __future__ import annotations

import hmac
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec
import sqlalchemy as sa
from starlette.responses import RedirectResponse

from dibs.service.clocks import MachineClock
from dibs.service.oidc import Provider, failed
from dibs.service.outbox import make_tables
from dibs.service.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from dibs.contract.model import PartyId
    from dibs.quantities import Instant
    from dibs.service.access import Actor
    from dibs.service.front import Front
    from dibs.service.oidc import OidcSettings
    from dibs.service.people import Login

LASTS: Final = 12 * 3600
"""Seconds after which a session ends in any case."""
IDLE: Final = 2 * 3600
"""Seconds without a request after which it ends."""
USE_EVERY: Final = 60
"""Seconds between two notes of a session's last use."""
REMEMBERED: Final = 1.0
"""Seconds for which a session that was looked up is known without looking again."""
QUESTION: Final = 600
"""Seconds that somebody has to sign in at their company."""
COMPANY: Final = "/sign-in/company"
BACK: Final = "/sign-in/company/back"

METADATA = sa.MetaData()
SESSIONS = sa.Table(
    "service_session",
    METADATA,
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("by", sa.String(10), nullable=False),
    sa.Column("behind", sa.String(40), nullable=False),
    sa.Column("csrf", sa.String(64), nullable=False),
    sa.Column("made_at", sa.BigInteger, nullable=False),
    sa.Column("used_at", sa.BigInteger, nullable=False),
)
ANSWERED = sa.Table(
    "service_answered",
    METADATA,
    sa.Column("state", sa.LargeBinary(32), primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
)
"""Who has come back from their company's sign-in: once for each time that they were sent there.

Of those who were only sent there nothing is written down: anybody may ask for that.  What we asked them is in a cookie
that we sealed, and what they must not know grows from it.
"""


@dataclass(eq=False)
class Undecided(Problem):
    """Somebody is let in, but did not say for which party, and might not know of them: (party, name) to choose from."""

    choices: tuple[tuple[PartyId, str], ...] = ()


def csrf_failed() -> Problem:
    """The form did not come from a page of this session."""
    return Problem("DIB357", 403, "the form is from another session", "go back, load the page anew, and send it again: nothing was done")


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """With what somebody was sent to their company's sign-in."""

    state: str
    party: str
    """For which party they come; empty if they did not say."""
    made_at: int


class Sessions:
    """The sessions of one service."""

    def __init__(self, front: Front, *, public_url: str = "", oidc: OidcSettings | None = None, now: Callable[[], Instant] | None = None) -> None:
        """Make the tables if they are not there.  `now` is the machine's clock unless a test gives another: people wait in real time."""
        self._now = now or MachineClock().now
        self._front = front
        self._engine = front.people.engine
        self._secret = front.grown("sign-in")
        self._url = public_url
        self._secure = public_url.startswith("https://")
        self._provider = Provider(oidc) if oidc else None
        self._known: dict[bytes, tuple[float, Any]] = {}
        self.cookie = "__Host-dibs" if self._secure else "dibs_session"
        self.company = COMPANY if oidc else ""
        """Where the page sends people who sign in by their company; empty if none is set up."""
        make_tables(self._engine, METADATA)

    # --- who is it

    def signed_in(self, request: Request) -> Actor | None:
        """Who is signed in, if they still may be."""
        row = self._row(request)
        if row is None:
            return None
        now, people = self._now(), self._front.people
        if row.made_at + LASTS <= now or row.used_at + IDLE <= now:
            return None
        if row.by == "token":
            token = people.find(row.behind)
            actor = people.use(token, at=self._front.office.now()) if token is not None else None
        else:
            login = people.find_login(row.behind)
            actor = people.actor(login) if login is not None else None
        if actor is not None and now - row.used_at >= USE_EVERY:
            with self._engine.begin() as db:
                db.execute(sa.update(SESSIONS).where(SESSIONS.c.digest == row.digest).values(used_at=now))
            self._known.pop(row.digest, None)
        return actor

    # --- forms

    def csrf_token(self, request: Request) -> str:
        """What a form of this session carries in its field `csrf`."""
        row = self._row(request)
        return "" if row is None else str(row.csrf)

    def check_csrf(self, request: Request, said: str) -> bool:
        """Whether a form came from a page of this session; where there is none yet, from a page of ours at all."""
        row = self._row(request)
        if row is not None and not hmac.compare_digest(str(row.csrf).encode(), said.encode()):
            return False
        site, origin = request.headers.get("sec-fetch-site", ""), request.headers.get("origin", "")
        if site and site not in {"same-origin", "none"}:
            return False
        whose = urlsplit(origin).netloc  # nothing for `null`, which is what a page in a sandbox says
        return not origin or (whose != "" and whose in {request.headers.get("host", ""), urlsplit(self._url).netloc})

    # --- coming and going

    def sign_in(self, request: Request, response: Response, token: str) -> bool:
        """Begin a session with a token, if it is good and no invitation."""
        people, now = self._front.people, self._front.office.now()
        shown = people.shown(token, at=now)
        actor = None if shown is None else people.lets_in(shown, at=now)  # it is used once the browser comes back with the cookie
        if actor is None:
            return False
        self._begin(request, response, actor, by="token")
        return True

    def accept(self, token: str) -> str:
        """Put a token in the place of an invitation: its text, which is shown once; empty if it is no invitation."""
        people, now = self._front.people, self._front.office.now()
        old = people.shown(token, at=now)
        if old is None or not people.invitation(old):
            return ""
        by = people.actor(old)
        try:
            return people.replace(old, people.successor(old, by=by, at=now), by=by, overlap=0)
        except Problem:  # somebody accepted it in this moment
            return ""

    def sign_out(self, request: Request, response: Response) -> None:
        """End the session, here and for whoever else has the cookie."""
        row, actor = self._row(request), self.signed_in(request)
        if row is not None:
            self._end(row.digest)
        if actor is not None:
            self._front.people.note(actor, "signed out", "", of=actor.party, at=self._front.office.now())
        response.delete_cookie(self.cookie, path="/", secure=self._secure, httponly=True, samesite="lax")

    async def to_company(self, request: Request) -> Response:
        """Send somebody to their company's sign-in.  Raises `Problem` 404 if none is set up, 403 (DIB358) if it does not answer."""
        provider = self._asked()
        state, party = secrets.token_urlsafe(32), request.query_params.get("party", "")[:200]
        where = await provider.where(
            back=self._back(request), state=state, nonce=self._grown("nonce", state), verifier=self._grown("verifier", state)
        )
        response = RedirectResponse(where, status_code=303)
        kept = self._seal(Question(state=state, party=party, made_at=self._now()))
        response.set_cookie(f"{self.cookie}-state", kept, max_age=QUESTION, httponly=True, samesite="lax", secure=self._secure, path="/")
        return response

    async def from_company(self, request: Request) -> Response:
        """Let in whom the company's sign-in sends back.  Raises `Problem` 403 for anybody else (DIB358, DIB359)."""
        provider, said = self._asked(), request.query_params
        question = self._unseal(request.cookies.get(f"{self.cookie}-state", ""))
        if question is None or not hmac.compare_digest(said.get("state", "").encode(), question.state.encode()):
            raise failed("it was begun in another browser, or too long ago")
        now, state, digest = self._now(), question.state, sha256(question.state.encode()).digest()
        with self._engine.connect() as db:
            before = db.execute(sa.select(ANSWERED).where(ANSWERED.c.state == digest)).first()
        if before is not None or question.made_at <= now - QUESTION:
            raise failed("it was begun too long ago, or has been used")
        if "code" not in said:
            raise failed("the provider refused, or somebody broke it off")
        nonce, verifier = self._grown("nonce", state), self._grown("verifier", state)
        claims = await provider.who(said["code"], back=self._back(request), nonce=nonce, verifier=verifier, at=now)
        try:
            with self._engine.begin() as db:
                db.execute(sa.delete(ANSWERED).where(ANSWERED.c.at <= now - 2 * QUESTION))
                db.execute(sa.insert(ANSWERED).values(state=digest, at=now))
        except sa.exc.IntegrityError as error:
            raise failed("it has been used") from error
        login = self._choose(self._front.people.logins_of(claims, party=question.party), asked=bool(question.party))
        response = RedirectResponse("/", status_code=303)
        response.delete_cookie(f"{self.cookie}-state", path="/", secure=self._secure, httponly=True, samesite="lax")
        self._begin(request, response, self._front.people.actor(login), by="login")
        return response

    def _choose(self, logins: Sequence[Login], *, asked: bool) -> Login:
        """As whom somebody comes in: where they did not say for which party, only the house is taken for granted.

        Any party may write down anybody's address, and nobody is to find themselves with one that they do not know.
        Raises `Problem` 403 (DIB359).
        """
        known = [login for login in logins if asked or login.party == self._front.people.house]
        if known:
            return known[0]
        if not logins:
            raise Problem(
                "DIB359", 403, "not let in", "your company knows you, but no administrator has let that account in here: ask yours for a login"
            )
        parties = self._front.office.agreement.agreement.parties
        choices = tuple((login.party, parties[login.party].name if login.party in parties else login.party) for login in logins)
        detail = f"say for which party you come, `{COMPANY}?party=PARTY`: that account is let in by " + ", ".join(
            f"`{party}`" for party, _ in choices
        )
        raise Undecided("DIB359", 403, "for which party?", detail, choices=choices)

    def _grown(self, what: str, state: str) -> str:
        """The nonce or the verifier of a question: nobody who knows its state can tell them."""
        return urlsafe_b64encode(hmac.digest(self._secret, f"{what} {state}".encode(), "sha256")).decode().rstrip("=")

    def _seal(self, question: Question) -> str:
        text = urlsafe_b64encode(msgspec.json.encode(question)).decode().rstrip("=")
        return f"{text}.{self._grown('seal', text)}"

    def _unseal(self, kept: str) -> Question | None:
        """What we asked; nothing if it is not from us."""
        text, _, seal = kept.partition(".")
        if not hmac.compare_digest(seal.encode(), self._grown("seal", text).encode()):
            return None
        return msgspec.json.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=Question)

    def _asked(self) -> Provider:
        if self._provider is None:
            raise Problem("DIB302", 404, "not found", "no company's sign-in is set up here: use a token")
        return self._provider

    def _back(self, request: Request) -> str:
        return f"{self._url or str(request.base_url).rstrip('/')}{BACK}"

    def _begin(self, request: Request, response: Response, actor: Actor, *, by: str) -> None:
        """A fresh session, whatever the browser had before; what is over is swept out."""
        if (before := self._row(request)) is not None:
            self._end(before.digest)
        cookie, now = secrets.token_urlsafe(32), self._now()
        row = {"digest": sha256(cookie.encode()).digest(), "by": by, "behind": actor.token, "csrf": secrets.token_urlsafe(32)}
        with self._engine.begin() as db:
            db.execute(sa.delete(SESSIONS).where(sa.or_(SESSIONS.c.made_at <= now - LASTS, SESSIONS.c.used_at <= now - IDLE)))
            db.execute(sa.insert(SESSIONS).values(**row, made_at=now, used_at=now))
        self._front.people.note(actor, "signed in", f"by {by} {actor.token}", of=actor.party, at=self._front.office.now())
        response.set_cookie(self.cookie, cookie, max_age=LASTS, httponly=True, samesite="lax", secure=self._secure, path="/")

    def _end(self, digest: bytes) -> None:
        with self._engine.begin() as db:
            db.execute(sa.delete(SESSIONS).where(SESSIONS.c.digest == digest))
        self._known.pop(digest, None)

    def _row(self, request: Request) -> Any:
        cookie = request.cookies.get(self.cookie, "")
        if not cookie:
            return None
        digest, now = sha256(cookie.encode()).digest(), time.monotonic()
        seen = self._known.get(digest)
        if seen is None or now - seen[0] > REMEMBERED:
            with self._engine.connect() as db:
                row = db.execute(sa.select(SESSIONS).where(SESSIONS.c.digest == digest)).first()
            if row is None:
                self._known.pop(digest, None)
                return None
            if len(self._known) > 10_000:
                self._known.clear()
            seen = self._known[digest] = (now, row)
        return seen[1]
