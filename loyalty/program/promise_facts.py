"""What an edition says of benefits and requests, sentence by sentence, to be held against another's."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from loyalty.program import promise_words, request_words
from loyalty.program.benefit_words import Telling, telling
from loyalty.program.catalog import Benefit
from loyalty.program.facts import Fact, Facts
from loyalty.program.load import Edition
from loyalty.program.words import Words, joined


def benefit_facts(edition: Edition, words: Words) -> Facts:
    """The chart, benefit by benefit and tier by tier, and what is given beside it."""
    told, file = telling(edition.chart, edition.head), edition.benefits
    facts = {f"category {one.id}": Fact("Category", "called", told.text(one.name)) for one in file.categories}
    for name, parameter in file.parameters.items():
        values = ", ".join(told.text(value.name) for value in parameter.values.values())
        limits = " ".join(f"{value}:{about.below}" for value, about in parameter.values.items())
        facts[f"parameter {name}"] = Fact(f"What depends on the {told.text(parameter.name)}", "by", values, form=limits)
    for benefit in file.benefits:
        parts = dict(_benefit(benefit, told, words))
        # of another kind it is told as a whole: two values of one tier could not be held against each other
        facts[f"benefit {benefit.id}"] = Fact(
            told.text(benefit.name), "", _whole(benefit, told, words), form=f"{benefit.kind} {benefit.by}", parts=parts
        )
    return facts | dict(_beside(told, words))


def _whole(benefit: Benefit, told: Telling, words: Words) -> str:
    """A benefit of every tier that has it: `2 for Silver, 3 for Gold and Patron`."""
    tiers: dict[str, list[str]] = {}
    for tier in told.chart.tiers:
        if told.chart.raw(benefit, tier) is not None:
            tiers.setdefault(told.cell(benefit, tier), []).append(words.tier(tier))
    parts = [f"{value} for {joined(names)}" for value, names in tiers.items()]
    parts += [f"{told.cell(benefit, None)} for {told.phrase('everyone')}"] if benefit.standard is not None else []
    return ", ".join(parts) or "for no tier"


def _benefit(benefit: Benefit, told: Telling, words: Words) -> Iterator[tuple[str, Fact]]:
    called = told.text(benefit.name)
    yield "name", Fact("Benefit", "called", called)
    category = next(one for one in told.chart.file.categories if one.id == benefit.category)
    yield "category", Fact(called, "under", told.text(category.name))
    for word, texts in (("sentence", benefit.sentence), ("small_print", benefit.small_print)):
        if texts:
            yield word, Fact(called, {"sentence": "means:", "small_print": "but:"}[word], told.text(texts))
    yield from _cells(benefit, None, told.phrase("everyone"), told)
    for tier in told.chart.tiers:
        yield from _cells(benefit, tier, words.tier(tier), told)
    if benefit.better is not None:
        yield "better", Fact(called, "better is", benefit.better)
    for word, note in told.notes(benefit).items():
        yield word, Fact(called, "", note)


def _cells(benefit: Benefit, tier: str | None, name: str, told: Telling) -> Iterator[tuple[str, Fact]]:
    """What a tier's cell says, or what everyone has; of one with a parameter for each value of it."""
    chart = told.chart
    raw = benefit.standard if tier is None else chart.raw(benefit, tier)
    for parameter in chart.parameters(benefit):
        value = chart.read(benefit, raw, parameter)
        row = told.row(benefit, parameter)
        if isinstance(value, Mapping):
            for instrument, n in value.items():
                text = told.so_many(n, told.instrument(instrument))
                yield f"cell {tier} {instrument}", Fact(row, f"for {name}:", text, Decimal(n))
        elif value is not None:
            counted = benefit.kind in ("count", "percent", "money")
            figure = Decimal(value) if counted and isinstance(value, int | Decimal) else None
            yield f"cell {tier} {parameter}", Fact(row, f"for {name}:", told.value(benefit, value), figure)


def _beside(told: Telling, words: Words) -> Iterator[tuple[str, Fact]]:
    file = told.chart.file
    for one in file.instruments:
        yield f"instrument {one.id}", Fact("Instrument", "", f"{told.text(one.name)}, {promise_words.instrument(one)}")
    for choice in file.choices:
        yield f"choice {choice.id}", Fact(told.text(choice.name), "", promise_words.choice(choice, told, words))
    for campaign in file.campaigns:
        yield f"campaign {campaign.id}", Fact(told.text(campaign.name), "", promise_words.campaign(campaign, told, words))
    for sharing in file.sharing:
        yield f"sharing {sharing.id}", Fact(told.text(sharing.name), "", promise_words.sharing(sharing, words))


def request_facts(edition: Edition, words: Words) -> Facts:
    """Services, and what may be asked of them: rights, windows, instruments, queues."""
    told, file, facts = telling(edition.chart, edition.head), edition.requests, {}
    for name, service in file.services.items():
        facts[f"service {name}"] = Fact("Service", "", f"{told.text(service.name)} with {request_words.service(service)}")
    for kind in file.requests:
        called, said = told.text(kind.name), list(request_words.request(kind, file.services[kind.service], told, words))
        parts = {one.key: Fact(called, one.how, one.text) for one in said}
        parts |= {"name": Fact("Request", "called", called)}
        whole = "; ".join(f"{one.how} {one.text}" for one in said)
        facts[f"request {kind.id}"] = Fact(called, "", whole, form="request", parts=parts)
    return facts
