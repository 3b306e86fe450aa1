"""Commands about keeping: a copy of a book with all that stands beside it, and the way back from it."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dibs.cli.auditing import key_option
from dibs.cli.frame import DONE, FAILED, bad, cannot_write, like, say

if TYPE_CHECKING:
    from rich.console import Console

    from dibs.cli.frame import Output
    from dibs.journal.audit import Verified

MANIFEST = "backup.json"
PIECE = 1 << 20
"""Bytes that are read at once."""


@click.argument("book", type=click.Path(), metavar="BOOK")
@click.option("--to", "target", type=click.Path(), required=True, metavar="FOLDER", help="The folder to make; it must not be there.")
@click.option("--with-key", is_flag=True, help="Copy the signing key too: then the copy is as secret as the key.")
def backup(out: Output, book: str, *, target: str, with_key: bool) -> int:
    """Copy a book and its ledger while the service goes on writing, and check the copy.

    BOOK is the SQLite file that `dibs serve` keeps.  The copy is one instant of it; every value of it is read again.
    """
    source, folder = Path(book), Path(target)
    if not source.is_file():
        beside = [str(other) for other in source.parent.iterdir()] if source.parent.is_dir() else []
        raise bad("DIB180", f"there is no file `{book}`{like(book, beside)}", "name the file that `dibs serve` keeps; PostgreSQL has `pg_dump`", book)
    if folder.exists():
        raise bad("DIB395", f"`{target}` is there already", "name a new folder: a back-up is never written over", target)
    partial = folder.with_name(f"{folder.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        _copy_database(source, partial / "book.db")
        ledger = Path(f"{source}.ledger")
        if ledger.is_file():
            _copy_database(ledger, partial / "ledger.db")
        key = Path(f"{source}.key")
        if with_key and key.is_file():
            shutil.copy2(key, partial / "book.key")
        seen = _verify(partial / "book.db")
        files = {path.name: {"bytes": path.stat().st_size, "sha256": _digest(path)} for path in sorted(partial.iterdir())}
        about = {"dibs": "backup/1", "entries": seen.entries, "root": seen.root.hex(), "signed": seen.signed, "files": files}
        (partial / MANIFEST).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
        partial.rename(folder)
    except OSError as error:
        raise cannot_write(folder, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return _tell(out, {"backup": target, **about}, seen, f"{target}: {seen.entries:,} entries, nothing altered")


@click.argument("folder", type=click.Path(), metavar="FOLDER")
@click.option("--to", "target", type=click.Path(), required=True, metavar="BOOK", help="Where the book shall be; no file may be there.")
@key_option(required=False)
def restore(out: Output, folder: str, *, target: str, key: str | None) -> int:
    """Put a back-up in place: every value is read and checked before anything is written.

    What was acknowledged after the back-up was made is not in it: those who said it say it again, with the same keys.
    """
    source, book = Path(folder), Path(target)
    about = _manifest(source, folder)
    places = {"book.db": book, "ledger.db": Path(f"{target}.ledger"), "book.key": Path(f"{target}.key")}
    there = [place for name, place in places.items() if name in about["files"] and place.exists()]
    if there:
        raise bad("DIB395", f"`{there[0]}` is there already", "set it aside first: what is there is never written over", target)
    for name, file in about["files"].items():
        if name not in places or not (source / name).is_file() or _digest(source / name) != file["sha256"]:
            raise bad("DIB396", f"`{source / name}` is not the file that was backed up", "take another copy of the back-up", folder)
    seen = _verify(source / "book.db", key)
    if seen.findings:
        return _tell(out, {"restored": None, **about}, seen, "")
    made: list[Path] = []
    try:
        for name in about["files"]:
            partial = places[name].with_name(f"{places[name].name}.partial")
            made.append(partial)
            shutil.copy2(source / name, partial)
        for name in sorted(about["files"], reverse=True):  # the book comes last: with it everything is there
            places[name].with_name(f"{places[name].name}.partial").rename(places[name])
    except OSError as error:
        raise cannot_write(book, error) from error
    finally:
        for partial in made:
            partial.unlink(missing_ok=True)
    return _tell(out, {"restored": target, **about}, seen, f"{target}: {seen.entries:,} entries, nothing altered")


def _copy_database(source: Path, target: Path) -> None:
    """One instant of a database, also while somebody writes to it."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
        new.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it


def _verify(book: Path, key: str | None = None) -> Verified:
    from contextlib import closing

    from dibs.cli.auditing import public_key
    from dibs.journal.audit import verify
    from dibs.store.sqlite import SqliteBook

    with closing(SqliteBook(book)) as opened:
        return verify(opened, public_key(key) if key else None)


def _manifest(source: Path, typed: str) -> dict[str, Any]:
    try:
        about = json.loads((source / MANIFEST).read_text("utf-8"))
        if about["dibs"] == "backup/1" and "book.db" in about["files"]:
            return dict(about)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise bad("DIB396", f"`{typed}` is not a folder that `dibs backup` left", "name the folder with `backup.json` in it", typed)


def _digest(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _tell(out: Output, document: dict[str, Any], seen: Verified, fine: str) -> int:
    from dibs.cli.findings import show_findings
    from dibs.cli.frame import typed_words

    document["findings"] = [finding.as_dict() for finding in seen.findings]

    def show(console: Console) -> None:
        if seen.findings:
            show_findings(console, seen.findings, typed_words())
            return
        say(console, (fine, "green"))
        say(console, f"root {seen.root.hex()}: keep it somewhere else as well", indent=2)

    out.answer(document, show)
    return FAILED if seen.findings else DONE
