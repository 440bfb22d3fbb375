"""The commands of webhooks, against a real receiver."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from standardwebhooks import Webhook

from loyalty import clock
from loyalty.cli import main
from loyalty.jobs.timetable import TIMETABLE
from tests.jobs import orbit
from tests.messages.receiver import Receiver, always, receiving

BY = ["--author", "ann", "--reason", "the CRM shows tiers"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path) -> Callable[..., Result]:
    """Orbit with member M."""
    monkeypatch.setenv("LOYALTY_DATABASE_URL", database_url)
    monkeypatch.setenv("LOYALTY_CONFIG", str(orbit.config(tmp_path / "config")))
    monkeypatch.setenv("LOYALTY_PROGRAM", "orbit")
    monkeypatch.setenv("LOYALTY_WEBHOOK_NETWORKS", "127.0.0.0/8")

    def call(*words: str) -> Result:
        return CliRunner().invoke(main, words)

    assert call("members", "add", "--number", "M", "--enrolled-on", "2026-01-01").exit_code == 0
    return call


def read(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def added(run: Callable[..., Result], url: str, *types: str) -> tuple[str, str]:
    wanted = [word for type_ in types or ("activity.*",) for word in ("--type", type_)]
    told = read(run("webhooks", "add", url, *wanted, *BY, "--json"))
    return str(told["endpoint"]), told["secret"]


def flown(run: Callable[..., Result], key: str) -> None:
    on = (clock.now() - timedelta(days=1)).date().isoformat()
    assert run("activities", "add", "M", "trip", "--key", key, "--on", on, "--field", "km=10").exit_code == 0


def jobs_run(run: Callable[..., Result]) -> None:
    for job in ("announce", "webhooks"):
        result = run("run", job, "--now")
        assert result.exit_code == 0, result.output


def test_from_adding_to_delivery_and_replay(run: Callable[..., Result], receiver: Receiver) -> None:
    endpoint, secret = added(run, receiver.url)
    flown(run, "T1")
    jobs_run(run)
    sent = receiver.sent[0]
    assert Webhook(secret).verify(sent.body, sent.headers)["data"]["key"] == "T1"
    (told,) = read(run("webhooks", "deliveries", "--member", "M", "--json"))
    assert (told["delivery"], told["state"], told["tries"], told["member"]) == (sent.id, "delivered", 1, "M")
    one = read(run("webhooks", "deliveries", sent.id, "--json"))
    assert one["body"] == sent.event and [attempt["status"] for attempt in one["attempts"]] == [204]
    assert read(run("webhooks", "replay", endpoint, "--delivery", sent.id, *BY, "--json"))["again"] == 1
    jobs_run(run)
    assert [one.id for one in receiver.sent] == [sent.id] * 2
    assert "1. " in run("webhooks", "deliveries", sent.id).stdout


def test_a_secret_is_shown_once_and_by_no_other_command(run: Callable[..., Result], receiver: Receiver) -> None:
    endpoint, secret = added(run, receiver.url)
    rotated = read(run("webhooks", "rotate", endpoint, "--hours", "2", *BY, "--json"))["secret"]
    assert rotated != secret
    said = "".join(
        run("webhooks", *words).output
        for words in (["list"], ["list", "--json"], ["show", endpoint], ["show", endpoint, "--json"], ["health"])
    )
    assert "whsec_" not in said
    shown = read(run("webhooks", "show", endpoint, "--json"))
    assert [one["expires_at"] is None for one in shown["secrets"]] == [False, True]


def test_every_act_is_logged_with_who_and_why(run: Callable[..., Result], receiver: Receiver) -> None:
    endpoint, _ = added(run, receiver.url)
    for words in (["change", endpoint, "--type", "status.*"], ["disable", endpoint], ["enable", endpoint], ["rotate", endpoint],
                  ["test", endpoint], ["replay", endpoint, "--from", "2026-01-01"], ["remove", endpoint]):  # fmt: skip
        result = run("webhooks", *words, *BY)
        assert result.exit_code == 0, result.output
    shown = read(run("webhooks", "show", endpoint, "--json"))
    assert [one["act"] for one in shown["acts"]] == [
        "added", "changed", "disabled", "enabled", "rotated", "tested", "replayed", "removed",
    ]  # fmt: skip
    assert {(one["author"], one["reason"]) for one in shown["acts"]} == {("ann", "the CRM shows tiers")}
    assert read(run("webhooks", "list", "--json")) == []
    assert [one["state"] for one in read(run("webhooks", "list", "--all", "--json"))] == ["removed"]


def test_a_test_is_signed_and_tells_what_was_answered(run: Callable[..., Result], receiver: Receiver) -> None:
    endpoint, secret = added(run, receiver.url, "status.*")
    result = run("webhooks", "test", endpoint, *BY, "--json")
    assert read(result)["taken"] is True
    sent = receiver.sent[0]
    assert Webhook(secret).verify(sent.body, sent.headers) == {
        "type": "webhook.test", "timestamp": sent.event["timestamp"], "data": {"endpoint": int(endpoint)},
    }  # fmt: skip
    receiver.answer = always(404)
    result = run("webhooks", "test", endpoint, *BY)
    assert (result.exit_code, result.stdout.startswith("answered 404 after ")) == (1, True)
    assert read(run("webhooks", "list", "--json"))[0]["failures"] == 0  # a test counts for nothing


def test_health_turns_red_while_one_fails_or_is_disabled(run: Callable[..., Result], receiver: Receiver) -> None:
    endpoint, _ = added(run, receiver.url)
    assert run("webhooks", "health").exit_code == 0
    receiver.answer = always(410)
    flown(run, "T1")
    jobs_run(run)
    result = run("webhooks", "health")
    assert result.exit_code == 1
    assert "1: disabled: it answered 410 Gone: it wants nothing any more" in result.stdout
    receiver.answer = always(200)
    assert "1 deliveries wait to be sent" in run("webhooks", "enable", endpoint, *BY).stdout
    jobs_run(run)
    assert run("webhooks", "health").exit_code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["add", "http://10.0.0.1/", "--type", "*"], "This address cannot be told: 10.0.0.1 is not public"),
        (["add", "https://u:p@crm.example/", "--type", "*"], "This address cannot be told: it holds a user name or a password"),
        (["add", "https://crm.example/", "--type", "status.risen"], "There is no type status.risen of event; allowed: "),
        (["show", "9"], "There is no endpoint 9 of webhooks"),
        (["test", "9"], "There is no endpoint 9 of webhooks"),
        (["rotate", "9"], "There is no endpoint 9 of webhooks"),
        (["deliveries", "msg_x"], "There is no delivery 'msg_x'."),
        (["deliveries", "msg_9_1_0000000000000001"], "There is no delivery 'msg_9_1_0000000000000001'."),
    ],
)  # fmt: skip
def test_refusals(run: Callable[..., Result], words: list[str], said: str) -> None:
    by = [] if words[0] in ("show", "deliveries") else BY
    result = run("webhooks", *words, *by)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(said) and result.stderr.count("\n") == 1
    assert read(run("webhooks", "list", "--json")) == []


def test_the_same_address_is_not_told_twice(run: Callable[..., Result], receiver: Receiver) -> None:
    added(run, receiver.url)
    result = run("webhooks", "add", receiver.url, "--type", "*", *BY)
    assert (result.exit_code, result.stderr) == (2, "Endpoint 1 has this address already.\n")


def test_a_delivery_of_another_endpoint_is_refused(run: Callable[..., Result], receiver: Receiver) -> None:
    added(run, receiver.url)
    other, _ = added(run, f"{receiver.url}/other")
    flown(run, "T1")
    jobs_run(run)
    mine = next(one.id for one in receiver.sent if one.path == "/hook")
    assert run("webhooks", "replay", other, "--delivery", mine, *BY).exit_code == 2
    assert run("webhooks", "replay", other, *BY).exit_code == 2
    assert run("webhooks", "replay", other, "--failed-since", "2026-01-01", "--member", "M", *BY).exit_code == 2


def test_both_jobs_run_every_minute_in_lanes_of_their_own() -> None:
    mine = {job.name: job for job in TIMETABLE if job.name in ("announce", "webhooks")}
    assert {(job.cron, job.each) for job in mine.values()} == {("* * * * *", False)}
    lanes = [job.lane for job in TIMETABLE]
    assert all(lanes.count(job.lane) == 1 for job in mine.values())
