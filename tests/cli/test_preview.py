"""Previews by command: files in a folder, for a member who is made up or a real one, without touching a database or with it."""

import email
import email.policy
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from loyalty.cli import main
from loyalty.jobs.deployment import Deployment
from tests.conftest import NOON
from tests.jobs.orbit import environment


def preview(*arguments: object, **environ: str) -> Result:
    return CliRunner().invoke(main, ["messages", "preview", *map(str, arguments)], env=environ)


def test_files_of_each_kind_and_language(tmp_path: Path) -> None:
    result = preview("all", "--out", tmp_path, "--tier", "gold", LOYALTY_DATABASE_URL="sqlite:////nowhere/absent.db")
    assert result.exit_code == 0, result.output
    names = {path.name for path in tmp_path.iterdir()}
    assert {"promoted.en.html", "promoted.zh_Hans.txt", "request-not_cleared.zh_Hant.eml", "index.html"} <= names
    assert len(names) == 37 * 3 * 3 + 1
    assert 'href="security-locked.zh_Hant.html"' in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_the_mail_has_both_parts(tmp_path: Path) -> None:
    assert preview("statement", "--locale", "zh_Hant", "--out", tmp_path).exit_code == 0
    mail = email.message_from_bytes((tmp_path / "statement.zh_Hant.eml").read_bytes(), policy=email.policy.default)
    plain, rich = mail.iter_parts()
    assert (plain.get_content_type(), rich.get_content_type()) == ("text/plain", "text/html")
    assert plain.get_content().replace("\r\n", "\n").strip() == (tmp_path / "statement.zh_Hant.txt").read_text("utf-8").strip()
    assert mail["Content-Language"] == "zh-Hant" and "對帳單" in mail["Subject"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["promted"], "There are no templates of a message promted; allowed: activity,"),
        (["promoted", "--locale", "zh_TW"], "The language zh_TW is not the program's; allowed: en, zh_Hans, zh_Hant, all."),
        (["promoted", "--tier", "golden"], "There is no tier golden; allowed: member, silver,"),
        (["promoted", "--tier", "gold", "--member", "N1"], "either --member or --tier"),
    ],
)
def test_what_is_not_there_is_refused(arguments: list[str], said: str, tmp_path: Path) -> None:
    result = preview(*arguments, "--out", tmp_path / "new")
    assert result.exit_code == 2 and said in result.stderr
    assert not (tmp_path / "new").exists()


def test_of_a_real_member(deploy: Callable[..., Deployment], tmp_path: Path) -> None:
    """A63: the tier, the balance and the way to the next tier are the member's own."""
    deployment = deploy()
    env = dict(environment(deployment))
    run = lambda *words: CliRunner().invoke(main, list(words), env=env)  # noqa: E731
    day = NOON.date().isoformat()
    added = run(
        "members", "add", "--number", "N1", "--name", "王小明", "--language", "zh-TW", "--enrolled-on", day, "--as-of", day
    )
    assert added.exit_code == 0, added.output
    flown = ("carrier=SK", "origin=ORD", "destination=FRA", "distance=4343", "booking_class=J")
    for n in range(5):
        fields = [word for field in flown for word in ("--field", field)]
        flight = run("activities", "add", "N1", "flight", "--key", f"F{n}", "--on", day, "--as-of", day, *fields)
        assert flight.exit_code == 0, flight.output
    result = preview("near", "--member", "N1", "--out", tmp_path / "out", "--as-of", "2026-06-16", **env)
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "index.html",
        "near.zh_Hant.eml",
        "near.zh_Hant.html",
        "near.zh_Hant.txt",
    ]
    text = (tmp_path / "out" / "near.zh_Hant.txt").read_text(encoding="utf-8")
    assert "金卡" in text and "32,575 / 50,000" in text and "尚差 17,425" in text
    assert (
        preview(
            "welcome", "--member", "N1", "--locale", "en", "--out", tmp_path / "out", "--as-of", "2026-06-16", **env
        ).exit_code
        == 0
    )
    welcome = (tmp_path / "out" / "welcome.en.txt").read_text(encoding="utf-8")
    assert "Silver\n王小明, N1\nthrough January 31, 2028" in welcome and "The next tier: Gold" in welcome
    unknown = preview("near", "--member", "N2", "--out", tmp_path / "out", **env)
    assert (unknown.exit_code, unknown.stderr) == (2, "There is no member N2.\n")
