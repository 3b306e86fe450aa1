"""A web server that receives webhooks, on a real socket in threads of its own, and answers what a test tells it to.

with Receiver() as receiver:
receiver.answers = [500, 500]          # then 204 for ever
...
assert receiver.got[0].headers["webhook-id"]
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Got:
    """One request that came in."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class Receiver:
    """The server."""

    def __init__(self, port: int = 0) -> None:
        """Listens on a port of its own choice unless one is given."""
        self.got: list[Got] = []
        self.answers: list[int] = []
        """The statuses of the next answers; then 204."""
        self.headers: dict[str, str] = {}
        self.wait = 0.0
        """Seconds before an answer."""
        self.flood = 0
        """Bytes of each answer's body."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                outer.got.append(Got(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                time.sleep(outer.wait)
                self.send_response(outer.answers.pop(0) if outer.answers else 204 if not outer.flood else 200)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(outer.flood))
                self.end_headers()
                left = outer.flood
                while left > 0:
                    left -= self.wfile.write(b"x" * min(left, 65_536))

            def log_message(self, *_: Any) -> None:
                """Nothing is printed."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """A caller that hangs up is none."""

        self._server = Server(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def port(self) -> int:
        """Its port."""
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
