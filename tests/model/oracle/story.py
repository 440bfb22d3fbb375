"""What the oracle remembers of a member while it goes through the days: claims, and what was taken off or rolled in."""

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from loyalty.program.ladder import Offer
from tests.model.oracle.calendar import EVER, LIFE, Frame, containing, ending_with
from tests.model.oracle.terms import Posting, Stated, Terms, Way, World, agrees, percent_up

OWN = ("earned", "kept", "landed", "grace")


@dataclass(eq=False)
class Claim:
    """A tier held in [begins, until), unless it is over before."""

    rank: int
    begins: int
    until: int
    source: str
    frame: Frame | None = None
    terms: Terms | None = None
    needs: dict[int, int] | None = None
    totals: tuple[int, ...] = ()
    fact: int | None = None
    over: bool = False
    revoked: bool = False
    short: bool = False

    @property
    def own(self) -> bool:
        return self.source in OWN


@dataclass
class Trial:
    """A tier on trial and its goal."""

    claim: Claim
    fact: Stated
    offer: Offer
    goal: Way
    met: bool = False


@dataclass
class Award:
    """A milestone met for the n-th time in a window."""

    milestone: str
    frame: Frame
    n: int
    on: int
    withdrawn: int | None = None


@dataclass
class Story:
    """Everything as known on the day on which the oracle stands."""

    world: World
    claims: list[Claim]
    through: int = 0
    """Postings through this day are known."""
    won: dict[tuple[Frame, int], Claim] = field(default_factory=dict)
    barred: dict[int, int] = field(default_factory=dict)
    taken: dict[tuple[Frame, int], int] = field(default_factory=dict)
    """What reaching and keeping took off a counter, by window and counter."""
    rolled: dict[Frame, dict[int, int]] = field(default_factory=dict)
    rolled_today: dict[Frame, bool] = field(default_factory=dict)
    """Windows into which another amount has rolled since milestones were looked at, and whether a smaller one."""
    paid: dict[Frame, list[tuple[Claim, dict[int, int]]]] = field(default_factory=dict)
    personal: Frame | None = None
    carried: list[int] = field(default_factory=list)
    """What opened the personal window, and the first posting day that counts in it."""
    counts_from: int = 0
    trials: list[Trial] = field(default_factory=list)
    awards: list[Award] = field(default_factory=list)
    fallen: int = 0
    """The last day on which an own claim that had ended was not kept."""
    floors: set[int] = field(default_factory=set)
    evenings: dict[int, int] = field(default_factory=dict)
    days_at: dict[tuple[int, int], int] = field(default_factory=dict)
    """(rank, year) -> days of it on which the standing was that tier or higher."""
    last_below: dict[int, int] = field(default_factory=dict)
    accrued: dict[int, int] = field(default_factory=dict)
    _owned: dict[Frame, bool] = field(default_factory=dict)
    _counted: dict[tuple[int, Frame | None], list[Frame]] = field(default_factory=dict)

    @cached_property
    def top(self) -> int:
        return len(self.world.tiers) - 1

    @property
    def enrolled(self) -> int:
        return self.world.life.enrolled

    def known(self) -> list[Posting]:
        return [posting for posting in self.world.life.postings if posting.posted <= self.through]

    def today(self) -> list[Posting]:
        return [posting for posting in self.world.life.postings if posting.posted == self.through]

    # --- what is held ---------------------------------------------------------------------------------------

    def is_layer(self, rank: int) -> bool:
        return rank in self.world.terms[0].layers

    def begun(self, day: int) -> list[Claim]:
        """The claims that have begun and not ended on a day, layers that lie on nothing too."""
        return [claim for claim in self.claims if not claim.over and claim.begins <= day < claim.until]

    def held(self, day: int) -> list[Claim]:
        """The claims that hold on a day. A layer holds only on top of a claim that is none."""
        holding = self.begun(day)
        layers = self.world.terms[0].layers
        if not layers:
            return holding
        below = max((claim.rank for claim in holding if claim.rank not in layers), default=0)
        return [claim for claim in holding if claim.rank not in layers or below >= layers[claim.rank]]

    def standing(self, day: int) -> Claim:
        return max(self.held(max(day, self.enrolled)), key=lambda claim: (claim.rank, claim.until))

    def freed(self, before: list[Claim], day: int) -> bool:
        """Whether an own claim of some is over, that paths to reach have waited for."""
        held = self.held(day)
        return self.in_force(day).keeps_at_end and any(claim.own and claim not in held for claim in before)

    def held_elsewhere(self, frame: Frame, day: int) -> int:
        """The highest tier held by a claim that is not of this window: now, or on its last day where that is over."""
        on = min(max(day, self.enrolled), frame.last)
        return max((claim.rank for claim in self.held(on) if claim.frame != frame), default=0)

    # --- which rules judge ----------------------------------------------------------------------------------

    def in_force(self, day: int) -> Terms:
        return self.world.in_force(max(day, self.enrolled))

    def terms_of(self, frame: Frame, day: int) -> Terms:
        """The edition that judges a window on a day: the newest up to its last day that has the same window."""
        day = min(max(day, self.enrolled), frame.last)
        same = [terms for terms in self.world.terms if self.has(terms, frame)]
        begun = [terms for terms in same if terms.begins <= day or terms.place == 0]
        return begun[-1] if begun else same[0]

    @staticmethod
    def has(terms: Terms, frame: Frame) -> bool:
        """Whether an edition has windows laid like this one."""
        return frame.layout is None or frame.layout in (terms.main, terms.tied, *terms.named.values())

    def owned(self, frame: Frame) -> bool:
        """Whether the window belongs to the edition in force on its first day."""
        if frame not in self._owned:
            terms = self.world.in_force(frame.first)
            self._owned[frame] = frame.layout in (terms.main, *terms.named.values())
        return self._owned[frame]

    # --- totals ---------------------------------------------------------------------------------------------

    def frames(self, postings: list[Posting]) -> dict[Frame, list[Posting]]:
        """The windows in which some of the postings known count, each with these; for levels, those that they change."""
        found: dict[Frame, list[Posting]] = {}
        ons = sorted({posting.on for posting in self.known()})
        for layout in self.world.layouts:
            if layout.window.personal:
                if self.personal is not None and postings:
                    found[self.personal] = list(postings)
                continue
            for posting in postings:
                if layout.daily:
                    near = [ending_with(layout, on) for on in ons]
                elif posting.counter in self.world.levels:
                    span = range(posting.on, max(posting.posted, posting.on) + 1)
                    near = list(dict.fromkeys(frame for on in span for frame in containing(layout, on)))
                else:
                    near = list(containing(layout, posting.on))
                for frame in near:
                    if self.owned(frame) and self.counts(frame, posting):
                        found.setdefault(frame, []).append(posting)
        return found

    def counted(self) -> list[Frame]:
        """The windows in which any posting known counts."""
        known = self.known()
        key = len(known), self.personal
        if key not in self._counted:
            self._counted[key] = list(self.frames(known))
        return self._counted[key]

    def counts(self, frame: Frame, posting: Posting) -> bool:
        """Whether a posting known counts in a window; that of a level from its day on."""
        if frame is LIFE or frame.layout is None:
            return True
        if frame == self.personal:
            return posting.posted >= self.counts_from
        closes = frame.layout.window.closes_after
        in_time = closes is None or posting.posted <= frame.last + closes
        begun = posting.counter in self.world.levels or frame.first <= posting.on
        return in_time and begun and posting.on <= frame.last

    def totals(self, frame: Frame, before: int = EVER) -> list[int]:
        """All counters of a window, from the postings known (`before` a day): sums, and averages of levels."""
        mine = [posting for posting in self.known() if posting.posted < before and self.counts(frame, posting)]
        found = []
        for counter in range(len(self.world.counters)):
            amounts = [posting for posting in mine if posting.counter == counter]
            if counter in self.world.levels and frame != LIFE:
                days = sum(posting.amount * (frame.last - max(posting.on, frame.first) + 1) for posting in amounts)
                total = days // (frame.last - frame.first + 1)
            else:
                total = sum(posting.amount for posting in amounts)
            total += self.rolled.get(frame, {}).get(counter, 0) - self.taken.get((frame, counter), 0)
            if frame == LIFE:
                total += self.accrued.get(counter, 0)
            elif frame == self.personal:
                total += self.carried[counter]
            found.append(total)
        return found

    # --- whether a path is met ------------------------------------------------------------------------------

    def needs_of(self, terms: Terms, frame: Frame, way: Way, day: int) -> dict[int, int]:
        """The thresholds of a path for this member in this window."""
        needs = dict(way.needs)
        if frame == LIFE:
            return needs
        for override in terms.ladder.overrides:
            inside = override.first <= date.fromordinal(frame.first) <= override.through
            if override.thresholds is not None and inside and agrees(override.when, self.world.traits_on(day)):
                needs = {counter: percent_up(least, override.thresholds) for counter, least in needs.items()}
        return needs

    def meets(self, terms: Terms, frame: Frame, way: Way, totals: list[int], day: int) -> bool:
        """All of a path: thresholds, and guards as they are today."""
        if day > self.world.life.today and any(counter in self.world.levels for counter in way.needs):
            return False
        if any(totals[counter] < least for counter, least in self.needs_of(terms, frame, way, day).items()):
            return False
        return self.allows(way, day)

    def allows(self, way: Way, day: int) -> bool:
        """The guards of a path, as they are today."""
        if way.holds is not None and way.holds > max(claim.rank for claim in self.held(max(day, self.enrolled))):
            return False
        if way.held is not None and not self._has_held(way, day):
            return False
        return agrees(way.when, self.world.traits_on(day))

    def _has_held(self, way: Way, day: int) -> bool:
        assert way.held is not None
        rank, held = way.held
        last_below = self.last_below.get(rank, self.enrolled - 1)
        if held.days is not None:
            if held.unbroken:
                return day - 1 - last_below >= held.days
            return sum(days for (at, _), days in self.days_at.items() if at == rank) >= held.days
        whole = [
            year
            for (at, year), days in self.days_at.items()
            if at == rank and days == date(year, 12, 31).timetuple().tm_yday
            if not held.unbroken or date(year, 1, 1).toordinal() > last_below
        ]
        return len(whole) >= (held.years or 0)

    def evening(self, day: int) -> None:
        """Write down with which tier the day ends."""
        rank = self.standing(day).rank
        self.evenings[day] = rank
        year = date.fromordinal(day).year
        for at in range(self.top + 1):
            if rank >= at:
                self.days_at[at, year] = self.days_at.get((at, year), 0) + 1
            else:
                self.last_below[at] = day
        terms = self.in_force(day)
        units = self.world.life.program.editions[terms.place][2]
        for accrual in terms.ladder.accruals:
            if accrual.through is None or day <= accrual.through.toordinal():
                per_day = {self.world.tiers.index(tier): amount for tier, amount in accrual.per_day.items()}
                counter = self.world.counters.index(accrual.counter)
                more = self.world.scaled(units, accrual.counter, per_day[rank]) if rank in per_day else 0
                self.accrued[counter] = self.accrued.get(counter, 0) + more
