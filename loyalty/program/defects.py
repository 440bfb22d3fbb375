"""What is suspicious in a program that loads: tiers nobody can reach, paths nobody needs, days that no window counts.

Only what can be decided from the files, each told as members would meet it. Nothing here stops a program: staff may grant
any tier and adjust any counter, so what no rule gives may still be meant.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from loyalty.program.fed import Fed, fed_by
from loyalty.program.gaps import between_editions, within_edition
from loyalty.program.ladder import LadderFile, Path, Tier, guarded
from loyalty.program.load import Edition, Program
from loyalty.program.problems import listed
from loyalty.program.promise_defects import Found, Promises
from loyalty.program.reader import Way
from loyalty.program.window_checks import milestone_paths
from loyalty.program.words import Words, english, said


class Defect(NamedTuple):
    """One suspicion: the edition and the file that it is about, the way to the words, the sentence."""

    edition: str
    file: str
    way: Way
    message: str


def defects(program: Program) -> Iterator[Defect]:
    """All suspicions of a program, edition by edition."""
    before: Edition | None = None
    fed = Fed(frozenset(), frozenset(), ())
    for edition in program.editions:
        fed = fed_by(edition, fed.units)
        suspicions = Suspicions(program.editions, edition, fed, Words(edition.ladder, edition.units))
        for file, way, message in suspicions.all():
            yield Defect(edition.name, file, way, message)
        for way, message in (*within_edition(edition), *(between_editions(before, edition) if before else ())):
            yield Defect(edition.name, "ladder.yaml", way, message)
        for file, way, message in Promises(edition, suspicions.words).all():
            yield Defect(edition.name, file, way, message)
        before = edition


@dataclass(frozen=True)
class Suspicions:
    """What is suspicious in one of a program's editions."""

    editions: tuple[Edition, ...]
    edition: Edition
    fed: Fed
    words: Words

    def all(self) -> Iterator[Found]:
        """Everything, in no order."""
        yield from self._over()
        for way, message in (*self._unreachable(), *self._ways(), *self._needless(), *self._too_easy(), *self._unused()):
            yield "ladder.yaml", way, message

    def _over(self) -> Iterator[Found]:
        for n, line in enumerate(self.edition.earning.lines):
            if line.through is not None and line.through < self.edition.begins:
                ended = f"{english(line.name)} ended on {said(line.through)}, before this edition begins: it never earns"
                yield "earning.yaml", ("lines", n, "through"), ended

    def _unreachable(self) -> Iterator[tuple[Way, str]]:
        for n, tier in enumerate(self.edition.ladder.tiers):
            if tier.id not in self.fed.tiers:
                why = list(dict.fromkeys(self._why(path, tier) for path in tier.reach))
                yield ("tiers", n), f"nobody can ever be {english(tier.name)}: {'; '.join(why) or self._alone(tier)}"

    def _alone(self, tier: Tier) -> str:
        return f"nobody can be {self.words.tier(tier.layer_on)}" if tier.layer_on else "no path that can be met leads there"

    def _why(self, path: Path, tier: Tier | None = None) -> str:
        missing = self.fed.missing(path)
        if missing:
            return f"no earn line, deposit or gift feeds {listed(self.words.unit(name) for name in missing)}"
        named = self.fed.locked(path) or (tier.layer_on if tier and tier.layer_on else None)
        return f"first they would have to be {self.words.tier(named)}" if named else self._alone(tier) if tier else ""

    def _ways(self) -> Iterator[tuple[Way, str]]:
        """Paths that nobody can take, of what can be got in another way."""
        ladder = self.edition.ladder
        paths: list[tuple[Way, str, Path]] = []
        for n, tier in enumerate(ladder.tiers):
            if tier.id in self.fed.tiers:
                paths += [(("tiers", n, "reach", p), f"reach {english(tier.name)}", path) for p, path in enumerate(tier.reach)]
                paths += [(("tiers", n, "keep", p), f"keep {english(tier.name)}", path) for p, path in enumerate(tier.keep)]
        paths += [
            (("lifetime", n, "path"), f"be {self.words.tier(life.tier)} for life", life.path)
            for n, life in enumerate(ladder.lifetime)
        ]
        paths += [(way, f"meet {english(one.name)}", path) for way, one, path in milestone_paths(ladder)]
        paths += [
            (("offers", n, "goal"), f"confirm {english(one.name)}", one.goal) for n, one in enumerate(ladder.offers) if one.goal
        ]
        for way, what, path in paths:
            if not self.fed.open(path):
                yield way, f"nobody can {what} in this way: {self._why(path)}"

    def _needless(self) -> Iterator[tuple[Way, str]]:
        """Paths that ask for as much as another that is enough, or more."""
        for n, tier in enumerate(self.edition.ladder.tiers):
            for p, path in enumerate(tier.reach):
                other = next(
                    (one for o, one in enumerate(tier.reach) if o != p and implies(path, one) and (o < p or one != path)), None
                )
                if other is not None:
                    yield ("tiers", n, "reach", p), self._needed(tier, path, "reach", other, "reached")
            for p, path in enumerate(tier.keep):
                easier = next((one for one in tier.reach if implies(path, one)), None)
                if easier is not None:
                    yield ("tiers", n, "keep", p), self._needed(tier, path, "keep", easier, "kept")

    def _needed(self, tier: Tier, path: Path, verb: str, other: Path, done: str) -> str:
        name, asked, enough = english(tier.name), self.words.path(path), self.words.path(other)
        return f"nobody needs this way to {verb} {name}: it asks for {asked}, and {name} is {done} with {enough} already"

    def _too_easy(self) -> Iterator[tuple[Way, str]]:
        """A tier that whoever meets a path of a lower one has at once."""
        tiers = self.edition.ladder.tiers
        for n, tier in enumerate(tiers):
            for p, path in enumerate(() if tier.layer_on else tier.reach):
                for lower in [other for other in tiers[1:n] if other.layer_on is None]:
                    same = next((one for one in lower.reach if implies(one, path, self._ranks(lower))), None)
                    if same is not None:
                        asked, enough = self.words.path(same), self.words.path(path)
                        yield (
                            ("tiers", n, "reach", p),
                            (
                                f"whoever reaches {english(lower.name)} with {asked} is {english(tier.name)} at once,"
                                f" which asks for no more than {enough}"
                            ),
                        )

    def _ranks(self, holding: Tier) -> frozenset[str]:
        """The tiers that one who has just got a tier holds."""
        ranks = self.edition.ranks
        return frozenset(name for name, rank in ranks.items() if rank <= ranks[holding.id])

    def _unused(self) -> Iterator[tuple[Way, str]]:
        """Words that nothing looks at. A counter may be kept for another edition: there any edition counts."""
        ladder = self.edition.ladder
        windows = {guarded(path).window for path in counted_paths(ladder)}
        for name in ladder.windows:
            if name not in windows:
                yield ("windows", name), f"nothing is counted in the window {name}: no path names it"
        counted = {name for each in self.editions for path in counted_paths(each.ladder) for name in guarded(path).needs}
        for name in ladder.counters:
            if name not in counted:
                yield (
                    ("counters", name),
                    f"no path and no milestone counts {self.words.unit(name)}: what becomes of them changes nothing",
                )
        for_life = {name for each in self.editions for life in each.ladder.lifetime for name in guarded(life.path).needs}
        for n, accrual in enumerate(ladder.accruals):
            if accrual.counter not in for_life:
                grown = self.words.unit(accrual.counter)
                yield ("accruals", n, "counter"), f"{grown} grow for nothing: no lifetime path names them"


def counted_paths(ladder: LadderFile) -> list[Path]:
    """The paths that are counted in windows."""
    return [path for tier in ladder.tiers for path in (*tier.reach, *tier.keep)] + [
        path for one in ladder.milestones for path in one.paths
    ]


def implies(path: Path, other: Path, holding: frozenset[str] = frozenset()) -> bool:
    """Whether whoever meets a path, and holds these tiers then, meets another too, whoever they are."""
    more, less = guarded(path), guarded(other)
    needs = all(more.needs.get(name, Decimal(0)) >= value for name, value in less.needs.items())
    holds = less.holds is None or less.holds == more.holds or less.holds in holding
    held = less.held is None or less.held == more.held
    when = less.when is None or less.when == more.when
    return needs and holds and held and when and less.window == more.window
