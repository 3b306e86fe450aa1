"""Who stands at the door: people come in with a token and get a session; forms carry a mark that only our pages have."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from dibs.service.access import Actor
    from dibs.service.front import Front

COOKIE = "dibs_session"


class Door:
    """Sessions of the pages."""

    def __init__(self, front: Front, *, secret: bytes) -> None:
        """`secret` is what the marks in forms grow from."""
        self._front = front
        self._secret = secret

    def signed_in(self, request: Request) -> Actor | None:
        """Who is signed in, if the token is still good."""
        token = request.cookies.get(COOKIE, "")
        return self._front.people.recognise(token, at=self._front.office.now()) if token else None

    def csrf_token(self, request: Request) -> str:
        """The mark for forms of this session."""
        return hmac.digest(self._secret, b"form " + request.cookies.get(COOKIE, "").encode(), "sha256").hex()

    def check_csrf(self, request: Request, said: str) -> bool:
        """Whether a form came from a page of this session."""
        return hmac.compare_digest(self.csrf_token(request), said)

    def sign_in(self, request: Request, response: Response, token: str) -> bool:
        """Begin a session with a token, if it is good."""
        if self._front.people.recognise(token, at=self._front.office.now()) is None:
            return False
        secure = request.url.scheme == "https"
        response.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=secure, path="/")
        return True

    def sign_out(self, request: Request, response: Response) -> None:
        """End the session."""
        del request
        response.delete_cookie(COOKIE, path="/")
