"""What changed between two editions, in words that a member would read."""

from collections.abc import Callable, Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from loyalty.program.facts import Fact, Facts, activity_facts, earning_facts, ladder_facts, program_facts, unit_facts
from loyalty.program.ladder import Path, guarded
from loyalty.program.load import Edition
from loyalty.program.promise_facts import benefit_facts, request_facts
from loyalty.program.words import Words, english


class Change(NamedTuple):
    """One difference: the file, of what, how it is put; the words before and after, none where it is new or gone."""

    file: str
    about: str
    how: str
    before: str | None
    after: str | None
    note: str = ""

    @property
    def text(self) -> str:
        """The difference as a line: `Gold: reach with 50,000 miles -> 60,000 miles (+20 %)`."""
        how = f"{self.how} " if self.how else ""
        if self.before is None:
            return f"{self.about}: new: {how}{self.after}"
        if self.after is None:
            return f"{self.about}: no longer: {how}{self.before}"
        return f"{self.about}: {how}{self.before} -> {self.after}{f' ({self.note})' if self.note else ''}"


#: What each file says, and the part of an edition that it is.
TOLD: Mapping[str, tuple[str, Callable[[Edition, Words], Facts]]] = {
    "program.yaml": ("head", program_facts),
    "units.yaml": ("units", unit_facts),
    "activities.yaml": ("activities", activity_facts),
    "earning.yaml": ("earning", earning_facts),
    "ladder.yaml": ("ladder", ladder_facts),
    "benefits.yaml": ("benefits", benefit_facts),
    "requests.yaml": ("requests", request_facts),
}


def compare(before: Edition, after: Edition) -> list[Change]:
    """Every difference, in the order of the files; an empty list where the two say the same."""
    old, new = Words(before.ladder, before.units), Words(after.ladder, after.units)
    changes: list[Change] = []
    for file, (part, told) in TOLD.items():
        found = [*_tier_paths(before, after, old, new), *_lifetime(before, after, old, new)] if part == "ladder" else []
        found += _changed(file, told(before, old), told(after, new))
        if not found and getattr(before, part) != getattr(after, part):
            found = [Change(file, "Texts in other languages, or finer words", "", "before", "changed")]
        changes += found
    return changes


def _changed(file: str, before: Facts, after: Facts) -> Iterator[Change]:
    for key in dict.fromkeys([*before, *after]):
        old, new = before.get(key), after.get(key)
        if old and new and old.form == new.form and (new.form or old.parts or new.parts):
            yield from _changed(file, old.parts, new.parts)
        elif old and new:
            if old.text != new.text:
                yield Change(file, new.about, new.how, old.text, new.text, _note(old, new))
        elif only := old or new:
            yield Change(file, only.about, only.how, old.text if old else None, new.text if new else None)


def _note(old: Fact, new: Fact) -> str:
    if old.value is None or new.value is None or old.value == new.value:
        return ""
    return percent(old.value, new.value)


def percent(before: Decimal, after: Decimal) -> str:
    """The change in percent, to a tenth: `+20 %`; nothing from or to 0."""
    if not before or not after:
        return ""
    change = ((after - before) * 100 / before).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return f"{change:+f}".removesuffix(".0") + " %"


# --- paths ------------------------------------------------------------------------------------------------------


def _tier_paths(before: Edition, after: Edition, old: Words, new: Words) -> Iterator[Change]:
    tiers = {tier.id: tier for tier in before.ladder.tiers}
    for tier in after.ladder.tiers:
        was = tiers.get(tier.id)
        if was is not None:
            for how, paths, others in (("reach with", was.reach, tier.reach), ("keep with", was.keep, tier.keep)):
                for one, other in paired(list(paths), list(others)):
                    yield from _path(english(tier.name), how, (one, old), (other, new))


def _lifetime(before: Edition, after: Edition, old: Words, new: Words) -> Iterator[Change]:
    named = dict.fromkeys(life.tier for edition in (before, after) for life in edition.ladder.lifetime)
    for tier in named:
        was, now = ([life.path for life in edition.ladder.lifetime if life.tier == tier] for edition in (before, after))
        for one, other in paired(was, now):
            yield from _path((new if now else old).tier(tier), "for life with", (one, old), (other, new))


def _path(about: str, how: str, one: tuple[Path | None, Words], other: tuple[Path | None, Words]) -> Iterator[Change]:
    (was, old), (now, new) = one, other
    texts = old.path(was) if was is not None else None, new.path(now) if now is not None else None
    if was is None or now is None or not _same(was, now):
        note = _thresholds(was, now, new) if was is not None and now is not None else ""
        yield Change("ladder.yaml", about, how, *texts, note)


def _thresholds(was: Path, now: Path, words: Words) -> str:
    """By how much each threshold moved; the counter is named where several did, or it is one of several."""
    old, new = guarded(was).needs, guarded(now).needs
    moved = {name: percent(old[name], value) for name, value in new.items() if name in old and old[name] != value}
    if len(moved) == 1 and len(new) == 1:
        return next(iter(moved.values()))
    return ", ".join(f"{words.unit(name)} {by}" for name, by in moved.items() if by)


def paired(before: list[Path], after: list[Path]) -> list[tuple[Path | None, Path | None]]:
    """Each path with the one that stands for it in the other edition: the same, else of the same counters, else of one."""
    pairs: list[tuple[Path | None, Path | None]] = []
    left, rest = list(before), list(after)
    for alike in (_same, _same_counters, _one_counter):
        for path in list(left):
            match = next((other for other in rest if alike(path, other)), None)
            if match is not None:
                pairs.append((path, match))
                left.remove(path)
                rest.remove(match)
    return [*pairs, *((path, None) for path in left), *((None, path) for path in rest)]


def _same(one: Path, other: Path) -> bool:
    return guarded(one) == guarded(other)


def _same_counters(one: Path, other: Path) -> bool:
    return guarded(one).needs.keys() == guarded(other).needs.keys()


def _one_counter(one: Path, other: Path) -> bool:
    return bool(guarded(one).needs.keys() & guarded(other).needs.keys())
