"""A book as a folder of plain files: what a run leaves, and what one party hands to another.

`journal.jsonl` holds an entry a line; `journal.checkpoint` the signed head, `journal.state` the signed digest of the
state, `journal.key` the public key of both; `agreement.yaml` the text that counts at the end, and
`agreement-DIGEST.yaml` each earlier one.  Only the first and the texts are always there.
"""

from __future__ import annotations

import errno
import os
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from dibs.errors import BadInput, Finding, Mark, Unavailable
from dibs.journal.checkpoint import Checkpoint, Head, VerifyingKey
from dibs.journal.entry import read_rows, to_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dibs.journal.audit import Book
    from dibs.journal.entry import Sealed

JOURNAL: Final = "journal.jsonl"
CHECKPOINT: Final = "journal.checkpoint"
STATE: Final = "journal.state"
KEYS: Final = "journal.key"
AGREEMENT: Final = "agreement.yaml"


class Folder:
    """Reads a book from its folder."""

    def __init__(self, path: str | Path) -> None:
        """Raises `Unavailable` unless there is a `journal.jsonl` in it."""
        self._path = Path(path)
        self.name = str(path)
        if not (self._path / JOURNAL).is_file():
            message = f"there is no `{JOURNAL}` in `{self.name}`: name the folder that a run or an export left"
            raise Unavailable(message, code="DIB159", retry=False)

    def sealed(self) -> Iterator[tuple[Sealed, Mark]]:
        """Every entry, in order, with its line.  Raises `BadInput` at the first line that is none."""
        path = self._path / JOURNAL
        with _open(path) as file:
            yield from read_rows(file, str(path))

    def texts(self) -> Mapping[str, str]:
        """Every agreement's text by the SHA-256 of what is in its file."""
        texts = {}
        for path in sorted(self._path.glob("agreement*.yaml")):
            text = _read(path)
            texts[sha256(text.encode()).hexdigest()] = text
        return texts

    def heads(self) -> Sequence[Head]:
        """The signed head, if there is one.  Raises `BadInput` if it cannot be read."""
        path = self._path / CHECKPOINT
        if not path.exists():
            return ()
        note = _read(path)
        state = _read(self._path / STATE) if (self._path / STATE).exists() else ""
        try:
            return (Head(Checkpoint.parse(note.partition("\n\n")[0] + "\n").size, note, state),)
        except ValueError as error:
            raise BadInput([Finding("DIB158", f"the head cannot be read: {error}", Mark(str(path)), _RESTORE)]) from error

    def signers(self) -> Sequence[VerifyingKey]:
        """The public keys beside the head.  Raises `BadInput` if they cannot be read."""
        path = self._path / KEYS
        if not path.exists():
            return ()
        try:
            return tuple(VerifyingKey.parse(line) for line in _read(path).splitlines())
        except ValueError as error:
            raise BadInput([Finding("DIB169", str(error), Mark(str(path)), _RESTORE)]) from error

    def damage(self) -> Iterable[Finding]:
        """Files that a book does not have are not read, so there is nothing wrong with them."""
        return ()


_RESTORE = "restore the folder from a copy; see how-to/recover"


def write_folder(book: Book, path: str | Path) -> None:
    """Write a book as a folder, which has to be there.  A journal that is in it is replaced as a whole or not at all."""
    folder = Path(path)
    counts = ""
    try:
        partial = folder / f"{JOURNAL}.partial"
        with partial.open("wb") as file:
            for sealed, _ in book.sealed():
                file.write(to_row(sealed) + b"\n")
                counts = sealed.agreement
            file.flush()
            os.fsync(file.fileno())
        for digest, text in book.texts().items():
            name = AGREEMENT if digest == counts else f"agreement-{digest[:12]}.yaml"
            (folder / name).write_bytes(text.encode())
        heads = book.heads()
        files = {
            CHECKPOINT: heads[-1].note if heads else "",
            STATE: heads[-1].state if heads else "",
            KEYS: "".join(f"{key}\n" for key in book.signers()),
        }
        for name, text in files.items():
            (folder / name).unlink(missing_ok=True)
            if text:
                (folder / name).write_bytes(text.encode())
        partial.replace(folder / JOURNAL)
    except OSError as error:
        raise _unavailable(folder, error) from error


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise _unavailable(path, error) from error


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except OSError as error:
        raise _unavailable(path, error) from error
    except UnicodeDecodeError as error:
        raise BadInput([Finding("DIB160", "the file is damaged: it is not text", Mark(str(path)), _RESTORE)]) from error


def _unavailable(path: Path, error: OSError) -> Unavailable:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return Unavailable(f"the disk of `{path}` is full: make room and try again", code="DIB153", retry=True)
    return Unavailable(f"`{path}` cannot be read or written: {error.strerror}", code="DIB159", retry=False)
