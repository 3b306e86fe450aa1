"""A throw-away PostgreSQL: made for a test session, on a port of this machine, and gone after it.

    with PostgresServer() as server:
        PostgresStore(server.database("one"))
        server.crash()
        server.start()

The server refuses to run as root; its programs then run as the user that its package makes.  A `Wire` stands between a
client and the server, counts what goes over it and can be cut at the worst moment.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

OWNER = "postgres"
"""As whom the server runs where we are root."""


def programs() -> Path | None:
    """The folder with `initdb` and `pg_ctl` of the newest server installed; nothing where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def why_not() -> str:
    """Why no server can be started here; empty when one can."""
    if programs() is None:
        return "no PostgreSQL server is installed (Debian: apt-get install postgresql)"
    if os.geteuid() == 0:
        try:
            pwd.getpwnam(OWNER)
        except KeyError:
            return f"a PostgreSQL server does not run as root, and there is no user {OWNER}"
    return ""


class PostgresServer:
    """One server with its own data; it flushes to the disk unless it is told `fsync="off"`."""

    def __init__(self, *, follows: PostgresServer | None = None, **settings: str) -> None:
        """`settings` are those of `postgresql.conf`; a server that `follows` another is its standby.

        Raises `RuntimeError` where no server can be started; see `why_not`.
        """
        if reason := why_not():
            raise RuntimeError(reason)
        where = programs()
        assert where is not None  # noqa: S101 - `why_not` looked
        self._where = where
        self._follows = follows
        self._as_owner: dict[str, Any] = {}
        self.folder = Path(tempfile.mkdtemp(prefix="dibs-pg-"))
        if os.geteuid() == 0:
            owner = pwd.getpwnam(OWNER)
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            self._as_owner = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._settings = {"port": str(self.port), "listen_addresses": "127.0.0.1", "unix_socket_directories": str(self.folder), **settings}

    def __enter__(self) -> Self:
        """Make the data and start."""
        try:
            if self._follows is None:
                self._run("initdb", "-D", "data", "-U", "dibs", "-A", "trust", "--no-locale", "-E", "UTF8", "-N")
            else:
                self._run("pg_basebackup", "-h", "127.0.0.1", "-p", str(self._follows.port), "-U", "dibs", "-D", "data", "-R", "-c", "fast")
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and leave nothing."""
        with suppress(subprocess.CalledProcessError):
            self.crash()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = " ".join(f"-c {name}={value}" for name, value in self._settings.items())
        self._run("pg_ctl", "-D", "data", "-w", "-s", "-l", "log", "-o", options, "start")

    def stop(self) -> None:
        """Stop as an administrator does: sessions are ended, everything is written."""
        self._run("pg_ctl", "-D", "data", "-m", "fast", "-s", "stop")

    def crash(self) -> None:
        """Stop as a failure does: nothing is written any more."""
        self._run("pg_ctl", "-D", "data", "-m", "immediate", "-s", "stop")

    def lead(self) -> None:
        """Follow no longer, but take writes."""
        self._run("pg_ctl", "-D", "data", "promote", "-w", "-s")

    def url(self, database: str = "postgres", *, port: int | None = None, user: str = "dibs") -> str:
        """The address of a database; by way of another port if one is given."""
        return f"postgresql://{user}@127.0.0.1:{port or self.port}/{database}"

    def database(self, name: str, more: str = "") -> str:
        """Make a database, and give its address."""
        self.say(f"CREATE DATABASE {name} {more}")
        return self.url(name)

    def say(self, *statements: str, database: str = "postgres") -> None:
        """Say something as an administrator."""
        words = [word for statement in statements for word in ("-c", statement)]
        self._run("psql", "-v", "ON_ERROR_STOP=1", "-q", "-h", str(self.folder), "-p", str(self.port), "-U", "dibs", "-d", database, *words)

    def _run(self, program: str, *words: str) -> None:
        command = [str(self._where / program), *words]
        subprocess.run(command, check=True, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, **self._as_owner)  # noqa: S603


class Wire:
    """Carries bytes between clients and a server, and can be cut.

    `trips` counts how often the direction turned from asking to answering: the round trips.  With `deaf` answers are
    swallowed, and with the first of them the connection is cut: the server did what it was told and nobody hears of it.
    """

    def __init__(self, port: int) -> None:
        """Stand before the server at a port of this machine."""
        self._to = port
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self.trips = 0
        self.deaf = False
        self.shut = False
        self._open: list[socket.socket] = []
        threading.Thread(target=self._welcome, daemon=True).start()

    def __enter__(self) -> Self:
        """The wire itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Cut it for good."""
        self._door.close()
        self.cut()

    def cut(self) -> None:
        """End all connections there are."""
        while self._open:
            end = self._open.pop()
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _welcome(self) -> None:
        while True:
            try:
                client, _ = self._door.accept()
                if self.shut:
                    client.close()
                    continue
                server = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open += [client, server]
            turn = {"asking": True}
            threading.Thread(target=self._carry, args=(client, server, turn), daemon=True).start()
            threading.Thread(target=self._carry, args=(server, client, turn), kwargs={"answers": True}, daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, turn: dict[str, bool], *, answers: bool = False) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if answers and self.deaf:
                    break
                if answers and turn["asking"]:
                    self.trips += 1
                turn["asking"] = not answers
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
