"""The best of values, what tiers add, and any file at all: told what is wrong, or every lookup works."""

import json
from collections.abc import Callable
from decimal import Decimal
from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.program.asking import RequestsFile
from loyalty.program.benefit_words import Telling, typed
from loyalty.program.catalog import Benefit, BenefitsFile
from loyalty.program.cells import ANY_TIME, DAY_OF_SERVICE, Ahead, Value, best, better_of, read_value
from loyalty.program.chart import Chart, Held, between
from loyalty.program.chart_told import chart_told
from loyalty.program.checks import check_edition
from loyalty.program.load import Edition, parse, tellers
from loyalty.program.promise_defects import Promises
from loyalty.program.promise_facts import benefit_facts, request_facts
from loyalty.program.reader import Document, Way
from loyalty.program.words import Words

TIERS = ("member", "silver", "gold", "patron")
WORDS = ("low", "mid", "high")
INSTRUMENTS = ("voucher", "pass")
AHEAD = st.sampled_from(["any_time", "day_of_service"]) | st.builds("{}{}".format, st.integers(0, 99), st.sampled_from("hd"))
#: What a file may say in a cell of each kind.
RAW: dict[str, st.SearchStrategy[Any]] = {
    "flag": st.just(True),
    "count": st.integers(0, 5),
    "rank": st.integers(0, 5),
    "percent": st.integers(0, 5) | st.sampled_from(["2.5", "3.0"]),
    "money": st.integers(0, 5) | st.sampled_from(["2.5", "3.0"]),
    "duration": AHEAD,
    "set": st.lists(st.sampled_from("ABC"), min_size=1, max_size=3, unique=True),
    "text": st.sampled_from(WORDS),
    "grant": st.dictionaries(st.sampled_from(INSTRUMENTS), st.integers(1, 4), min_size=1),
}
TURNED = ("count", "percent", "money", "duration", "rank")


@st.composite
def benefits(draw: st.DrawFn, name: str = "one") -> Benefit:
    kind: Any = draw(st.sampled_from(list(RAW)))
    by = draw(st.sampled_from([None, "cabin"])) if kind != "grant" else None
    values = RAW[kind] if by is None else st.dictionaries(st.sampled_from(["front", "back"]), RAW[kind], min_size=1)
    return Benefit(
        id=name,
        category="all",
        name={"en": name.title()},
        kind=kind,
        by=by,
        words={word: {"en": word} for word in WORDS} if kind == "text" else {},
        better=draw(st.sampled_from([None, "higher", "lower"])) if kind in TURNED else None,
        standard=draw(st.none() | values) if kind != "grant" else None,
        cells=draw(st.dictionaries(st.sampled_from(TIERS), values, min_size=1)),
        granted="tier" if kind == "grant" else None,
    )


PARAMETER = {"name": {"en": "cabin"}, "values": {"front": {"name": {"en": "Front"}}, "back": {"name": {"en": "Back"}}}}


@st.composite
def files(draw: st.DrawFn) -> BenefitsFile:
    rows = [draw(benefits(f"benefit_{n}")) for n in range(draw(st.integers(0, 4)))]
    return BenefitsFile.model_validate(
        {
            "categories": [{"id": "all", "name": {"en": "All"}}],
            "parameters": {"cabin": PARAMETER},
            "benefits": rows,
            "instruments": [{"id": name, "name": {"en": name}} for name in INSTRUMENTS],
        },
        strict=False,
    )


@st.composite
def charts(draw: st.DrawFn) -> Chart:
    return Chart(draw(files()), TIERS)


@st.composite
def compared(draw: st.DrawFn) -> tuple[Benefit, list[Value]]:
    benefit = draw(benefits())
    return benefit, [read_value(benefit, draw(RAW[benefit.kind])) for _ in range(3)]


@given(compared())
def test_the_better_of_values_is_one_whatever_their_order(found: tuple[Benefit, list[Value]]) -> None:
    benefit, (one, two, three) = found

    def better(a: Value, b: Value) -> Value:
        return better_of(benefit, a, b)

    assert better(one, two) == better(two, one)
    assert better(better(one, two), three) == better(one, better(two, three))
    assert better(one, one) == one
    assert best(benefit, [one, two, three]) == reduce(better, [three, two, one])
    assert best(benefit, [one]) == one and best(benefit, []) is None


def test_of_as_many_hours_the_days_are_longer() -> None:
    ordered = [Ahead(hours=0), DAY_OF_SERVICE, Ahead(hours=24), Ahead(days=1), Ahead(hours=25), Ahead(days=2), ANY_TIME]
    assert sorted(ordered, key=lambda value: value.order) == ordered


@given(charts(), st.sampled_from(TIERS), st.sampled_from(TIERS))
def test_a_tier_adds_nothing_exactly_where_both_give_the_same(chart: Chart, lower: str, higher: str) -> None:
    def all_of(tier: str) -> list[Value | None]:
        return [chart.given(one.id, tier, name) for one in chart.file.benefits for name in chart.parameters(one)]

    adds = chart.adds(lower, higher)
    assert (not adds) == (all_of(lower) == all_of(higher))
    back = {(one.benefit.id, one.parameter): one for one in chart.adds(higher, lower)}
    turned = {"new": "less", "better": "less", "less": ("new", "better"), "other": "other"}
    assert len(back) == len(adds)
    for one in adds:
        other = back[one.benefit.id, one.parameter]
        assert (other.before, other.after) == (one.after, one.before) and other.how in turned[one.how]


@given(charts(), st.lists(st.sampled_from(TIERS), max_size=3), st.sampled_from(TIERS))
def test_more_tiers_never_give_less(chart: Chart, held: list[str], more: str) -> None:
    for benefit in chart.file.benefits:
        for name in chart.parameters(benefit):
            fewer = chart.has(benefit.id, [Held(tier) for tier in held], name)
            had = chart.has(benefit.id, [Held(tier) for tier in (*held, more)], name)
            if fewer is not None:
                assert had is not None and better_of(benefit, fewer.value, had.value) == had.value
            if had is not None:
                # what gave it is enough to have it, and where nobody did, everyone has it
                assert chart.has(benefit.id, had.by, name) == had._replace(by=had.by)
                assert had.by or had.value == chart.standard(benefit.id, name)


@given(charts(), charts(), st.sampled_from(TIERS), st.sampled_from(TIERS))
def test_two_charts_are_held_against_each_other(one: Chart, other: Chart, lower: str, higher: str) -> None:
    told = Telling(other, "EUR", 2)
    for change in between(one, lower, other, higher):
        assert told.addition(change)
    assert between(one, lower, one, higher) == one.adds(lower, higher)
    assert between(one, lower, one, lower) == []


@given(compared())
def test_a_value_as_files_spell_it_is_read_as_the_same(found: tuple[Benefit, list[Value]]) -> None:
    benefit, values = found
    for value in values:
        spelt = json.loads(json.dumps(typed(benefit, value)))
        assert read_value(benefit, spelt) == value


# --- any file -----------------------------------------------------------------------------------------------------

JUNK = st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from(["", "48h", "gold", "front", "voucher", "x"])
ANY: st.SearchStrategy[Any] = st.recursive(
    JUNK,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from([*TIERS, "front", "voucher"]), inner, max_size=2)
    ),
)


def ways_of(value: Any, way: Way = ()) -> list[Way]:
    """Every way into a file's value but the root."""
    pairs: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here for step, inner in pairs for here in ((*way, step), *ways_of(inner, (*way, step)))]


def changed(value: Any, way: Way, new: Any) -> Any:
    """A file's value with another part; `...` takes it away."""
    value = json.loads(json.dumps(value))
    block = value
    for step in way[:-1]:
        block = block[step]
    if new is ...:
        del block[way[-1]]
    else:
        block[way[-1]] = new
    return value


@pytest.fixture(scope="session")
def valid(promised: Edition) -> Callable[[str], Any]:
    """The valid files as plain values."""
    return lambda name: getattr(promised, name).model_dump(mode="json", by_alias=True, exclude_defaults=True)


@given(st.data())
def test_any_file_tells_what_is_wrong_or_every_lookup_works(
    promised: Edition, valid: Callable[[str], Any], data: st.DataObject
) -> None:
    documents = {name: Document(name, valid(name.removesuffix(".yaml"))) for name in ("benefits.yaml", "requests.yaml")}
    for _ in range(data.draw(st.integers(1, 3))):
        document = documents[data.draw(st.sampled_from(sorted(documents)))]
        ways = ways_of(document.value)
        if ways:
            way = data.draw(st.sampled_from(ways))
            # mostly what stands elsewhere in a place of the same name: the file is then often still a valid one
            alike = [_part(document.value, other) for other in ways if other[-1] == way[-1]]
            new = data.draw(st.sampled_from(alike) | st.sampled_from(alike) | st.just(...) | ANY)
            document.value = changed(document.value, way, new)
    shapes = {"benefits.yaml": BenefitsFile, "requests.yaml": RequestsFile}
    found = {name.removesuffix(".yaml"): parse(documents[name], shape) for name, shape in shapes.items()}
    rest = {name: getattr(promised, name) for name in ("units", "activities", "earning", "ladder", "messages")}
    empty = {f"{name}.yaml": Document(name) for name in rest}
    files: Any = {**rest, **found}
    kinds = check_edition(promised.head, **files, tell=tellers({**empty, **documents}))
    problems = [problem for document in (*documents.values(), *empty.values()) for problem in document.problems]
    assert problems or kinds is not None
    if not problems and kinds is not None:
        works(Edition(promised.begins, promised.head, **files, kinds=kinds))


def _part(value: Any, way: Way) -> Any:
    for step in way:
        value = value[step]
    return value


def works(edition: Edition) -> None:
    """Every lookup of an edition, and everything that is told of it."""
    chart, words = edition.chart, Words(edition.ladder, edition.units)
    assert json.dumps(chart_told(Telling(chart, "EUR", 2)), default=str)
    for benefit in edition.benefits.benefits:
        for name in chart.parameters(benefit):
            held = [Held(tier) for tier in TIERS]
            had = chart.has(benefit.id, held, name)
            assert had is None or not isinstance(had.value, Decimal) or had.value >= 0
        chart.parameter_of(benefit, 5)
    assert list(Promises(edition, words).all()) is not None
    assert benefit_facts(edition, words) is not None and request_facts(edition, words) is not None
