"""Commands about a book: was it altered, does it replay, would it be decided again, and the proof of one grant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dibs.cli.frame import DONE, FAILED, Family, bad, cannot_write, command, say, typed_words
from dibs.cli.words import read_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console

    from dibs.cli.frame import Output
    from dibs.errors import Finding
    from dibs.journal.audit import Book
    from dibs.journal.checkpoint import VerifyingKey

SQLITE_MAGIC = b"SQLite format 3\x00"
POSTGRES = ("postgresql://", "postgres://")
PROOF_BYTES_MAX = 100_000_000
"""Bytes of a proof that are read (bound is in): a proof holds the acts of one need."""


@click.group(cls=Family, short_help="Audit a book, and prove one grant to an outsider.")
def audit() -> None:
    """Audit a book: nothing altered, same state, same answers; and prove one grant to an outsider.

    BOOK is the folder that a run leaves, a `journal.jsonl`, an SQLite file, or the address of a PostgreSQL database, as
    `postgresql://USER@HOST/DATABASE`, with `?book=NAME` if it is not `main`.  A fault found ends with 1.
    """


def book_argument(function: Callable[..., Any]) -> Callable[..., Any]:
    """The argument that names a book."""
    return click.argument("book", type=click.Path(), metavar="BOOK")(function)


def key_option(*, required: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option that names a public key."""
    words = "The book's public key, as text or in a file; best from elsewhere than the book itself."
    return click.option("--key", required=required, metavar="KEY|FILE", help=words)


@command(audit)
@book_argument
@key_option(required=False)
def verify(out: Output, book: str, key: str | None) -> int:
    """Re-read every stored value and find any one changed byte.

    Without --key the book vouches for itself: that finds accidents, not a forger who writes everything anew.
    """
    from dibs.journal.audit import verify as check

    seen = check(_open(book), public_key(key) if key else None)
    document = {
        "entries": seen.entries,
        "root": seen.root.hex(),
        "signed": seen.signed,
        "findings": [finding.as_dict() for finding in seen.findings],
    }

    def show(console: Console) -> None:
        _show(console, seen.findings, f"{seen.entries:,} entries, nothing altered")
        say(console, f"root {seen.root.hex()}", indent=2)
        vouched = f"signed heads vouch for the first {seen.signed:,}" if seen.signed else "no signed head vouches for it"
        say(console, vouched, indent=2)

    out.answer(document, show)
    return FAILED if seen.findings else DONE


@command(audit)
@book_argument
def replay(out: Output, book: str) -> int:
    """Make the state from the events alone, and compare it with the one that was signed."""
    from dibs.journal.audit import replay as again

    seen = again(_open(book))
    grants = sorted(seen.state.grants)
    document = {
        "entries": seen.entries,
        "state": seen.digest.hex(),
        "signed": seen.signed.hex() or None,
        "requests": len(seen.state.requests),
        "offers": len(seen.state.offers),
        "grants": grants,
        "findings": [finding.as_dict() for finding in seen.findings],
    }

    def show(console: Console) -> None:
        _show(console, seen.findings, f"{seen.entries:,} entries replayed")
        say(console, f"{len(seen.state.requests):,} requests, {len(seen.state.offers):,} offers, {len(grants):,} grants", indent=2)
        say(console, f"state {seen.digest.hex()}{', as signed' if seen.signed and not seen.findings else ''}", indent=2)

    out.answer(document, show)
    return FAILED if seen.findings else DONE


@command(audit, "re-decide")
@book_argument
def re_decide(out: Output, book: str) -> int:
    """Hear every command again under the agreement of its time, and name the first that would be decided otherwise."""
    from dibs.journal.audit import re_decide as again

    seen = again(_open(book))
    document = {"entries": seen.entries, "first": seen.first, "findings": [finding.as_dict() for finding in seen.findings]}
    out.answer(document, lambda console: _show(console, seen.findings, f"{seen.entries:,} commands heard again, each with the same events"))
    return FAILED if seen.findings else DONE


@command(audit)
@book_argument
@click.option("--grant", required=True, help="The grant to prove.")
@click.option(
    "--disclose", multiple=True, metavar="NAME", help="Show these confidential values too (price, terms ...), or `all`; may be given several times."
)
@click.option("--out", "target", type=click.Path(), required=True, help="The file to write the proof to.")
def prove(out: Output, book: str, *, grant: str, disclose: tuple[str, ...], target: str) -> None:
    """Write the proof of one grant: a file that somebody with no access can check offline."""
    from dibs.journal.proof import prove as make

    proof = make(_open(book), grant, disclose=disclose)
    write(Path(target), proof)
    document = {"grant": grant, "proof": target, "bytes": len(proof)}
    out.answer(
        document,
        lambda console: say(
            console, f"{target}: the proof of {grant}, {len(proof):,} bytes; check it with `dibs audit verify-bundle {target} --key KEY`"
        ),
    )


@command(audit, "verify-bundle")
@click.argument("proof", type=click.Path(), metavar="FILE")
@key_option(required=True)
def verify_bundle(out: Output, proof: str, key: str) -> int:
    """Check a proof with nothing but itself and the book's public key."""
    from dibs.errors import BadInput
    from dibs.journal.proof import verify_bundle as check
    from dibs.quantities import iso

    public = public_key(key)
    text = read_bytes(proof, most=PROOF_BYTES_MAX)
    try:
        shown = check(text, public, proof)
    except BadInput as error:
        findings = error.findings
        document: dict[str, Any] = {"holds": False, "findings": [finding.as_dict() for finding in findings]}
        out.answer(document, lambda console: _show(console, findings, ""))
        return FAILED
    document = {
        "holds": True,
        "grant": shown.grant,
        "request": shown.request,
        "book": shown.origin,
        "size": shown.size,
        "agreement": shown.digest,
        "version": shown.version,
        "served": iso(shown.served_at) if shown.served_at is not None else None,
        "steps": [{"entry": step.seq, "at": iso(step.at), "what": step.what, "values": step.values} for step in shown.steps],
    }

    def show(console: Console) -> None:
        say(console, ("it holds", "bold green"), f": grant {shown.grant} of {shown.origin}, under version {shown.version}")
        for sentence in shown.sentences():
            say(console, sentence, indent=2)

    out.answer(document, show)
    return DONE


def write(path: Path, content: bytes) -> None:
    """Write a file wholly or not at all."""
    partial = path.with_name(f"{path.name}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error


def _open(path: str) -> Book:
    """The book at a path or an address, whichever of its forms it has."""
    if path.startswith(POSTGRES):
        return _open_postgres(path)
    place = Path(path)
    if place.is_dir() or place.name == "journal.jsonl":
        from dibs.store.folder import Folder

        return Folder(place if place.is_dir() else place.parent)
    if place.is_file():
        with place.open("rb") as file:
            if file.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC:
                from dibs.store.sqlite import SqliteBook

                return SqliteBook(path)
        fix = "give the folder of a run, its `journal.jsonl`, an SQLite file that dibs wrote, or the address of a database, `postgresql://...`"
        raise bad("DIB182", f"`{path}` is no book", fix, path)
    read_bytes(path)
    raise AssertionError(path)


def _open_postgres(url: str) -> Book:
    try:
        from dibs.store.postgres import PostgresBook
    except ImportError as error:
        from dibs.errors import Unavailable

        message = "books in PostgreSQL need its driver, which is not installed: pip install 'dibs[postgres]'"
        raise Unavailable(message, code="DIB159", retry=False) from error
    book = PostgresBook(url)
    click.get_current_context().call_on_close(book.close)
    return book


def public_key(text: str) -> VerifyingKey:
    """A public key, given as text or as the file that holds it."""
    from dibs.journal.checkpoint import VerifyingKey

    written = text
    try:
        if Path(text).is_file():
            written = read_bytes(text).decode("ascii")
        return VerifyingKey.parse(written)
    except (ValueError, OSError) as error:
        message = f"`{text}` is no public key and no file that holds one"
        raise bad("DIB186", message, "give the line of the book's `journal.key`: `name+id+base64`", text) from error


def _show(console: Console, findings: Sequence[Finding], fine: str) -> None:
    from dibs.cli.findings import show_findings

    if findings:
        show_findings(console, findings, typed_words())
    else:
        say(console, (fine, "green"))
