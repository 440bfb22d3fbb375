"""The chart of all tiers as its page needs it: columns, rows by category, which cells are mine and what the next tier adds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from loyalty.i18n import Language
from loyalty.program.benefit_words import Telling, telling
from loyalty.program.catalog import Benefit
from loyalty.program.load import Edition


@dataclass(frozen=True)
class Column:
    """A tier of the chart; `mine` and `next` for one who is signed in."""

    tier: str
    name: str
    mine: bool
    next: bool


@dataclass(frozen=True)
class Cell:
    """What a tier has of a benefit. `how` is own, for a cell of its own; like, as another tier has; everyone, what all have; or
    none. `words` has a line for each value of the benefit's parameter. `adds` says how the next tier has it otherwise than
    mine: new, or better."""

    column: Column
    how: str
    words: tuple[str, ...]
    adds: str


@dataclass(frozen=True)
class Line:
    """A benefit with a cell for each tier; of a flag it is enough to see that it is there."""

    name: str
    flag: bool
    about: tuple[str, ...]
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Group:
    """A category with its benefits."""

    id: str
    name: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Comparison:
    """The whole chart; `tier` is the one that is shown by itself, where there is no room for all of them."""

    columns: tuple[Column, ...]
    groups: tuple[Group, ...]
    tier: Column | None


def comparison(edition: Edition, mine: str | None, tier: str, language: Language) -> Comparison:
    """The chart of an edition for one who has a tier, or none; `tier` is to be shown by itself, or without it mine, or the
    first that has a benefit of its own."""
    words = telling(edition.chart, edition.head, language.code)
    columns = _columns(edition, mine, language)
    adds = _added(edition, mine, next((one.tier for one in columns if one.next), None))
    groups = tuple(_groups(words, columns, adds))
    own = [cell.column for group in groups for line in group.lines for cell in line.cells if cell.how == "own"]
    wanted = [one for one in columns if one.tier == tier] or [one for one in columns if one.mine] or own[:1]
    return Comparison(tuple(columns), groups, next(iter(wanted), None))


def _columns(edition: Edition, mine: str | None, language: Language) -> list[Column]:
    rank = edition.ranks.get(mine or "", -9)
    return [Column(one.id, language.own(one.name), n == rank, n == rank + 1) for n, one in enumerate(edition.ladder.tiers)]


def _added(edition: Edition, mine: str | None, following: str | None) -> Mapping[str, str]:
    """By benefit: whether the next tier has it anew, or better than mine."""
    if mine is None or following is None:
        return {}
    added = [one for one in edition.chart.adds(mine, following) if one.how != "less"]
    return {one.benefit.id: "new" if one.how == "new" else "better" for one in added}


def _groups(words: Telling, columns: Sequence[Column], adds: Mapping[str, str]) -> Iterator[Group]:
    file = words.chart.file
    for category in file.categories:
        lines = [_line(words, one, columns, adds) for one in file.benefits if one.category == category.id]
        if lines:
            yield Group(category.id, words.text(category.name), tuple(lines))


def _line(words: Telling, benefit: Benefit, columns: Sequence[Column], adds: Mapping[str, str]) -> Line:
    about = [words.text(text) for text in (benefit.sentence, benefit.small_print) if text]
    cells = tuple(_cell(words, benefit, column, adds.get(benefit.id, "")) for column in columns)
    return Line(words.text(benefit.name), benefit.kind == "flag", (*about, *words.notes(benefit).values()), cells)


def _cell(words: Telling, benefit: Benefit, column: Column, adds: str) -> Cell:
    if benefit.cells.get(column.tier) is not None:
        how = "own"
    elif words.chart.raw(benefit, column.tier) is not None:
        how = "like"
    else:
        how = "none" if benefit.standard is None else "everyone"
    return Cell(column, how, tuple(_said(words, benefit, column.tier)), adds if column.next else "")


def _said(words: Telling, benefit: Benefit, tier: str) -> Iterator[str]:
    for parameter in words.chart.parameters(benefit):
        value = words.chart.given(benefit.id, tier, parameter)
        if parameter is None:
            yield words.value(benefit, value)
        elif value is not None:
            yield words.phrase("what", about=words.parameter(benefit, parameter), value=words.value(benefit, value))
