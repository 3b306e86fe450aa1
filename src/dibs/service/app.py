"""The application: every operation as a route, and around each of them the same five questions in the same order.

Who asks?  May this role do that?  Can what was sent be read?  Has it been done already?  What came of it?
"""

from __future__ import annotations

import logging
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Match, Route

from dibs.errors import DibsError, Finding, Mark
from dibs.service.access import bearer
from dibs.service.documents import documents
from dibs.service.limits import RECOGNISED, Gate, Limits
from dibs.service.openapi import KEY_MAX
from dibs.service.operation import Call, NoBody
from dibs.service.problems import Problem, bad_body, bad_query, broken, not_permitted, problem_of, respond_to, to_be_accepted, unauthenticated
from dibs.service.routes import OPERATIONS
from dibs.service.soundness import shown, unsound

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from dibs.service.access import Actor
    from dibs.service.front import Front
    from dibs.service.operation import Operation

JSON = "application/json"
LOG = logging.getLogger("dibs.service")


def make_app(
    front: Front, *, more: Sequence[BaseRoute] = (), middleware: Sequence[Middleware] = (), limits: Limits | None = None, lifespan: Any = None
) -> Starlette:
    """The application over one book.  `more` are routes that are no operations: pages, metrics, documents."""
    in_order = sorted(OPERATIONS, key=lambda operation: "{" in operation.path)  # fixed paths are tried before those with names in them
    routes = [Route(operation.path, _endpoint(front, operation), methods=[operation.method], name=operation.name) for operation in in_order]
    around = [*middleware, Middleware(Gate, limits=limits or Limits())]
    app = Starlette(routes=[*routes, *documents(OPERATIONS), *more], middleware=around, lifespan=lifespan)
    app.add_exception_handler(DibsError, _failed)
    app.add_exception_handler(HTTPException, _no_route)
    app.add_exception_handler(Exception, _broken)
    app.state.front = front
    return app


def _endpoint(front: Front, operation: Operation) -> Callable[[Request], Awaitable[Response]]:
    body_decoder = msgspec.json.Decoder(operation.body)
    encoder = msgspec.json.Encoder(decimal_format="string")

    async def endpoint(request: Request) -> Response:
        try:
            actor = authenticate(front, request, operation)
            call: Call[Any, Any] = Call(
                front=front,
                actor=actor,
                body=await _body(request, operation, body_decoder),
                query=_query(request, operation),
                path=dict(request.path_params),
                key=_key(request, actor, operation),
                dry_run=_dry_run(request, operation),
                last_seen=request.headers.get("last-event-id", ""),
            )
            answer = await operation.run(call)
        except DibsError as error:
            return respond_to(problem_of(error))
        if isinstance(answer, Response):
            return answer
        status = 200 if (operation.status == 201 and getattr(answer, "outcome", "done") != "done") or call.dry_run else operation.status
        return Response(encoder.encode(answer), status_code=status, media_type=JSON)

    return endpoint


def authenticate(front: Front, request: Request, operation: Operation) -> Actor:
    """Who asks, if they may.  Raises `Problem` 401 or 403."""
    token = bearer(request.headers.get("authorization", ""))
    now = front.office.now()
    shown = front.people.shown(token, at=now) if token else None
    if shown is None:
        raise unauthenticated()
    request.scope.setdefault("state", {})[RECOGNISED] = True
    actor = front.people.use(shown, at=now)
    if actor is None:
        if operation.name != "rotate_token" or request.path_params["id"] != shown.id:
            raise to_be_accepted(shown.id)
        actor = front.people.actor(shown)
    permit(actor, operation)
    return actor


def permit(actor: Actor, operation: Operation) -> None:
    """Say no to whoever may not do this, through whatever they ask.  Raises `Problem` 403."""
    if operation.side == "house" and not actor.house:
        raise not_permitted(actor.role, "a token of the party that keeps the book")
    if actor.role not in operation.roles:
        raise not_permitted(actor.role, " or ".join(f"`{role}`" for role in sorted(operation.roles)))


async def _body(request: Request, operation: Operation, decoder: msgspec.json.Decoder[Any]) -> Any:
    """What was sent, checked.  Raises `Problem` 415 or 422."""
    if operation.method == "GET":
        return NoBody()
    raw = await request.body()
    if not raw.strip() and operation.body is NoBody:
        return NoBody()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        raise Problem("DIB310", 415, "not JSON", f"this path takes `{JSON}`: say so in `Content-Type`, and send JSON")
    try:
        body = decoder.decode(raw)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$")
        place = "$" + where.rstrip("`") if where else "$"
        finding = Finding("DIB303", shown(what[:1].lower() + what[1:], 400), Mark(shown(place)), "see this operation in /openapi.json")
        raise bad_body(f"{finding.message}, at `{finding.where.file}`", (finding,)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise bad_body(f"what was sent is no JSON: {shown(str(error), 400)}") from error
    if found := tuple(unsound(body)):
        raise bad_body(found[0].message, found)
    return body


def _query(request: Request, operation: Operation) -> Any:
    """The parameters of the address, checked.  Raises `Problem` 422."""
    given: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in given:
            raise bad_query(f"the parameter `{shown(name)}` is there twice: which of them is meant?")
        given[name] = value
    if operation.writes:
        given.pop("dry_run", None)
    try:
        query = msgspec.convert(given, operation.query, strict=False)
    except msgspec.ValidationError as error:
        raise bad_query(shown(str(error), 400)) from error
    if found := tuple(unsound(query)):
        raise bad_query(f"{found[0].message}: {found[0].fix}")
    return query


def _dry_run(request: Request, operation: Operation) -> bool:
    """Whether nothing is to be kept.  Raises `Problem` 422 if that cannot be told: better to do nothing than what was not meant."""
    said = request.query_params.get("dry_run", "false") if operation.writes else "false"
    if said not in {"true", "false"}:
        raise bad_query(f"`dry_run` is `true` or `false`, not `{shown(said)}`")
    return said == "true"


def _key(request: Request, actor: Actor, operation: Operation) -> str:
    """The name of this act in the book: of the party, so that two parties never meet in one; empty if it has none.  Raises `Problem` 422."""
    keys = request.headers.getlist("idempotency-key") if operation.writes else []
    if not keys:
        return ""
    if len(keys) > 1:
        raise bad_query("the `Idempotency-Key` is there twice: which of them is meant?")
    (key,) = keys
    if not 0 < len(key) <= KEY_MAX or not all("!" <= sign <= "~" for sign in key):
        raise bad_query(f"an `Idempotency-Key` has 1 to {KEY_MAX} printable ASCII characters and no spaces")
    return act_key(actor, key)


def act_key(actor: Actor, key: str) -> str:
    """What an act is called in the book, by what its sender calls it."""
    return f"{actor.party}:{sha256(key.encode()).hexdigest()[:32]}"


async def _failed(_: Request, error: Exception) -> Response:
    assert isinstance(error, DibsError)  # noqa: S101 - it is registered for these
    return respond_to(problem_of(error))


async def _no_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for these
    path = shown(request.scope["path"])
    if error.status_code == 405:
        known = sorted({method for route in request.app.routes if route.matches(request.scope)[0] != Match.NONE for method in route.methods or ()})
        detail = f"`{shown(request.method)}` is not what `{path}` does: it knows {', '.join(known)}"
        return respond_to(Problem("DIB309", 405, "not this way", detail, headers={"allow": ", ".join(known)}))
    if error.status_code == 404:
        return respond_to(Problem("DIB302", 404, "not found", f"there is no `{path}` here: see /openapi.json for what there is"))
    return respond_to(Problem("DIB303", error.status_code, "cannot be used", shown(error.detail)))


async def _broken(request: Request, error: Exception) -> Response:
    """An error that nobody foresaw.  The server hears of it too, after this.  The route is logged, not the address: that may hold names."""
    routes = (getattr(route, "path", "") for route in request.app.routes if route.matches(request.scope)[0] == Match.FULL)
    LOG.error("unforeseen error at %s %s", shown(request.method), next(routes, ""), exc_info=error)
    return respond_to(broken())
