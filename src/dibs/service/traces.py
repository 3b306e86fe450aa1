"""Traces of requests and commits, for whoever has OpenTelemetry (`dibs[telemetry]`); off unless asked for."""

from __future__ import annotations

import time
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from dibs.errors import Unavailable
from dibs.service.metrics import outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opentelemetry.sdk.trace import TracerProvider

    from dibs.service.office import Commit


class Span(Protocol):
    """One request."""

    def end(self, route: str, status: int) -> None:
        """How it was answered."""


class Traces:
    """Makes spans with a provider of OpenTelemetry."""

    def __init__(self, provider: TracerProvider) -> None:
        """`provider` says where spans go."""
        self._provider = provider
        self._tracer = provider.get_tracer("dibs.service")

    def committed(self, commit: Commit) -> None:
        """A span for a group of acts that was heard."""
        until = time.time_ns()
        span = self._tracer.start_span("commit", start_time=until - int(commit.seconds * 1e9))
        span.set_attribute("dibs.acts", len(commit.acts))
        for result in ("done", "refused", "repeated", "not_heard"):
            count = sum(outcome(heard) == result for heard in commit.outcomes)
            if count:
                span.set_attribute(f"dibs.{result}", count)
        span.end(end_time=until)

    def woke(self, late: int) -> None:
        """A wake is a moment, not a span."""

    @contextmanager
    def request(self, method: str, headers: Mapping[str, str]) -> Iterator[Span]:
        """A span for a request; it goes on with its sender's trace if there is one (`traceparent`)."""
        from opentelemetry import trace  # noqa: PLC0415 - an extra
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

        context = TraceContextTextMapPropagator().extract(dict(headers))
        with self._tracer.start_as_current_span(method, context=context, kind=trace.SpanKind.SERVER) as span:
            yield _Request(span, method)

    def close(self) -> None:
        """Send what has not been sent yet."""
        self._provider.shutdown()


class _Request:
    """A request's span under OpenTelemetry's names for HTTP."""

    def __init__(self, span: Any, method: str) -> None:
        self._span = span
        self._method = method

    def end(self, route: str, status: int) -> None:
        """How it was answered: the route with its gaps, not the address."""
        self._span.update_name(f"{self._method} {route}")
        self._span.set_attribute("http.request.method", self._method)
        self._span.set_attribute("http.route", route)
        self._span.set_attribute("http.response.status_code", status)


def traces_to(where: str) -> Traces | None:
    """Traces that go to `console` or to an OpenTelemetry collector (`otlp`, set up by OTEL_ variables); none for an empty word.

    Raises `Unavailable` (DIB378) if what that takes is not installed.
    """
    if not where:
        return None
    try:
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter  # noqa: PLC0415

        exporter: SpanExporter
        if where == "otlp":
            exporter = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter").OTLPSpanExporter()
        else:
            exporter = ConsoleSpanExporter()
    except ImportError as error:
        message = f"traces to `{where}` need a part of OpenTelemetry that is not installed: install `dibs[telemetry]`, and an exporter for `otlp`"
        raise Unavailable(message, code="DIB378", retry=False) from error
    provider = TracerProvider(resource=Resource.create({"service.name": "dibs"}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return Traces(provider)
