"""The commands for benefits: everything that a member has, and what is done by hand."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from loyalty.cli import main
from tests.benefits import entitled
from tests.jobs import orbit

BY = ["--author", "ann", "--reason", "goodwill"]
DONE = "Recorded.\n"
AGAIN = "Recorded already; nothing changed.\n"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path) -> Callable[..., Result]:
    """Orbit with benefits; M has flown 1,000 km and is Low for life, N is a member."""
    config = orbit.config(tmp_path / "config", ladder=entitled.LADDER, benefits=entitled.BENEFITS)
    monkeypatch.setenv("LOYALTY_DATABASE_URL", database_url)
    monkeypatch.setenv("LOYALTY_CONFIG", str(config))
    monkeypatch.setenv("LOYALTY_PROGRAM", "orbit")

    def call(*words: str, on: str = "2026-06-02") -> Result:
        return CliRunner().invoke(main, [*words, "--as-of", on], catch_exceptions=False)

    for number in ("M", "N"):
        assert call("members", "add", "--number", number, "--enrolled-on", "2026-01-01", on="2026-01-01").exit_code == 0
    words = ["activities", "add", "M", "trip", "--key", "a", "--on", "2026-06-01", "--field", "km=1000"]
    assert call(*words, on="2026-06-01").exit_code == 0
    return call


def test_what_a_member_has_is_shown_used_and_shown_as_used(run: Callable[..., Result]) -> None:
    said = run("benefits", "M").stdout
    assert "Member M on 2026-06-02: High" in said
    for line in (
        "  Bags, Front: 2\n",
        "  Lounge visits: 4 of 4 left through 2026-12-31; quota for 2026: 4 for High since June 1, 2026 (rules of 2020-01-01)",
        "  upgrade: 5 of 5 left through 2027-01-31; given with High on June 1, 2026, for 2026 (rules of 2020-01-01)",
        "  Yearly gift: 3 to pick through 2027-01-31: "
        "pass (1 day pass); stars (50 stars); far (200 kilometres); ups (2 upgrades)",
    ):
        assert line in said, said
    assert run("benefit", "use", "M", "lounge", "3", *BY, "--key", "u").stdout == DONE
    assert run("benefit", "use", "M", "lounge", "3", *BY, "--key", "u").stdout == AGAIN
    over = run("benefit", "use", "M", "lounge", "2", *BY, "--key", "v")
    assert (over.exit_code, over.stdout) == (2, "")
    assert over.stderr == "Member M has 1 of lounge left for 2026-06-02, not 2: 3 of 4 are used or held.\n"
    assert "1 lounge through 2026-12-31" in run("member", "M").stdout
    assert run("benefit", "return", "M", "u", *BY, "--key", "r").stdout == DONE
    told = json.loads(run("benefits", "M", "--json").stdout)
    assert told["left"]["lounge"] == 4 and told["next_tier"] is None
    assert run("benefits", "X").exit_code == 2


def test_by_hand_granted_extended_revoked_picked(run: Callable[..., Result]) -> None:
    grant = ["benefit", "grant", "M", "pass", "2", "--through", "2026-07-31", "--approver", "bob", *BY, "--key", "g"]
    assert [run(*grant).stdout, run(*grant).stdout] == [DONE, AGAIN]
    said = run("benefits", "M").stdout
    assert "day pass: 2 of 2 left through 2026-07-31; granted on June 2, 2026 by ann, approved by bob: goodwill" in said
    extend = ["benefit", "extend", "M", "--through", "2026-08-31", "--grant-key", "g", *BY, "--key", "e"]
    assert run(*extend).stdout == DONE
    assert "through 2026-08-31; granted" in run("benefits", "M").stdout
    assert "extended through August 31, 2026 by ann: goodwill" in run("benefits", "M").stdout
    assert run("benefit", "revoke", "M", "--what", "pass", *BY, "--key", "r").stdout == DONE
    assert "day pass: 2 of 2" not in run("benefits", "M").stdout
    assert run("benefit", "revoke", "M", *BY, "--key", "s").exit_code == 2
    assert run("benefit", "pick", "M", "gift", "stars", *BY, "--key", "p").stdout == DONE
    assert "2 to pick" in run("benefits", "M").stdout
    explained = run("explain", "M", "--entries").stdout
    assert "choice gift of 2026-06-02: 50 stars" in explained
    wrong = run("benefit", "pick", "M", "gift", "star", *BY, "--key", "q")
    assert wrong.exit_code == 2 and "stars" in wrong.stderr


def test_companions_and_status_that_is_shared(run: Callable[..., Result]) -> None:
    share = ["benefit", "share", "M", "partner", "N", *BY, "--key", "s"]
    assert [run(*share).stdout, run(*share).stdout] == [DONE, AGAIN]
    assert "Low since 2026-06-02 through 2027-01-31: shared by a companion" in run("member", "N").stdout
    assert "Companion status shared with N by partner: low, from 2026-06-02 through 2027-01-31" in run("benefits", "M").stdout
    name = ["benefit", "companion", "M", "Bea", *BY, "--key", "c"]
    assert [run(*name).stdout, run(*name).stdout] == [DONE, AGAIN]
    end = ["benefit", "end", "M", "s", *BY]
    assert [run(*end, on="2026-07-01").stdout, run(*end, on="2026-07-01").stdout] == [DONE, AGAIN]
    assert "Ground" in run("member", "N", on="2026-07-01").stdout
    said = run("benefits", "M", on="2026-07-01").stdout
    assert "shared with" not in said and "Companion Bea" in said
    assert run("benefit", "end", "M", "x", *BY).exit_code == 2
