"""What a draft does to benefits, told of those who move and of those who stay."""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from loyalty.cli import main
from loyalty.insight.backtest import Trial
from loyalty.insight.gains import Gain, costs, gains
from loyalty.jobs.deployment import Deployment
from loyalty.program.benefit_words import telling
from loyalty.program.load import Draft, load
from tests.conftest import ROOT
from tests.insight.test_backtest import MILES, draft, populated
from tests.program.conftest import BASE, PROMISED

DAY = date(2025, 1, 1)


def tried(tmp_path: Path, matrix: dict[tuple[str, str], int], *changes: tuple[str, str]) -> list[Gain]:
    """The gains of Heron with its chart, changed from 2025 on."""
    heron = Path(shutil.copytree(BASE, tmp_path / "heron"))
    edition = heron / "editions" / "2024-01-01"
    for file in PROMISED.iterdir():
        shutil.copy(file, edition)
    folder = Path(shutil.copytree(edition, tmp_path / "draft"))
    for old, new in changes:
        text = (folder / "benefits.yaml").read_text(encoding="utf-8")
        assert text.count(old) == 1
        (folder / "benefits.yaml").write_text(text.replace(old, new), encoding="utf-8")
    trial = Trial(load(heron), load(heron, Draft(folder, DAY)), DAY, DAY)
    found = gains(trial, Counter(matrix))
    edition_then = trial.then.editions[-1]
    told = telling(edition_then.chart, edition_then.head)
    for gain in found:
        assert all(told.addition(one) for one in gain.changes)
    return found


def said(gain: Gain) -> dict[str, str]:
    return {f"{one.benefit.id} {one.parameter or ''}".strip(): one.how for one in gain.changes}


def test_who_moves_gains_what_the_tier_adds_and_who_falls_loses_it(tmp_path: Path) -> None:
    up, down = tried(tmp_path, {("silver", "gold"): 3, ("gold", "silver"): 2, ("member", "member"): 9})
    assert (up.now, up.then, up.members) == ("silver", "gold", 3)
    assert said(up)["lounge"] == "new" and said(up)["bags"] == "better" and up.lost == () and up.gained == up.changes
    assert said(down).keys() == said(up).keys() and set(said(down).values()) == {"less"} and down.gained == ()


def test_who_stays_is_told_what_the_draft_changes(tmp_path: Path) -> None:
    changes = [("cells: {silver: 2, gold: 3}", "cells: {silver: 3, gold: 2}"), ("guests: 3,", "guests: 4,")]
    found = tried(tmp_path, {(tier, tier): n for n, tier in enumerate(["member", "silver", "gold", "patron"], 1)}, *changes)
    assert [(gain.then, gain.members, said(gain)) for gain in found] == [
        ("patron", 4, {"guests": "better", "bags": "less"}), ("gold", 3, {"bags": "less"}), ("silver", 2, {"bags": "better"}),
    ]  # fmt: skip


def test_a_benefit_that_is_gone_or_of_another_kind_is_lost_and_the_other_new(tmp_path: Path) -> None:
    lounge = "kind: flag\n    cells: {gold: true}\n    companions: guests"
    window, best = "{window: {en: at the window, fr: côté hublot}, ", "{best: {en: best seat, fr: meilleur}}"
    (gain,) = tried(
        tmp_path,
        {("gold", "gold"): 1},
        (lounge, "kind: count\n    cells: {gold: 5}"),
        (window, "{"),
        ("fr: tout siège}}", f"fr: tout siège}}, {best[1:]}"),
        ("{silver: window,", "{silver: any_seat,"),
        ("gold: any_seat}", "gold: best}"),
    )
    assert [(one.benefit.id, one.how, one.after) for one in gain.changes] == [
        ("lounge", "new", 5), ("seats", "better", "best"), ("lounge", "less", None),
    ]  # fmt: skip


def test_a_word_that_the_draft_does_not_know_is_only_other(tmp_path: Path) -> None:
    words = "{window: {en: at the window, fr: côté hublot}, any_seat: {en: any seat, fr: tout siège}}"
    (gain,) = tried(
        tmp_path,
        {("silver", "silver"): 1},
        (words, "{aisle: {en: at the aisle, fr: côté couloir}, any_seat: {en: any seat, fr: tout siège}}"),
        ("{silver: window,", "{silver: aisle,"),
    )
    assert said(gain) == {"seats": "other"} and gain.gained == gain.lost == ()


def test_without_benefits_there_is_nothing_to_tell(tmp_path: Path) -> None:
    heron = Path(shutil.copytree(BASE, tmp_path / "heron"))
    program = load(heron)
    assert gains(Trial(program, program, DAY, DAY), Counter({("silver", "gold"): 5})) == []
    assert gains(Trial(program, program, date(2023, 1, 1), date(2023, 1, 1)), Counter({("silver", "gold"): 5})) == []


CHART = """
categories: [{id: day, name: {en: Day, zh_Hans: 日, zh_Hant: 日}}]
benefits:
  - {id: bags, category: day, name: {en: Free bags, zh_Hans: 行李, zh_Hant: 行李}, kind: count, cells: {silver: 1, gold: 2}}
"""


def test_the_command_tells_it(
    deploy: Callable[..., Deployment], database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = Path(shutil.copytree(ROOT / "config", tmp_path / "config"))
    edition = config / "programs" / "skyway" / "editions" / "2020-01-01"
    (edition / "benefits.yaml").write_text(CHART, encoding="utf-8")
    (edition / "requests.yaml").unlink(missing_ok=True)
    populated(deploy("skyway", config), MILES)
    folder = draft(
        config, "skyway", tmp_path / "x",
        ("ladder.yaml", "qualifying_miles: 50000", "qualifying_miles: 45000"),
        ("benefits.yaml", "{silver: 1, gold: 2}", "{gold: 3}"),
    )  # fmt: skip
    monkeypatch.setenv("LOYALTY_DATABASE_URL", database_url)
    monkeypatch.setenv("LOYALTY_CONFIG", str(config))
    words = ["program", "try", str(folder), "--from", "2026-06-20", "--on", "2026-06-21"]
    told = json.loads(CliRunner().invoke(main, [*words, "--json"], catch_exceptions=False).stdout)
    benefits, stay = told["benefits"], {(one["now"], one["then"]): one["members"] for one in told["matrix"]}
    assert [(one["now"], one["then"], one["changes"][0]["text"]) for one in benefits["changes"]] == [
        ("silver", "gold", "Free bags: 3 instead of 1"),
        ("gold", "gold", "Free bags: 3 instead of 2"),
        ("silver", "silver", "No longer: Free bags: 1"),
    ]
    assert benefits["lose"] == stay["silver", "silver"] and benefits["gain"] == 2 + stay["gold", "gold"]
    assert benefits["touched"] == benefits["gain"] + benefits["lose"]
    plain = CliRunner().invoke(main, words, catch_exceptions=False).stdout
    assert "\n2 from Silver to Gold:\n  Free bags: 3 instead of 1\n" in plain
    assert f"Benefits change for {benefits['touched']} members: {benefits['gain']} gain something" in plain


def test_costs_add_up_over_all_who_move_and_stay(tmp_path: Path) -> None:
    """Bags: silver 2, gold 3. Three rise and one falls; two who stay silver have one more under the draft."""
    found = tried(tmp_path, {("silver", "gold"): 3, ("gold", "silver"): 1, ("silver", "silver"): 2},
                  ("cells: {silver: 2, gold: 3}", "cells: {silver: 3, gold: 3}"))  # fmt: skip
    told = {(cost.benefit.id, cost.what): (cost.members, cost.amount) for cost in costs(found)}
    assert told["bags", None] == (5, 3 * 1 + 2 * 1)  # who falls keeps three
    assert all(isinstance(amount, Decimal) for _members, amount in told.values())
    kinds = {cost.benefit.kind for cost in costs(found)}
    assert kinds <= {"count", "money", "grant"} and costs([]) == []
