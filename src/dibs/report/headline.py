"""What happened?  What this partnership is, in three sentences, and the figures that matter most."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dibs.report.folder import number
from dibs.report.offers import OUTCOMES
from dibs.report.shortage import unmet_hours
from dibs.report.wording import amount, capital, count, day, listed, power, share

if TYPE_CHECKING:
    from dibs.report.folder import RunFolder
    from dibs.report.palette import Palette


@dataclass(frozen=True, slots=True)
class Figure:
    """One number, what it counts, and the sentence below it.  `tone` is `gap` for what was missing, `bad` for a broken law."""

    number: str
    unit: str
    what: str
    note: str
    href: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class HeadlineView:
    """Everything the template draws."""

    title: str
    subtitle: str
    sentences: tuple[str, ...]
    note: str
    figures: tuple[Figure, ...]


def view(run: RunFolder, palette: Palette) -> HeadlineView:
    """The top of the page."""
    title = run.of("scenario", "title") or run.of("agreement", "title") or run.of("scenario", "id", default="A run")
    subtitle = [f"{day(run.first)} to {day(run.until)}", f"seed {run.of('seed')}"]
    if run.of("variant"):
        subtitle.append(f"variant {run.of('variant')}")
    return HeadlineView(title, " · ".join(subtitle), _sentences(run, palette), run.of("scenario", "note"), _figures(run))


def _sentences(run: RunFolder, palette: Palette) -> tuple[str, ...]:
    sentences = [_suppliers(run, palette)]
    binding = [version for version in run.versions if version.binding]
    if binding:
        now = run.version_at(run.known_until) or binding[-1]
        sentences.append(
            f"What it owes to whom stands in an agreement of {count(len(binding), 'version')} since {day(binding[0].starts)}; "
            f"the latest known one, {now.id}, says: {now.says.rstrip('.')}."
        )
    if run.known_until < run.until:
        sentences.append(
            f"This run plays all of it from {day(run.first)} to {day(run.until)}: up to {day(run.known_until)} along what is publicly known, "
            f"after that along what is planned, drawn lighter."
        )
    else:
        sentences.append(f"This run plays all of it from {day(run.first)} to {day(run.until)}.")
    return tuple(sentences)


def _suppliers(run: RunFolder, palette: Palette) -> str:
    """Who supplies the buyer, the largest first; platforms that are nothing but sites built for it are named as such."""
    buyer = run.names.get(run.of("buyer"), run.of("buyer")) or "The buyer"
    granted: Counter[str] = Counter()
    for row in run.table("grants"):
        granted[row["platform"]] += number(row["quantity"])
    hosts = run.of("hosts", default=[])
    own = {host["platform"] for host in hosts if host["own_build"]} - {host["platform"] for host in hosts if not host["own_build"]}
    others = [palette.platform(party).name for party, _ in granted.most_common() if party not in own]
    built = [palette.platform(party).name for party, _ in granted.most_common() if party in own and party != run.of("buyer")]
    if not granted:
        return f"{buyer} needs accelerators, and in this run nobody gave it any."
    shown = listed(others) if len(others) <= 4 else f"{', '.join(others[:3])} and {len(others) - 3} more"
    sources = [f"from {shown}"] if others else []
    sources += [f"from sites built for it under {listed(built)}"] if built else []
    sources += ["from sites of its own"] if run.of("buyer") in granted and run.of("buyer") in own else []
    return f"{buyer} needs accelerators and gets them {listed(sources)}."


def _figures(run: RunFolder) -> tuple[Figure, ...]:
    """Five to seven: what was asked, offered, taken, granted, missing, delayed, broken; what the run has no case of is left out."""
    requests, offers, launches, laws = run.table("requests"), run.table("offers"), run.table("launches"), run.table("laws")
    asked = sum(number(row["quantity"]) for row in requests)
    granted = sum(number(row["granted"]) for row in requests)
    drawn = f", {power(asked, run.kilowatts)}" if run.kilowatts else ""
    figures = [_figure(len(requests), "requests for capacity", f"{amount(asked)} accelerators in all{drawn}", "#capacity")]
    if offers:
        kinds = Counter(OUTCOMES.get(row["outcome"], OUTCOMES["open"])[0] for row in offers)
        holders = listed([run.names.get(holder, holder) for holder in dict.fromkeys(row["holder"] for row in offers)])
        figures.append(_figure(len(offers), "times asked first", f"{holders}, before anybody else", "#offers"))
        said = [(kinds["part"], "in part"), (kinds["no"], "declined"), (kinds["silent"], "lapsed"), (kinds["waived"], "waived")]
        answers = capital(listed([f"{n} {word}" for n, word in said if n]))
        figures.append(_figure(kinds["yes"], "taken whole", answers or "every one of them", "#offers"))
    else:
        figures.append(_figure(0, "times asked first", "nobody had a right to be", "#offers"))
    figures.append(
        _figure(granted, "accelerators granted", f"{share(granted, asked)} of what was asked" if asked else "nothing was asked", "#suppliers")
    )
    hours = unmet_hours(run)
    missing = f"{count(sum(1 for row in requests if number(row['unmet'])), 'request')} not met in full"
    figures.append(
        _figure(hours, "accelerator-hours missing", missing if hours else "everything wanted was there", "#shortage", "gap" if hours else "")
    )
    if launches:
        late = [row for row in launches if number(row["slip_days"]) > 0 or not row["ready_on"]]
        days = max((number(row["slip_days"]) for row in late if row["ready_on"]), default=0)
        never = sum(1 for row in late if not row["ready_on"])
        told = [f"of {len(launches)}", f"the longest by {count(days, 'day')}" if days else "", f"{never} never shipped" if never else ""]
        figures.append(_figure(len(late), "launches slipped", "; ".join(filter(None, told)), "#shortage"))
    if laws:
        broken, checked = sum(1 for row in laws if number(row["violations"])), sum(number(row["checked"]) for row in laws)
        figures.append(_figure(broken, f"of {len(laws)} laws broken", f"in {amount(checked)} checks", "#laws", "bad" if broken else ""))
    return tuple(figures)


def _figure(how_many: int, what: str, note: str, href: str, tone: str = "") -> Figure:
    """`1.9 million` stands as a number and its unit, which are set in different sizes."""
    head, _, unit = amount(how_many).partition(" ")
    return Figure(head, unit, what, note, href, tone)
