"""Signing in with a company's own account: OpenID Connect, authorization code with PKCE.

What the provider says counts only if it is signed with one of its published keys, for us, now, and for the very
question that we asked (nonce).  An e-mail address counts only if the provider has verified it.

What reads signatures is loaded when somebody comes: a service without a company's sign-in starts a tenth of a second sooner.
"""

from __future__ import annotations

import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

import httpx2

from dibs.service.problems import Problem

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

    from dibs.quantities import Instant

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
"""Signatures that are believed: never `none`, and none with a shared secret."""
PATIENCE: Final = 5.0
"""Seconds that a provider gets for each answer."""
KNOWN_FOR: Final = 3600.0
"""Seconds for which a provider's description and keys are kept."""
LEEWAY: Final = 60
"""Seconds by which the provider's clock may differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSettings:
    """Whose sign-in it is, and who we are to them."""

    issuer: str
    client: str
    secret: str = field(default="", repr=False)


def failed(what: str) -> Problem:
    """The provider did not say in a way that counts who somebody is."""
    return Problem(
        "DIB358", 403, "the sign-in did not come through", f"the company's sign-in did not come through: {what}; try again, or use a token"
    )


class Provider:
    """One company's sign-in."""

    def __init__(self, settings: OidcSettings) -> None:
        """Nothing is fetched before somebody comes."""
        self._settings = settings
        self._about: dict[str, Any] = {}
        self._keys: KeySet | None = None
        self._looked_at = 0.0

    async def where(self, *, back: str, state: str, nonce: str, verifier: str) -> str:
        """Where to send somebody to sign in.  Raises `Problem` 403 (DIB358) if the provider does not answer."""
        async with self._client() as client:
            about = await self._look(client)
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
        asked = {
            "response_type": "code",
            "client_id": self._settings.client,
            "redirect_uri": back,
            "scope": "openid email",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{about['authorization_endpoint']}{'&' if urlsplit(about['authorization_endpoint']).query else '?'}{urlencode(asked)}"

    async def who(self, code: str, *, back: str, nonce: str, verifier: str, at: Instant) -> tuple[tuple[str, str], ...]:
        """Who has signed in: (claim, value), the surest first.  Raises `Problem` 403 (DIB358) for anything that does not count."""
        async with self._client() as client:
            about = await self._look(client)
            asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
            supported = about.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
            login: httpx2.BasicAuth | None = None
            if self._settings.secret and "client_secret_basic" in supported:
                login = httpx2.BasicAuth(self._settings.client, self._settings.secret)
            else:
                asked |= {"client_id": self._settings.client} | ({"client_secret": self._settings.secret} if self._settings.secret else {})
            answer = await self._ask(client.post(about["token_endpoint"], data=asked, auth=login or httpx2.USE_CLIENT_DEFAULT))
            text = answer.get("id_token")
            if not isinstance(text, str):
                raise failed("the provider gave no `id_token`")
            claims = await self._read(client, text, nonce=nonce, at=at)
            if "email" not in claims and "userinfo_endpoint" in about and isinstance(answer.get("access_token"), str):
                headers = {"authorization": f"Bearer {answer['access_token']}"}
                more = await self._ask(client.get(about["userinfo_endpoint"], headers=headers))
                if more.get("sub") != claims["sub"]:
                    raise failed("two answers of the provider are about different people")
                claims |= {name: more[name] for name in ("email", "email_verified") if name in more}
        said = [("sub", claims["sub"])]
        if isinstance(claims.get("email"), str) and claims.get("email_verified") is True:
            said.append(("email", claims["email"].strip().lower()))
        return tuple(said)

    async def _read(self, client: httpx2.AsyncClient, text: str, *, nonce: str, at: Instant) -> dict[str, Any]:
        """The claims of an id token that counts."""
        from joserfc import jwt  # noqa: PLC0415
        from joserfc.errors import JoseError  # noqa: PLC0415

        try:
            claims = jwt.decode(text, await self._keys_for(client, text), algorithms=list(ALGORITHMS)).claims
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise failed("its signature is not of the provider's keys") from error
        audience = claims.get("aud")
        for_us = audience == self._settings.client or (
            isinstance(audience, list) and self._settings.client in audience and claims.get("azp", self._settings.client) == self._settings.client
        )
        expires, made = claims.get("exp"), claims.get("iat")
        if claims.get("iss") != self._about["issuer"] or not for_us:
            raise failed("it is not from that provider, or not for this service")
        if not isinstance(expires, int | float) or not isinstance(made, int | float) or expires + LEEWAY <= at or made - LEEWAY > at:
            raise failed("it is over already, or from a clock that runs ahead")
        if claims.get("nonce") != nonce:
            raise failed("it answers another question than ours")
        if not isinstance(claims.get("sub"), str) or not claims["sub"]:
            raise failed("it names nobody")
        return dict(claims)

    async def _keys_for(self, client: httpx2.AsyncClient, text: str) -> KeySet:
        """The provider's keys, fetched again if they lack the one that signed."""
        from joserfc.jwk import KeySet  # noqa: PLC0415

        kid = jwt_kid(text)
        if self._keys is None or (kid and all(key.kid != kid for key in self._keys.keys)):
            self._keys = KeySet.import_key_set(await self._ask(client.get(self._about["jwks_uri"])))  # type: ignore[arg-type]
        return self._keys

    async def _look(self, client: httpx2.AsyncClient) -> dict[str, Any]:
        """The provider's description of itself."""
        if not self._about or time.monotonic() - self._looked_at > KNOWN_FOR:
            issuer = self._settings.issuer
            about = await self._ask(client.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration"))
            needed = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
            if about.get("issuer") != issuer or any(not isinstance(about.get(name), str) for name in needed):
                raise failed("the provider does not describe itself under its own address")
            self._about, self._keys, self._looked_at = about, None, time.monotonic()
        return self._about

    async def _ask(self, asked: Any) -> dict[str, Any]:
        try:
            answer = await asked
            said = answer.json() if answer.status_code == 200 else None
        except (httpx2.HTTPError, ValueError) as error:
            raise failed("the provider does not answer") from error
        if not isinstance(said, dict):
            raise failed(f"the provider answers with {answer.status_code}")
        return said

    def _client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(timeout=PATIENCE, follow_redirects=False)


def jwt_kid(text: str) -> str:
    """Which key is said to have signed; empty if that is not said.  Nothing is believed yet."""
    from joserfc import jws  # noqa: PLC0415
    from joserfc.errors import JoseError  # noqa: PLC0415

    try:
        return str(jws.extract_compact(text.encode()).headers().get("kid", ""))
    except (JoseError, ValueError) as error:
        raise failed("it is no token") from error
