"""A throw-away PostgreSQL: made for one test session, on a port of this machine, and gone after it."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

OWNER = "postgres"
"""The server refuses to run as root; then it runs as this user, which its package makes."""


def programs():
    """The folder with `initdb` and `pg_ctl` of the newest server installed; nothing where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def why_not():
    """Why no server can be started here; empty when one can."""
    if programs() is None:
        return "no PostgreSQL server is installed (Debian: apt-get install postgresql)"
    if os.geteuid() == 0:
        try:
            pwd.getpwnam(OWNER)
        except KeyError:
            return f"a PostgreSQL server does not run as root, and there is no user {OWNER}"
    return ""


@contextmanager
def server():
    """Start one, give its address as SQLAlchemy writes it, stop it and leave nothing."""
    where = programs()
    folder = Path(tempfile.mkdtemp(prefix="dibs-pg-"))
    as_owner = {}
    if os.geteuid() == 0:
        owner = pwd.getpwnam(OWNER)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        as_owner = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}

    def run(program, *words):
        subprocess.run([where / program, *words], check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, **as_owner)

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = str(folder / "data")
    try:
        run("initdb", "-D", data, "-U", "dibs", "-A", "trust", "--no-locale", "-E", "UTF8", "-N")
        settings = f"-c port={port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", "-D", data, "-w", "-s", "-l", str(folder / "log"), "-o", settings, "start")
        try:
            yield f"postgresql+psycopg://dibs@127.0.0.1:{port}"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "-s", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
