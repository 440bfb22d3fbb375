"""What an edition says, sentence by sentence, so that two editions can be held against each other."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from loyalty.program import earning_words, ladder_words
from loyalty.program.ladder import LadderFile, Tier
from loyalty.program.load import Edition
from loyalty.program.models import ActivityField, ActivityKind, EarnLine, Lookup, Step
from loyalty.program.words import Words, condition, english, many, number, said, title, validity, window


@dataclass(frozen=True)
class Fact:
    """One thing said: of what, how it is put, the words; the number where it is one, the parts where it has some.

    Two facts of one key and one form differ only in their parts, others as wholes: another name is no other unit.
    """

    about: str
    how: str
    text: str
    value: Decimal | None = None
    form: str = ""
    parts: "Facts" = field(default_factory=dict)


#: What tells the same thing in two editions has the same key.
Facts = Mapping[str, Fact]


def program_facts(edition: Edition, _words: Words) -> Facts:
    """What holds for all editions: two programs may differ in it."""
    head = edition.head
    facts = {
        "name": Fact("Program", "called", english(head.name)),
        "zone": Fact("Days", "of", head.zone),
        "money": Fact("Money", "in", f"{head.money} with {many(head.money_decimals, 'decimal')}"),
        "languages": Fact("Texts", "in", ", ".join(head.languages)),
    }
    for name, attribute in head.members.attributes.items():
        values = f": {', '.join(attribute.one_of)}" if attribute.one_of else ""
        facts[f"attribute {name}"] = Fact(f"Member's {name.replace('_', ' ')}", "", attribute.type + values)
    return facts


def unit_facts(edition: Edition, _words: Words) -> Facts:
    """What is counted."""
    facts = {}
    for name, unit in edition.units.units.items():
        steps = f" with {many(unit.decimals, 'decimal')}" if unit.decimals else ""
        facts[name] = Fact("Unit", "", f"{english(unit.name)} ({unit.kind}{steps})")
    return facts


def activity_facts(edition: Edition, _words: Words) -> Facts:
    """What may be reported."""
    file = edition.activities
    taken = {"refuse": "refused", "accept": "accepted"}[file.outside_membership]
    facts = {"": Fact("Activity outside membership", "", taken)}
    for name, kind in file.activities.items():
        facts[name] = Fact("Activity", "", english(kind.name), parts=dict(_kind_parts(kind)))
    return facts


def _kind_parts(kind: ActivityKind) -> Iterator[tuple[str, Fact]]:
    called = title(english(kind.name))
    yield "name", Fact("Activity", "", english(kind.name))
    if kind.earns_when:
        yield "earns", Fact(called, "earns when", condition(kind.earns_when))
    for name, about in kind.fields.items():
        yield f"field {name}", Fact(called, f"field {name.replace('_', ' ')}:", _field(about))


def _field(about: ActivityField) -> str:
    parts = [about.type, "may be left out" if about.optional else ""]
    parts += [f"at least {about.at_least}" if about.at_least is not None else ""]
    parts += [f"with {many(about.decimals, 'decimal')}" if about.type == "decimal" else "", ", ".join(about.one_of or ())]
    return ", ".join(part for part in parts if part)


# --- earning ----------------------------------------------------------------------------------------------------


def earning_facts(edition: Edition, words: Words) -> Facts:
    """How activity earns: lines with their steps, tables row by row."""
    facts: dict[str, Fact] = {}
    for line in edition.earning.lines:
        text = f"{_of(edition, line, words)}: {earning_words.steps(line.steps, words)}"
        facts[f"line {line.id}"] = Fact(title(english(line.name)), "", text, parts=dict(_line_parts(edition, line, words)))
    for name, table in edition.earning.tables.items():
        called, rows = f"Table {name.replace('_', ' ')}", earning_words.table_rows(table, words)
        text = ", ".join(f"{row}: {number(value)}" for row, value in rows.items())
        parts = {row: Fact(called, f"{row}:", number(value), value) for row, value in rows.items()}
        facts[f"table {name}"] = Fact(called, "", f"by {', '.join(table.by)}: {text}", form=" ".join(table.by), parts=parts)
    return facts


def _of(edition: Edition, line: EarnLine, words: Words) -> str:
    return f"{words.unit(line.unit)} for {english(edition.activities.activities[line.activity].name)}"


def _line_parts(edition: Edition, line: EarnLine, words: Words) -> Iterator[tuple[str, Fact]]:
    called = title(english(line.name))
    yield "name", Fact("Earn line", "called", called)
    yield "of", Fact(called, "gives", _of(edition, line, words), form=f"{line.unit} {line.activity}")
    if line.first:
        yield "from", Fact(called, "from", said(line.first))
    if line.through:
        yield "through", Fact(called, "through", said(line.through))
    if line.when:
        yield "when", Fact(called, "only for", condition(line.when))
    # held against each other step by step where the same are taken in the same order
    verbs = " ".join(step.verb for step in line.steps)
    steps = {str(n): _step(step, called, words) for n, step in enumerate(line.steps)}
    yield "steps", Fact(called, "worked out as", earning_words.steps(line.steps, words), form=verbs, parts=steps)


def _step(step: Step, called: str, words: Words) -> Fact:
    figure, text = getattr(step, step.verb), earning_words.step(step, words)
    if not isinstance(figure, Lookup):
        return Fact(called, "", text, figure if isinstance(figure, Decimal) else None)
    parts = {
        key: Fact(called, f"{step.verb} for {row}:", number(value), value)
        for key, row, value in earning_words.rows(figure, words)
    }
    return Fact(called, "", text, form=f"{figure.band} {figure.member} {figure.table}", parts=parts)


# --- the ladder -------------------------------------------------------------------------------------------------


def ladder_facts(edition: Edition, words: Words) -> Facts:
    """The ladder without the thresholds of its paths, which are held against each other number by number."""
    ladder = edition.ladder
    tiers = {
        f"tier {tier.id}": Fact(english(tier.name), "tier:", words.ways(tier), parts=dict(_tier(tier, words)))
        for tier in ladder.tiers
    }
    return tiers | dict(_rules(ladder, words)) | dict(_named(ladder, words))


def _tier(tier: Tier, words: Words) -> Iterator[tuple[str, Fact]]:
    called = english(tier.name)
    yield "name", Fact("Tier", "called", called)
    yield "invitation", Fact(called, "by invitation:", "yes" if tier.invitation else "no")
    if tier.layer_on:
        yield "layer", Fact(called, "only on top of", words.tier(tier.layer_on))
    if tier.validity:
        yield "validity", Fact(called, "held", validity(tier.validity))


def _rules(ladder: LadderFile, words: Words) -> Iterator[tuple[str, Fact]]:
    yield "window", Fact("Window", "counted in", window(ladder.main))
    if ladder.keep_window:
        yield "keep_window", Fact("Window to keep", "counted in", window(ladder.keep_window))
    for name, given in ladder.windows.items():
        yield f"window {name}", Fact(f"Window {name}", "counted in", window(given))
    for stretched in ladder.stretched:
        span = f"{said(stretched.first)} through {said(stretched.through)}"
        yield f"stretched {stretched.day}", Fact(f"Window of {said(stretched.day)}", "goes from", span)
    yield "validity", Fact("Validity", "held", validity(ladder.validity))
    if ladder.keep_validity:
        yield "keep_validity", Fact("Validity of a tier that is kept", "held on", validity(ladder.keep_validity))
    for about, text in (("To keep", ladder_words.keeping(words)), ("Lapse", ladder_words.lapse(words))):
        yield about, Fact(about, "", text[:1].lower() + text[1:])
    ends = {"strict": "a tier ends at once", "keep_until_end": "a tier is kept to its end"}
    yield "reversal", Fact("Reversal", "", ends[ladder.reversal])
    for counter, value in ladder.waiver.within.items() if ladder.waiver else ():
        yield f"waiver {counter}", Fact("Staff", "may waive", words.figure(counter, value), value)


def _named(ladder: LadderFile, words: Words) -> Iterator[tuple[str, Fact]]:
    """Counters, deposits, accruals, milestones, offers, overrides: each by its name."""
    told: Mapping[str, list[tuple[str, str]]] = {
        "Counter": [(name, ladder_words.counter(name, given, words)) for name, given in ladder.counters.items()],
        "Deposit": [(given.id, ladder_words.deposit(given, words)) for given in ladder.deposits],
        "Growth": [(f"{n}", ladder_words.accrual(given, words)) for n, given in enumerate(ladder.accruals)],
        "Milestone": [(given.id, ladder_words.milestone(given, words)) for given in ladder.milestones],
        "Offer": [(given.id, ladder_words.offer(given, words)) for given in ladder.offers],
        "Override": [(given.id, ladder_words.override(given, words)) for given in ladder.overrides],
    }
    for what, sentences in told.items():
        for name, text in sentences:
            yield f"{what} {name}", Fact(what, "", text)
