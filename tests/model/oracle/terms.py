"""What the oracle is told: a program as its files have it, and a member's life; ladder files in plain words by rank."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_CEILING, Decimal
from functools import cached_property
from typing import Any

from loyalty.program.ladder import Held, LadderFile, Path, Validity, Window, guarded
from loyalty.program.models import Attribute, Unit
from tests.model.oracle.calendar import EVER, Layout


@dataclass(frozen=True)
class Posting:
    """An entry: known on a day, counted for another."""

    posted: int
    on: int
    counter: int
    amount: int


@dataclass(frozen=True)
class Stated:
    """A fact about status as in the engine."""

    posted: int
    id: int
    kind: str
    rank: int
    begins: int
    until: int
    revokes: int | None = None
    at: int = 0
    window: int | None = None
    offer: str | None = None


@dataclass(frozen=True)
class Program:
    """The editions of a program: first day, ladder, units; and the attributes of its members."""

    editions: tuple[tuple[date, LadderFile, Mapping[str, Unit]], ...]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)

    def __repr__(self) -> str:
        told = [(str(begins), ladder.model_dump(by_alias=True, exclude_defaults=True)) for begins, ladder, _ in self.editions]
        return f"Program({told}, {list(self.attributes)})"


@dataclass(frozen=True)
class Life:
    """All that happened to one member under a program."""

    program: Program
    enrolled: int
    left: int | None = None
    postings: tuple[Posting, ...] = ()
    stated: tuple[Stated, ...] = ()
    traits: tuple[tuple[int, tuple[Any, ...]], ...] = ()
    today: int = EVER


@dataclass(frozen=True, eq=False)
class Way:
    """A path, with thresholds in the smallest step by the place of the counter."""

    needs: dict[int, int]
    holds: int | None
    held: tuple[int, Held] | None
    when: Mapping[str, Any] | None
    window: str


@dataclass(frozen=True, eq=False)
class Terms:
    """One edition by rank and place."""

    place: int
    begins: int
    ladder: LadderFile
    main: Layout
    named: dict[str, Layout]
    tied: Layout | None
    reach: dict[int, list[Way]]
    keep: dict[int, list[Way]]
    lifetime: dict[int, list[Way]]
    milestones: list[list[Way]]
    goals: dict[str, Way]
    layers: dict[int, int]
    validities: dict[int, Validity]

    @property
    def strict(self) -> bool:
        return self.ladder.reversal == "strict"

    @property
    def keeps_at_end(self) -> bool:
        return self.ladder.keep == "at_end"

    def validity_of(self, rank: int, kept: bool = False) -> Validity:
        """How long a tier holds that is reached, or kept."""
        keeping = self.ladder.keep_validity if kept else None
        return keeping or self.validities.get(rank) or self.ladder.validity

    def layout(self, name: str) -> Layout:
        return self.named[name] if name else self.main


class World:
    """A life with its program read: names to ranks and places."""

    def __init__(self, life: Life) -> None:
        self.life = life
        editions = life.program.editions
        self.tiers = list(dict.fromkeys(tier.id for _, ladder, _ in editions for tier in ladder.tiers))
        self.counters = list(
            dict.fromkeys(name for _, _, units in editions for name, unit in units.items() if unit.kind in ("counter", "level"))
        )
        self.levels = {
            self.counters.index(name) for _, _, units in editions for name, unit in units.items() if unit.kind == "level"
        }
        self._layouts: dict[str, Layout] = {}
        self.terms = [self._read(place, *edition) for place, edition in enumerate(editions)]

    @cached_property
    def layouts(self) -> list[Layout]:
        """Every way in which windows of entries are laid."""
        return list(dict.fromkeys(layout for terms in self.terms for layout in (terms.main, *terms.named.values())))

    @cached_property
    def personal(self) -> bool:
        return self.terms[0].main.window.personal

    def scaled(self, units: Mapping[str, Unit], name: str, amount: Decimal) -> int:
        return int(amount.scaleb(units[name].decimals))

    def _read(self, place: int, begins: date, ladder: LadderFile, units: Mapping[str, Unit]) -> Terms:
        def way(path: Path) -> Way:
            long = guarded(path)
            return Way(
                {self.counters.index(name): self.scaled(units, name, least) for name, least in long.needs.items()},
                None if long.holds is None else self.tiers.index(long.holds),
                None if long.held is None else (self.tiers.index(long.held.tier), long.held),
                long.when,
                long.window or "",
            )

        rank = self.tiers.index
        lifetime: dict[int, list[Way]] = {}
        for life in ladder.lifetime:
            lifetime.setdefault(rank(life.tier), []).append(way(life.path))
        return Terms(
            place,
            begins.toordinal(),
            ladder,
            self._layout("", ladder.main, ladder),
            {name: self._layout(name, window, ladder) for name, window in ladder.windows.items()},
            None if ladder.keep_window is None else self._layout("keep", ladder.keep_window, ladder),
            {rank(tier.id): [way(path) for path in tier.reach] for tier in ladder.tiers},
            {rank(tier.id): [way(path) for path in tier.keep] for tier in ladder.tiers},
            lifetime,
            [[way(path) for path in milestone.paths] for milestone in ladder.milestones],
            {offer.id: way(offer.goal) for offer in ladder.offers if offer.goal is not None},
            {rank(tier.id): rank(tier.layer_on) for tier in ladder.tiers if tier.layer_on is not None},
            {rank(tier.id): tier.validity for tier in ladder.tiers if tier.validity is not None},
        )

    def _layout(self, name: str, window: Window, ladder: LadderFile) -> Layout:
        stretched = () if name else ladder.stretched
        key = f"{name} {window!r} {stretched!r}"
        return self._layouts.setdefault(key, Layout(name, window, stretched, self.life.enrolled))

    def in_force(self, day: int) -> Terms:
        """The edition in force on a day; the first before any."""
        return [self.terms[0], *(terms for terms in self.terms[1:] if terms.begins <= day)][-1]

    def traits_on(self, day: int) -> dict[str, Any]:
        """The attributes of the member as known on a day."""
        known = [values for since, values in self.life.traits if since <= max(day, self.life.enrolled)]
        return dict(zip(self.life.program.attributes, known[-1], strict=True)) if known else {}


def agrees(condition: Mapping[str, Any] | None, traits: Mapping[str, Any]) -> bool:
    """Whether a member has the attributes of a condition."""
    return all(_row(key, wanted, traits) for key, wanted in (condition or {}).items())


def _row(key: str, wanted: Any, traits: Mapping[str, Any]) -> bool:
    if key == "all":
        return all(agrees(one, traits) for one in wanted)
    if key == "any":
        return any(agrees(one, traits) for one in wanted)
    if key == "not":
        return not agrees(wanted, traits)
    value = traits.get(key.removeprefix("member."))
    if not isinstance(wanted, dict):
        return value in (wanted if isinstance(wanted, list) else [wanted])
    return all(_compared(word, limit, value) for word, limit in wanted.items())


def _compared(word: str, limit: Any, value: Any) -> bool:
    if word == "present":
        return bool((value is not None) == limit)
    if word == "one_of":
        return bool(value in limit)
    if value is None:
        return False
    return bool({"at_least": value >= limit, "above": value > limit, "at_most": value <= limit, "below": value < limit}[word])


def percent_up(least: int, percent: Decimal) -> int:
    """So many percent of a threshold, rounded up."""
    return int((least * percent / 100).to_integral_value(ROUND_CEILING))
