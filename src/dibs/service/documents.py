"""What everybody may read without a token: the OpenAPI document, a page made from it, and what each code means."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from dibs import explanations
from dibs.service.openapi import document, path_of, roles_of, tag_of
from dibs.service.problems import no_such
from dibs.service.soundness import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from dibs.service.operation import Operation

_STYLE = """
:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h2{margin-top:2.5rem}article{border-top:1px solid #8886;padding:.75rem 0}h3{margin:0;font-size:1rem}code,pre{font-family:ui-monospace,monospace}
b{display:inline-block;min-width:4rem}p{margin:.25rem 0}small{opacity:.75}
"""


def documents(operations: Sequence[Operation]) -> list[Route]:
    """The routes."""
    made: dict[str, bytes] = {}

    async def openapi(_: Request) -> Response:
        if "json" not in made:
            made["json"] = msgspec.json.encode(document(operations))
        return Response(made["json"], media_type="application/json")

    async def docs(_: Request) -> Response:
        return HTMLResponse(_page(operations))

    async def explain(request: Request) -> Response:
        code = request.path_params["code"]
        try:
            text = explanations.page(code)
        except KeyError as error:
            raise no_such(f"code `{shown(code)}`") from error
        if "text/html" in request.headers.get("accept", ""):
            return HTMLResponse(_html(code, f"<pre style='white-space:pre-wrap'>{escape(text)}</pre>"))
        return PlainTextResponse(text, media_type="text/markdown")

    return [
        Route("/openapi.json", openapi, methods=["GET"], name="openapi"),
        Route("/docs", docs, methods=["GET"], name="docs"),
        Route("/explain/{code}", explain, methods=["GET"], name="explain"),
    ]


def _page(operations: Sequence[Operation]) -> str:
    """Every operation, in a page that loads nothing."""
    subjects: dict[str, list[Operation]] = {}
    for operation in operations:
        subjects.setdefault(tag_of(operation), []).append(operation)
    parts = ["<h1>dibs: the interface</h1><p>As a document that programs read: <a href='/openapi.json'>/openapi.json</a> (OpenAPI 3.1).</p>"]
    for subject, some in subjects.items():
        parts.append(f"<h2>{escape(subject)}</h2>")
        parts += [_article(operation) for operation in some]
    return _html("dibs: the interface", "".join(parts))


def _article(operation: Operation) -> str:
    said = escape(" ".join(operation.description.split()))
    head = f"<h3><b>{operation.method}</b> <code>{escape(path_of(operation))}</code></h3>"
    return (
        f"<article id='{operation.name}'>{head}<p>{escape(operation.summary)}. {said}</p><p><small>{escape(_plain(operation))}</small></p></article>"
    )


def _plain(operation: Operation) -> str:
    return roles_of(operation).replace("`", "")


def _html(title: str, body: Any) -> str:
    head = f"<meta charset='utf-8'><meta name='viewport' content='width=device-width'><title>{escape(title)}</title><style>{_STYLE}</style>"
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{body}</body></html>"
