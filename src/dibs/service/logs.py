"""Logs: a line of JSON for everything worth a line, with the id of the request it belongs to.

What is logged is chosen, never dumped: routes and not addresses, since addresses carry names and cursors; kinds of
errors and where they happened, and not their texts, since those quote what somebody sent or what a row held.
"""

from __future__ import annotations

import contextvars
import logging
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

REQUEST: contextvars.ContextVar[str] = contextvars.ContextVar("request", default="")
"""The id of the request that is being answered."""

LOG = logging.getLogger("dibs")
_QUIET = ("httpx2", "httpcore2")
"""These log addresses, which may carry what is nobody's business."""
_FRAMES = 12


class Lines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage().strip(),
        }
        if request := REQUEST.get():
            line["request"] = request
        line |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[0] is not None:
            kind, _, trace = record.exc_info
            frames = traceback.extract_tb(trace)[-_FRAMES:]
            line["error"] = kind.__name__
            line["at"] = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
        return msgspec.json.encode(line).decode()


def say(message: str, fields: Mapping[str, Any] | None = None, *, level: int = logging.INFO, error: BaseException | None = None) -> None:
    """Log a line with some fields.  Nothing confidential goes in either."""
    LOG.log(level, message, extra={"fields": dict(fields or {})}, exc_info=error)


def begin(stream: TextIO, *, level: int = logging.INFO) -> logging.Handler:
    """Send everything that this process logs to a stream, as lines of JSON.  For the start of the service only."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Lines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    return handler
