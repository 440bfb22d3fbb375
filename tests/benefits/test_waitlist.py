"""The queue: one order whatever the order of the rows, and a walk that gives to nobody before a better one who may have it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from loyalty.benefits.asked import Asked, asked_of
from loyalty.benefits.waitlist import Facts, Waiting, give_out
from loyalty.program.load import load
from tests.benefits.cabin import config

FIRST = datetime(2026, 6, 1, tzinfo=UTC)
FARES = ["Y", "B", "M", "W", "K", None]

waiting = st.builds(
    lambda size, place, bar, holds: (size, place, bar, holds),
    st.integers(1, 4), st.integers(0, 5), st.sampled_from(["", "", "", "benefit_lost", "skipped"]), st.booleans(),
)  # fmt: skip


def queue(rows: list[tuple[int, int, str, bool]]) -> list[Waiting]:
    return [Waiting((n, n), size, (place, n), bar, holds) for n, (size, place, bar, holds) in enumerate(rows)]


@given(st.integers(0, 8), st.lists(waiting, max_size=12), st.randoms(use_true_random=False))
def test_nobody_is_given_before_a_better_one_who_could_have_it(units: int, rows: list, random: Random) -> None:
    line = queue(rows)
    came = give_out(units, line)
    by_id = {one.id: one for one in line}
    assert sum(by_id[id_].size for id_ in came.given) <= units
    assert {*came.given} | {*came.passed} == {*by_id} and not {*came.given} & {*came.passed}
    # walked by hand: what is left when each one's turn comes
    left, held = units, False
    for one in sorted(line, key=lambda one: one.order):
        could = not one.bar and not held and one.size <= left
        assert (one.id in came.given) == could
        if could:
            left -= one.size
        else:
            assert came.passed[one.id].left == left
            assert came.passed[one.id].reason == (
                one.bar or ("no_units" if not left else "held_up" if held else "too_few_units")
            )
            held = held or (one.holds and not one.bar and 0 < left < one.size)
    random.shuffle(line)
    assert give_out(units, line) == came


def upgrade(tmp_path: Path, **changed: str) -> Asked:
    program = load(config(tmp_path, **changed) / "programs" / "orbit")
    return asked_of(program.editions[0])["upgrade"]


def facts(asked: Asked, fare: str | None, tier: str, minutes: int, instrument: bool = False, **counters: int) -> Facts:
    rank = asked.edition.ranks[tier]
    case = ((fare, None, "economy", "first", "voucher" if instrument else None), rank, (None, None, None))
    totals = {("km", 12): counters.get("km", 0)}
    return Facts(case, rank, None, instrument, totals, FIRST + timedelta(minutes=minutes))


def ordered(asked: Asked, wanted: dict[str, Facts]) -> list[str]:
    return sorted(wanted, key=lambda name: (*asked.order(wanted[name])[0], name))


def test_ua12_queue_mixes_two_orders(tmp_path: Path) -> None:
    asked = upgrade(tmp_path)
    names = ["K-gold", "Y-silver", "M-1k", "B-platinum", "Y-1k", "W-gs", "W-1k", "M-gold"]
    wanted = {name: facts(asked, *name.split("-"), n) for n, name in enumerate(names)}  # type: ignore[arg-type]
    assert ordered(asked, wanted) == ["Y-1k", "Y-silver", "B-platinum", "M-1k", "W-gs", "W-1k", "M-gold", "K-gold"]


def test_aa_priority_goes_by_twelve_months_before_the_time(tmp_path: Path) -> None:
    asked = upgrade(tmp_path, order="[{tier: highest}, {counter: km, months: 12}, {requested: earliest}]")
    wanted = {"A": facts(asked, "W", "1k", 60, km=20000), "B": facts(asked, "W", "1k", 0, km=12000)}
    assert ordered(asked, wanted) == ["A", "B"]
    assert asked.counters == (("km", 12),)


def test_every_key_and_its_direction(tmp_path: Path) -> None:
    early, late = (None, "silver", 0), (None, "gold", 5)
    for order, first in {
        "[{tier: highest}]": "late", "[{tier: lowest}]": "early", "[{requested: earliest}]": "early",
        "[{requested: latest}]": "late", "[{field: paid}]": "early", "[{field: paid, first: lowest}]": "early",
        "[{instrument: first}]": "early", "[{instrument: last}]": "early", "[{counter: km, first: lowest}]": "early",
        "[{lifetime: highest}]": "early",
    }.items():  # fmt: skip
        asked = upgrade(tmp_path, order=order)
        assert ordered(asked, {"late": facts(asked, *late), "early": facts(asked, *early)})[0] == first, order
    asked = upgrade(tmp_path, order="[{instrument: last}]")
    assert ordered(asked, {"a": facts(asked, *late, instrument=True), "b": facts(asked, *late)})[0] == "b"


@given(st.lists(st.tuples(st.sampled_from(FARES), st.sampled_from(["member", "silver", "1k", "gs"]), st.integers(0, 3),
                          st.booleans()), max_size=20), st.randoms(use_true_random=False))  # fmt: skip
def test_the_order_is_total_and_stable(tmp_path_factory: object, rows: list, random: Random) -> None:
    asked = UPGRADE[0] if UPGRADE else upgrade(Path(tmp_path_factory.mktemp("order")))  # type: ignore[attr-defined]
    UPGRADE[:] = [asked]
    places = [(*asked.order(facts(asked, *row))[0], n) for n, row in enumerate(rows)]
    again = list(places)
    random.shuffle(again)
    assert len(set(places)) == len(places)
    assert sorted(again) == sorted(places)


UPGRADE: list[Asked] = []
