"""Every page as a route.  What a page asks and does goes through the same operations as REST."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from starlette.datastructures import UploadFile
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from dibs.errors import DibsError
from dibs.service.problems import problem_of
from dibs.service.sessions import BACK, COMPANY, Sessions, Undecided, csrf_failed
from dibs.web import agreement, answers, book, desk, guests, needs, pictures, promises, purse, shelf, where
from dibs.web.page import HERE, REPORT, Visit, bare, go, show

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from dibs.contract.model import Site
    from dibs.service.front import Front

    Handler = Callable[[Visit], Awaitable[Response]]

FIELDS_MAX = 100
"""So many fields a form may have."""
STATIC = {
    "report.css": (REPORT / "report.css", "text/css"),
    "web.css": (HERE / "static/web.css", "text/css"),
    "web.js": (HERE / "static/web.js", "text/javascript"),
    "report.js": (REPORT / "report.js", "text/javascript"),
}
"""What pages load, and nothing else."""

PAGES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/", desk.desk),
    ("POST", "/clock", desk.move_clock),
    ("GET", "/requests", needs.listed),
    ("GET", "/requests/new", needs.blank),
    ("POST", "/requests/new", needs.submit),
    ("GET", "/requests/{id}", needs.one),
    ("POST", "/requests/{id}", needs.act),
    ("GET", "/offers", answers.listed),
    ("GET", "/offers/{id}", answers.one),
    ("POST", "/offers/{id}", answers.act),
    ("GET", "/grants", promises.listed),
    ("GET", "/grants/{id}", promises.one),
    ("POST", "/grants/{id}", promises.act),
    ("GET", "/capacity", shelf.listed),
    ("POST", "/capacity", shelf.declare),
    ("GET", "/where", where.matrix),
    ("GET", "/agreement", agreement.on_a_day),
    ("GET", "/agreement/difference", agreement.difference),
    ("GET", "/calendar", pictures.calendar),
    ("GET", "/build-out", pictures.build_out),
    ("GET", "/commitments", purse.commitments),
    ("GET", "/money", purse.statements),
    ("GET", "/money/export/{form}", purse.export),
    ("GET", "/money/{pair}/{month}", purse.statement),
    ("GET", "/money/{pair}/{month}/{form}", purse.statement_file),
    ("POST", "/money/{pair}/{month}", purse.contest),
    ("GET", "/people", guests.listed),
    ("POST", "/people", guests.act),
    ("GET", "/journal", book.journal),
    ("POST", "/journal", book.act),
    ("GET", "/journal/proof/{id}", book.proof),
    ("GET", "/journal/proof/{id}/file", book.proof_file),
)
"""Method, address, page.  Fixed addresses stand before those with names in them."""


def routes(front: Front, sessions: Sessions | None = None, *, sites: tuple[Site, ...] = ()) -> list[BaseRoute]:
    """The pages over one book; `sites` are what is being built, where that is said beside the agreement."""
    door = sessions or Sessions(front)
    made: list[BaseRoute] = [Route(address, partial(_page, front, door, page, sites), methods=[method]) for method, address, page in PAGES]
    made += [
        Route("/sign-in", partial(_sign_in, door), methods=["GET", "POST"]),
        Route("/sign-out", partial(_sign_out, door), methods=["POST"]),
        Route(COMPANY, partial(_company, door, door.to_company), methods=["GET"]),
        Route(BACK, partial(_company, door, door.from_company), methods=["GET"]),
        Route("/static/{name}", _static, methods=["GET"]),
    ]
    return made


async def _page(front: Front, door: Sessions, page: Handler, sites: tuple[Site, ...], request: Request) -> Response:
    """Who is it?  Did the form come from a page of ours?  Then the page, or what went wrong as a page."""
    actor = door.signed_in(request)
    if actor is None:
        return go("/sign-in")
    form = await _form(request)
    visit = Visit(front=front, request=request, actor=actor, csrf=door.csrf_token(request), form=form, sites=sites)
    if request.method == "POST" and not door.check_csrf(request, form.get("csrf", "")):
        return show(visit, "problem.html", 403, problem=csrf_failed())
    try:
        return await page(visit)
    except DibsError as error:
        problem = problem_of(error)
        return show(visit, "problem.html", problem.status, problem=problem)


async def _form(request: Request) -> dict[str, str]:
    """What was filled in; of a field that is there several times all of it, with commas between."""
    if request.method != "POST":
        return {}
    form = await request.form(max_fields=FIELDS_MAX, max_files=0)
    out: dict[str, str] = {}
    for name, value in form.multi_items():
        if not isinstance(value, UploadFile):
            out[name] = f"{out[name]},{value}" if name in out else value
    return out


async def _sign_in(door: Sessions, request: Request) -> Response:
    """Come in with a token."""
    fault = ""
    if request.method == "POST":
        form = await _form(request)
        if not door.check_csrf(request, form.get("csrf", "")):
            return bare(
                "sign-in.html", 403, fault="That form came from another page. Sign in here.", oidc=door.company, csrf=door.csrf_token(request)
            )
        shown = form.get("token", "").strip()
        own = door.accept(shown)
        response = bare("accepted.html", secret=own) if own else go("/")
        if door.sign_in(request, response, own or shown):
            return response
        fault = "This token is not good, or not any more. Copy it whole, from dibs_ to its end, or ask your administrator for a new one."
    return bare("sign-in.html", 401 if fault else 200, fault=fault, oidc=door.company, csrf=door.csrf_token(request))


async def _company(door: Sessions, step: Callable[[Request], Awaitable[Response]], request: Request) -> Response:
    """To the company's sign-in, or back from it."""
    try:
        return await step(request)
    except Undecided as undecided:
        return bare("sign-in.html", fault="", oidc=door.company, csrf=door.csrf_token(request), choices=undecided.choices)
    except DibsError as error:
        problem = problem_of(error)
        fault = f"{problem.code}: {problem.detail}."
        return bare("sign-in.html", problem.status, fault=fault, oidc=door.company, csrf=door.csrf_token(request))


async def _sign_out(door: Sessions, request: Request) -> Response:
    """Go."""
    response = go("/sign-in")
    form = await _form(request)
    if door.check_csrf(request, form.get("csrf", "")):
        door.sign_out(request, response)
    return response


async def _static(request: Request) -> Response:
    """A stylesheet or a script."""
    found = STATIC.get(request.path_params["name"])
    if found is None:
        return Response("there is no such file", 404, media_type="text/plain")
    return FileResponse(found[0], media_type=found[1], headers={"cache-control": "max-age=300"})
