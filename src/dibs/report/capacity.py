"""Who hosts the compute, and is it enough?  Stacked steps of active accelerators under the line of what was wanted."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from dibs.report.canvas import Canvas, series, spread
from dibs.report.palette import GREY, Ink, ink_of
from dibs.report.tables import Table
from dibs.report.wording import amount, capital, count, listed, plain, power, share, short

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dibs.report.folder import Row, RunFolder
    from dibs.report.palette import Palette
    from dibs.report.timeline import Timeline

    Layer: TypeAlias = tuple[Ink, tuple[int, ...]]
    Chooser: TypeAlias = Callable[[str, str, int], Ink]

BANDS_MAX = 12
"""Bands of one picture; the smallest beyond them are drawn as one."""
HEIGHT, LABEL = 340, 17
"""Pixels of the plot, and between two labels at its right edge."""
SHADES = ("#40607f", "#7391ad", "#a9bccd", "#d3dde6", "#75688c", "#a79bb9", "#cfc7da", "#8d8d7b")
"""Kinds of work are no parties: they get shades of slate, not one of the platforms' hues."""


@dataclass(frozen=True, slots=True)
class Band:
    """One layer of the stack: its values, its path, and what it was at its highest."""

    ink: Ink
    values: tuple[int, ...]
    path: str
    peak: str


@dataclass(frozen=True, slots=True)
class Label:
    """A name at the right edge, `at` per cent of the height: of a band (`ink`), or of what was wanted or missing (`kind`)."""

    at: float
    kind: str
    ink: Ink | None
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Stack:
    """One way of splitting the same total."""

    by: str
    says: str
    bands: tuple[Band, ...]
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class CapacityView:
    """Everything the template draws."""

    caption: str
    text_alternative: str
    stacks: tuple[Stack, ...]
    canvas: Canvas
    demand: tuple[int, ...]
    unmet: tuple[int, ...]
    demand_path: str
    unmet_path: str
    unit: str
    table: Table


def view(run: RunFolder, axis: Timeline, palette: Palette) -> CapacityView | None:
    """None when no capacity was ever active and none was wanted."""
    capacity, demanded = run.table("capacity"), run.table("demand")
    months = sorted({row["month"] for row in (*capacity, *demanded)})
    if not months:
        return None
    totals, demand, unmet = series(capacity, "active", months), series(demanded, "wanted", months), series(demanded, "unmet", months)
    canvas = Canvas.of(axis, months, max((*totals, *demand)))
    ends = (demand[-1], unmet[-1])
    stacks = tuple(_stack(canvas, (by, says), _layers(capacity, canvas, column, ink), ends) for by, says, column, ink in _splits(run, palette))
    hosted = {band.ink.name: band.values for band in stacks[0].bands}
    rows = [
        {"month": text, **{name: values[n] for name, values in hosted.items()}, "active": totals[n], "wanted": demand[n], "unmet": unmet[n]}
        for n, text in enumerate(months)
    ]
    return CapacityView(
        caption=". ".join(capital(sentence) for sentence in (*_hosting(run, canvas, hosted, totals), *_enough(canvas, demand, unmet))) + ".",
        text_alternative=_alternative(canvas, stacks[0], totals[-1], demand[-1]),
        stacks=stacks,
        canvas=canvas,
        demand=demand,
        unmet=unmet,
        demand_path=canvas.line(demand),
        unmet_path=canvas.area([want - gap for want, gap in zip(demand, unmet, strict=True)], demand),
        unit=f"accelerators; 100 thousand draw {power(100_000, run.kilowatts)}" if run.kilowatts else "accelerators",
        table=Table.of("capacity-by-platform", rows, file=False),
    )


def _splits(run: RunFolder, palette: Palette) -> tuple[tuple[str, str, str, Chooser], ...]:
    """The ways of splitting: name, words, column, and the ink of the n-th value of that column within its platform."""
    names = run.names

    def operator(platform: str, operator: str, n: int) -> Ink:
        name = names.get(operator, operator)
        return palette.tint(platform, n, name if operator == platform else f"{name} ({palette.platform(platform).letter})")

    def work(_: str, name: str, n: int) -> Ink:
        return ink_of(SHADES[n % len(SHADES)], name[:1].upper(), plain(name))

    return (
        ("platform", "under whose contract", "platform", lambda platform, _, __: palette.platform(platform)),
        ("operator", "on whose machines", "operator", operator),
        ("class", "for which work", "class", work),
        ("site", "at which site", "host", lambda platform, host, n: palette.tint(platform, n, host)),
    )


def _layers(rows: Sequence[Row], canvas: Canvas, column: str, ink: Chooser) -> list[Layer]:
    """Layers from below: platforms in the order in which they first were active, and so their operators and sites."""
    grouped: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        grouped["" if column == "class" else row["platform"], row[column]].append(row)
    values = {key: canvas.series(group, "active") for key, group in grouped.items()}
    since = {key: next((n for n, value in enumerate(active) if value), len(canvas.xs)) for key, active in values.items()}
    family = {key[0]: min(since[other] for other in since if other[0] == key[0]) for key in since}
    ordered = sorted(values, key=lambda key: (family[key[0]], key[0], since[key], -max(values[key]), key))
    small = set(sorted(ordered, key=lambda key: -sum(values[key]))[BANDS_MAX:])
    layers = [(ink(*key, sum(1 for other in ordered[:n] if other[0] == key[0])), values[key]) for n, key in enumerate(ordered) if key not in small]
    if small:
        rest = tuple(sum(column) for column in zip(*(values[key] for key in small), strict=True))
        layers.append((ink_of(GREY, "…", count(len(small), "other")), rest))
    return layers


def _stack(canvas: Canvas, split: tuple[str, str], layers: list[Layer], ends: tuple[int, int]) -> Stack:
    """The bands from below, and at the right edge the names of all that is left in the last month; `ends` is what was wanted and missing then."""
    base = [0] * len(canvas.xs)
    bands = []
    named: list[tuple[float, str, Ink | None, str, int]] = []
    for ink, values in layers:
        upper = [low + value for low, value in zip(base, values, strict=True)]
        peak = max(range(len(values)), key=values.__getitem__)
        bands.append(Band(ink, values, canvas.area(base, upper), f"{short(values[peak])} in {canvas.name(peak)} at the most"))
        if values[-1]:
            named.append(((base[-1] + upper[-1]) / 2, "band", ink, ink.name, values[-1]))
        base = upper
    demand, unmet = ends
    if unmet:
        named.append((demand - unmet / 2, "gap", None, "missing", unmet))
    if demand:
        named.append((demand + canvas.top * LABEL / 2 / HEIGHT, "line", None, "wanted", demand))
    named.sort(key=lambda label: label[0])
    places = spread([label[0] / canvas.top * HEIGHT for label in named], LABEL, HEIGHT)
    labels = tuple(
        Label(round(100 * at / HEIGHT, 2), kind, ink, name, short(value)) for at, (_, kind, ink, name, value) in zip(places, named, strict=False)
    )
    return Stack(*split, tuple(bands), labels)


def _hosting(run: RunFolder, canvas: Canvas, hosted: Mapping[str, tuple[int, ...]], totals: tuple[int, ...]) -> list[str]:
    """Who hosted most at the beginning, and what became of that."""
    busy = [n for n, total in enumerate(totals) if total]
    if not busy:
        return ["no capacity was active in any month"]
    start, end = busy[0], busy[-1]
    leader = max(hosted, key=lambda name: hosted[name][start])
    then = "everything" if hosted[leader][start] == totals[start] else f"{share(hosted[leader][start], totals[start])} of everything"
    drawn = f" ({power(totals[end], run.kilowatts)})" if run.kilowatts else ""
    part = "all" if hosted[leader][end] == totals[end] else share(hosted[leader][end], totals[end])
    now = f"{part} of {amount(totals[end])} accelerators{drawn}"
    sentences = [f"{leader} hosts {then} in {canvas.name(start)} and {now} in {canvas.name(end)}"]
    others = sorted((name for name in hosted if name != leader and hosted[name][end]), key=lambda name: -hosted[name][end])[:2]
    if others:
        sentences.append(f"{listed([f'{name} has {share(hosted[name][end], totals[end])}' for name in others])} by then")
    return sentences


def _enough(canvas: Canvas, demand: tuple[int, ...], unmet: tuple[int, ...]) -> list[str]:
    """Whether what was wanted was there."""
    wanted = sum(1 for value in demand if value)
    if not wanted:
        return []
    worst = max(range(len(unmet)), key=unmet.__getitem__)
    if not unmet[worst]:
        return ["it is enough in every month"]
    months = sum(1 for value in unmet if value)
    return [
        f"it is not enough in {months} of {wanted} months: at the worst, in {canvas.name(worst)}, {amount(unmet[worst])} accelerators are missing"
    ]


def _alternative(canvas: Canvas, stack: Stack, active: int, wanted: int) -> str:
    bands = "; ".join(f"{band.ink.name}: {band.peak}" for band in stack.bands)
    return (
        f"Stacked steps from {canvas.name(0)} to {canvas.name(len(canvas.xs) - 1)}, accelerators. Active at the end: {amount(active)}; "
        f"wanted: {amount(wanted)}. {bands}."
    )
