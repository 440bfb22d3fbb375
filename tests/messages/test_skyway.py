"""Skyway's own messages from real facts, in every language: what they say is what the member has. Through the commands."""

import json
from collections.abc import Callable
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from loyalty.cli import main
from loyalty.jobs.deployment import Deployment
from loyalty.messages.rendering import render
from tests.messages import told
from tests.messages.told import Deploy, again, context, rows

HAND = ("--author", "A", "--reason", "R")


@pytest.fixture
def skyway(deploy: Deploy, tmp_path: Path) -> Deployment:
    return again(deploy("skyway"), mail=f"folder:{tmp_path / 'mail'}")


@pytest.fixture
def run(skyway: Deployment) -> Callable[..., str]:
    environ = {"LOYALTY_DATABASE_URL": skyway.settings.database_url, "LOYALTY_CONFIG": skyway.settings.config}
    more = {"LOYALTY_MAIL": skyway.settings.mail, "LOYALTY_SECRET": told.SECRET, "LOYALTY_WEB_ADDRESS": "https://sky.example"}

    def call(*words: str) -> str:
        result = CliRunner().invoke(main, list(words), env={**environ, **more}, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    return call


def member(run: Callable[..., str], number: str, language: str, on: str = "2026-01-05", **attributes: str) -> None:
    given = [part for name, value in attributes.items() for part in ("--attribute", f"{name}={value}")]
    mine = ("--email", f"{number.lower()}@members.example", "--name", f"Member {number}", "--language", language)
    run("members", "add", "--number", number, "--enrolled-on", on, "--as-of", on, *mine, *given)


def flown(run: Callable[..., str], number: str, key: str, on: str, count: int) -> None:
    for n in range(count):
        fields = ("carrier=SK", "origin=ORD", "destination=SYD", "booking_class=F", "distance=9000")
        given = [part for field in fields for part in ("--field", field)]
        run("activities", "add", number, "flight", "--key", f"{key}{n}", "--on", on, "--as-of", on, *given)


def test_every_message_of_a_year_renders_in_the_member_s_words(skyway: Deployment, run: Callable[..., str]) -> None:
    """A63: the tier that the member has, what the next adds, nothing of a next tier at the top."""
    for number, language in (("E1", "en"), ("S1", "zh-CN"), ("T1", "zh_TW")):
        member(run, number, language, born="1980-03-01")
        flown(run, number, "f", "2026-02-10", 4)
    member(run, "X1", "fr", time_zone="Asia/Taipei")
    run("status", "grant", "X1", "summit", "--invitation", "--as-of", "2026-02-10", "--key", "k", *HAND)
    run("messages", "notice", "E1", "security", "what=password", "--key", "p", "--as-of", "2026-02-10")
    run("messages", "notice", "E1", "survey", "survey=s", "question=How was it?", "link=https://s.example", "--key", "s",
        "--as-of", "2026-02-10")  # fmt: skip
    for day in ("2026-01-05", "2026-02-10", "2026-02-11", "2026-03-01"):
        run("messages", "build", "--as-of", day)
    run("messages", "build", "--statements", "--as-of", "2026-03-01")
    found = rows(skyway)
    kinds = {row.kind for row in found}
    assert kinds >= {"welcome", "promoted", "activity", "birthday", "statement", "security", "survey", "choice"}
    for row in found:
        given = {**context(row), "links": {"portal": "https://sky.example", "preferences": None, "unsubscribe": None}}
        rendered = render(row.kind, given, row.locale, skyway.program.file.brand)
        for text in (rendered.subject, rendered.text):
            assert text.strip() and "None" not in text and "{" not in text, (row.kind, row.locale)
        if row.kind in ("promoted", "statement"):
            assert given["standing"]["name"] in rendered.text
    risen = {row.member_id: context(row) for row in rows(skyway, "promoted")}
    assert [risen[n]["standing"]["name"] for n in (1, 2, 3)] == ["Gold", "金卡", "金卡"]
    assert [one["name"] for one in risen[1]["fact"]["adds"]] and risen[1]["next"]["name"] == "Platinum"
    assert risen[4]["next"] is None and {row.locale for row in rows(skyway, "promoted")} == {"en", "zh_Hans", "zh_Hant"}
    assert {row.zone for row in found if row.member_id == 4} == {"Asia/Taipei"}
    assert "达到" in risen[2]["standing"]["reason"] or "里程" in risen[2]["standing"]["reason"]


def test_a_request_is_told_at_each_step_with_its_reason(skyway: Deployment, run: Callable[..., str]) -> None:
    member(run, "E1", "zh_Hant")
    run("status", "grant", "E1", "gold", "--as-of", "2026-02-10", "--key", "k", *HAND)
    run("services", "add", "SK1", "--starts", "2026-03-10 18:00", "--units", "business=0", "--units", "premium=1",
        "--field", "carrier=SK", "--field", "flight=SK1", "--field", "origin=ORD", "--field", "destination=SYD",
        "--author", "A", "--at", "2026-02-11 12:00")  # fmt: skip
    asked = ("--request", "upgrade", "--field", "fare_class=K", "--field", "ticket=paid", "--author", "A")
    for cabin in ("business", "premium"):
        run("requests", "ask", "E1", "SK1", "economy", cabin, "--key", cabin, "--at", "2026-02-11 12:00", *asked)
    run("messages", "build", "--as-of", "2026-02-11")
    run("requests", "clear", "--at", "2026-03-09 19:00")
    run("requests", "clear", "--at", "2026-03-10 17:30")
    run("messages", "build", "--as-of", "2026-03-10")
    found = rows(skyway, "request")
    states = [context(row)["fact"]["state"] for row in found]
    assert states[:2] == ["pending", "pending"] and {"cleared", "not_cleared"} <= set(states[2:])
    assert all(row.priority == 0 and row.zone == "America/Chicago" for row in found)
    fact = context(found[0])["fact"]
    assert fact["service"] | {"starts": None} == {"name": "航班", "key": "SK1", "starts": None, "zone": "America/Chicago"}
    assert {fact["to"] for fact in (context(row)["fact"] for row in found)} == {"商務艙", "豪華經濟艙"}
    assert all(context(row)["fact"]["reason"] for row in found)


def test_a_choice_is_told_when_it_opens_and_before_it_ends(skyway: Deployment, run: Callable[..., str]) -> None:
    member(run, "E1", "en")
    run("status", "grant", "E1", "platinum", "--as-of", "2026-02-10", "--through", "2027-12-31", "--key", "k", *HAND)
    run("messages", "build", "--as-of", "2026-02-10")
    (opened,) = rows(skyway, "choice")
    choice = context(opened)["fact"]["choice"]
    assert (context(opened)["fact"]["name"], choice["pick"], choice["by"].isoformat()) == ("Yearly gift", 1, "2027-01-31")
    assert [one["name"] for one in choice["options"]] == ["10,000 award miles", "two Cabin upgrades", "four Guest passes"]
    for day in ("2026-12-31", "2027-01-01", "2027-01-02", "2027-01-24", "2027-01-25"):
        run("messages", "build", "--as-of", day)
    assert [row.on.isoformat() for row in rows(skyway, "choosing")] == ["2027-01-01", "2027-01-24"]
    assert [row.on.isoformat() for row in rows(skyway, "choice")] == ["2026-02-10", "2027-01-01"], "the next year's opens"
    assert context(rows(skyway, "choosing")[1])["fact"]["default"] == "four Guest passes"


def test_statements_tell_what_is_left(skyway: Deployment, run: Callable[..., str]) -> None:
    member(run, "E1", "en")
    run("status", "grant", "E1", "platinum", "--as-of", "2026-02-10", "--key", "k", *HAND)
    run("benefit", "grant", "E1", "guest_pass", "3", "--through", "2026-12-31", "--as-of", "2026-02-10", "--key", "g", *HAND)
    run("messages", "build", "--statements", "--as-of", "2026-03-01")
    (row,) = rows(skyway, "statement")
    left = context(row)["fact"]["left"]
    assert {"name": "Guest pass", "amount": 3} in [{name: one[name] for name in ("name", "amount")} for one in left], left


def test_commands_tell_what_became_of_messages(skyway: Deployment, run: Callable[..., str], tmp_path: Path) -> None:
    member(run, "E1", "en")
    assert run("members", "consent", "E1").splitlines()[:2] == ["membership: always", "activity: given"]
    assert run("members", "consent", "E1", "activity", "--withdraw") == "Recorded.\n"
    assert run("members", "consent", "E1", "activity", "--withdraw") == "Recorded already; nothing changed.\n"
    assert "activity: withdrawn" in run("members", "consent", "E1")
    assert run("members", "digest", "E1") == "as the program says\n"
    run("members", "digest", "E1", "week")
    assert run("members", "digest", "E1") == "week\n"
    assert "1 changes" in run("messages", "build", "--as-of", "2026-01-05")
    assert "welcome" in run("messages", "list")
    assert "messages, 1 changes" in run("messages", "send", "--as-of", "2026-01-06")
    (told_,) = json.loads(run("messages", "list", "--member", "E1", "--json"))
    assert (told_["kind"], told_["state"]) == ("welcome", "sent")
    shown = json.loads(run("messages", "show", told_["message"], "--json"))
    assert "Welcome" in shown["subject"] and shown["address"] == "e1@members.example"
    (path,) = (tmp_path / "mail").iterdir()
    assert message_from_bytes(path.read_bytes(), policy=default)["Message-ID"].startswith(f"<{told_['message']}@")
    refused = CliRunner().invoke(main, ["members", "consent", "E1", "membership", "--withdraw"], env=_environ(skyway))
    assert refused.exit_code == 2 and "cannot be refused" in refused.stderr


def _environ(deployment: Deployment) -> dict[str, Any]:
    return {"LOYALTY_DATABASE_URL": deployment.settings.database_url, "LOYALTY_CONFIG": deployment.settings.config}
