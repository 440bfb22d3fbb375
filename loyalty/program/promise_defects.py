"""What is suspicious in benefits and requests that load: what a member would meet and nobody can have meant."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from loyalty.program.asking import RequestKind
from loyalty.program.benefit_words import Telling, telling
from loyalty.program.chart import Addition, Chart
from loyalty.program.entitlement_checks import milestone_gifts
from loyalty.program.load import Edition
from loyalty.program.problems import listed
from loyalty.program.queues import unmatched
from loyalty.program.reader import Way
from loyalty.program.words import Words, said

#: A suspicion of one edition: file, way, sentence.
Found = tuple[str, Way, str]


@dataclass(frozen=True)
class Promises:
    """What is suspicious in what one edition gives and lets members ask for."""

    edition: Edition
    words: Words

    @cached_property
    def chart(self) -> Chart:
        return self.edition.chart

    @cached_property
    def told(self) -> Telling:
        return telling(self.edition.chart, self.edition.head)

    def all(self) -> Iterator[Found]:
        """Everything, in no order."""
        for way, message in (*self._rows(), *self._instruments(), *self._choices(), *self._campaigns()):
            yield "benefits.yaml", way, message
        for lower, higher in pairwise(self.chart.tiers):
            yield from self._steps(lower, higher)
        for n, kind in enumerate(self.edition.requests.requests):
            for way, message in (*self._windows(kind), *self._queues(kind)):
                yield "requests.yaml", ("requests", n, *way), message

    def _rows(self) -> Iterator[tuple[Way, str]]:
        for n, benefit in enumerate(self.chart.file.benefits):
            had = any(self.chart.raw(benefit, tier) is not None for tier in self.chart.tiers)
            if not had and benefit.standard is None:
                yield ("benefits", n, "cells"), f"no tier has {self.told.text(benefit.name)}"

    # --- from tier to tier ----------------------------------------------------------------------------------------

    def _steps(self, lower: str, higher: str) -> Iterator[Found]:
        """What a tier has less of than the one below, and one that has nothing more, though the chart does not say so."""
        adds = self.chart.adds(lower, higher)
        for one in adds:
            if one.how in ("less", "other"):
                yield "benefits.yaml", self._place(one, higher), self._worse(one, lower, higher)
        more = any(one.how != "less" for one in adds) or any(
            choice.picks.get(higher, 0) > choice.picks.get(lower, 0) for choice in self.chart.file.choices
        )
        alike = any(like.tier == higher for like in self.chart.file.like)
        if not more and not alike and self.chart.file.benefits:
            nothing = f"{self.words.tier(higher)} gives nothing that {self.words.tier(lower)} does not give"
            yield "ladder.yaml", ("tiers", self.chart.tiers.index(higher)), nothing

    def _worse(self, one: Addition, lower: str, higher: str) -> str:
        before, after = (self.told.value(one.benefit, value) for value in (one.before, one.after))
        row = self.told.row(one.benefit, one.parameter)
        if one.after is None:
            return f"{self.words.tier(higher)} does not have {row}, which {self.words.tier(lower)} has: {before}"
        if one.how == "other":
            return (
                f"{self.words.tier(higher)} lacks some of {row} that {self.words.tier(lower)} has: {after} instead of {before}"
            )
        return f"{self.words.tier(higher)} has less of {row} than {self.words.tier(lower)}: {after} instead of {before}"

    def _place(self, one: Addition, tier: str) -> Way:
        like = next((n for n, like in enumerate(self.chart.file.like) if like.tier == tier), None)
        if like is not None:
            return ("like", like)
        n = list(self.chart.benefits).index(one.benefit.id)
        return ("benefits", n, "cells", *([tier] if tier in one.benefit.cells else []))

    # --- what is granted ------------------------------------------------------------------------------------------

    def _instruments(self) -> Iterator[tuple[Way, str]]:
        file = self.chart.file
        by_milestone = {gift.instrument for _way, gift in milestone_gifts(self.edition.ladder)}
        given = {gift.instrument for choice in file.choices for option in choice.options.values() for gift in option.gives}
        given |= {gift.instrument for campaign in file.campaigns for gift in campaign.gives} | by_milestone
        for n, benefit in enumerate(file.benefits):
            if benefit.kind != "grant":
                continue
            cells = [raw for tier in self.chart.tiers if (raw := self.chart.raw(benefit, tier)) is not None]
            named = {name for raw in cells for name in dict.fromkeys(raw)}
            given |= named
            if benefit.granted == "milestone" and named - by_milestone:
                missing = listed(self.told.instrument(name) for name in sorted(named - by_milestone))
                yield ("benefits", n, "granted"), f"no milestone of the ladder gives {missing}"
        for n, instrument in enumerate(file.instruments):
            if instrument.id not in given:
                name = self.told.text(instrument.name)
                yield ("instruments", n), f"nothing gives the instrument {name}: no tier, milestone, choice or campaign does"

    def _choices(self) -> Iterator[tuple[Way, str]]:
        ranks = self.edition.ranks
        for n, choice in enumerate(self.chart.file.choices):
            for tier, picks in choice.picks.items():
                least = [option.at_least for option in choice.options.values()]
                options = sum(name is None or ranks[name] <= ranks[tier] for name in least)
                if options < (1 if choice.repeated else picks):
                    found = f"{self.words.tier(tier)} picks {picks} of {options} options"
                    yield ("choices", n, "picks", tier), f"{found}: what is over cannot be picked"

    def _campaigns(self) -> Iterator[tuple[Way, str]]:
        for n, campaign in enumerate(self.chart.file.campaigns):
            if campaign.through < self.edition.begins:
                over = f"{self.told.text(campaign.name)} ended on {said(campaign.through)}, before this edition begins"
                yield ("campaigns", n, "through"), f"{over}: it gives nothing"

    # --- requests -------------------------------------------------------------------------------------------------

    def _windows(self, kind: RequestKind) -> Iterator[tuple[Way, str]]:
        """Tiers with the right to ask and no time from which what they ask for is confirmed."""
        window = self.chart.benefits[kind.window]
        wanted = {name for asked in kind.classes.values() for name in asked}
        parameters = [name for name in self.chart.parameters(window) if name is None or name in wanted]
        for tier in self.chart.tiers:
            right = self.chart.given(kind.benefit, tier)
            timed = any(self.chart.given(kind.window, tier, name) is not None for name in parameters)
            if right is not None and not timed:
                name, by = self.told.text(kind.name), self.told.text(self.chart.benefits[kind.benefit].name)
                asks = f"{self.words.tier(tier)} may ask for {name} by {by}"
                yield ("window",), f"{asks}, but has none of {self.told.text(window.name)}: it is never confirmed"

    def _queues(self, kind: RequestKind) -> Iterator[tuple[Way, str]]:
        for q in unmatched(kind, self.edition):
            name = self.told.text(kind.queues[q].name)
            first = ": those above take all that it asks for, or it asks for what cannot be" if q else ""
            yield ("queues", q), f"no request of {self.told.text(kind.name)} can ever stand in {name}{first}"
