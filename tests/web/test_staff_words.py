"""Every page of staff in Chinese: no English word of ours is left on it. Data, here, is in Chinese, numbers and signs."""

import json
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from loyalty.access.acts import ACTS as KNOWN
from loyalty.access.acts import LOGGED
from loyalty.access.staff_tables import Staff
from loyalty.audit.chain import Act as Line
from loyalty.audit.chain import Actor
from loyalty.audit.operations import append
from loyalty.desk.acts import ACTS
from loyalty.i18n import translated
from loyalty.jobs import runs
from loyalty.jobs.runs import RunKey
from loyalty.jobs.schedule import run_now
from loyalty.jobs.timetable import TIMETABLE, job_named
from loyalty.messages.examples import example
from loyalty.messages.frozen import freeze
from loyalty.messages.tables import Message
from loyalty.web.staff.jobs_told import at_of
from tests.conftest import NOON
from tests.web.console import Console, post
from tests.web.test_frame import Deploy
from tests.web.test_staff_member import fly

#: Words that Chinese pages write as they are: of the trade, of the program's own names for classes, and of languages.
TAKEN = {"webhook", "webhooks", "qr", "csv", "pin", "utc", "english", "json", "dcs"}
#: A flight as staff post it.
FLIGHT = {
    "fields.carrier": "SK", "fields.origin": "ORD", "fields.destination": "TPE", "fields.distance": "7443",
    "fields.booking_class": "J",
}  # fmt: skip
#: What is no text of a page: what runs, what is a command or a letter as it was sent, what is told in another language.
ELSEWHERE = re.compile(r"<(script|style|code|pre)\b.*?</\1>|<[a-z]+[^>]* lang=\"en\"[^>]*>[^<]*<", re.S)
TOLD = re.compile(r"""(?:aria-label|placeholder|title|alt)="([^"]*)\"""")
#: Addresses of mail and of the network, and keys, which have a digit or a sign in them.
DATA = re.compile(r"[\w.+-]+@[\w.-]+|\b\w*\d\w*\b|\b[A-Z]{1,3}\b")


def english(page: str) -> set[str]:
    """The English words that are read, or heard, on a page."""
    body = ELSEWHERE.sub("<", page)
    words = " ".join([re.sub(r"<[^>]+>", " ", body), *TOLD.findall(body)])
    found = re.findall(r"[A-Za-z]{2,}", DATA.sub(" ", unescape(words)))
    return {word.lower() for word in found} - TAKEN


def test_english_words_are_found_where_they_are_read() -> None:
    assert english('<p>作業 <b>Late</b></p><a aria-label="See all">全部</a>') == {"late", "see", "all"}
    assert english('<code>loyalty run</code><p>AB12 a@x.example</p><button lang="en">English</button>') == set()


@pytest.fixture
def console(deploy: Deploy) -> Console:
    """Something on every page, named in Chinese."""
    found = Console(deploy())
    member = found.enrol("240", name="王小明", email="ming@x.example", phone="0912345678", language="zh_Hant")
    found.enrol("777", name="王大同")
    fly(found, "240", 3)
    boss, agent = found.staff("supervisor"), found.staff("agent")
    tier = found.deployment.program.tiers[-1]
    unit = next(name for name, one in found.deployment.program.editions[-1].units.units.items() if one.kind == "points")
    for n, (client, act, given) in enumerate((
        (boss, "activity.post", {"kind": "flight", "on": "2026-06-14", **FLIGHT}), (boss, "note.add", {"text": "晚上聯絡"}),
        (boss, "member.freeze", {}), (boss, "member.unfreeze", {}),
        (boss, "points.adjust", {"unit": unit, "amount": "500"}),
        (agent, "tier.waive", {"tier": tier}), (agent, "points.adjust", {"unit": unit, "amount": "90000", "on": "2026-06-01"}),
        (agent, "benefit.grant", {"what": instrument(found), "amount": "5", "through": "2027-01-31"}),
    )):  # fmt: skip
        answer = post(client, f"/staff/members/240/acts/{act}", {"key": f"{n}", "reason": "來電要求", "step": "do", **given})
        assert answer.status_code == 303, (act, answer.text)
    _messages(found, member)
    _jobs(found, member)
    _log(found)
    return found


def instrument(console: Console) -> str:
    return console.deployment.program.editions[-1].benefits.instruments[0].id


def _messages(console: Console, member: int) -> None:
    program = console.deployment.program
    with console.deployment.store.transaction() as session:
        for n, (kind, state) in enumerate(
            (("promoted", "sent"), ("kept", "waiting"), ("near", "sending"), ("ending", "failed"), ("survey", "dropped"))
        ):
            context = example(program, kind, program.tiers[-1], translated("zh_Hant"), console.now.date())
            session.add(Message(
                member_id=member, message_id=n, kind=kind, on=console.now.date(), consent=None, priority=1, locale="zh_Hant",
                zone="UTC", address="ming@x.example", context=freeze(context), state=state, next_at=NOON, made_at=NOON,
                error="the member has withdrawn consent" if state == "dropped" else "",
            ))  # fmt: skip


def _jobs(console: Console, member: int) -> None:
    run_now(console.deployment, job_named(console.deployment.settings, "snapshot"), console.now, lambda _done, _all: None)
    for n, job in enumerate(TIMETABLE):
        key = RunKey(job.name, NOON - timedelta(days=3, minutes=n), NOON.date(), scheduled=n % 2 == 0)
        with console.deployment.store.transaction() as session:
            runs.begin(session, key, key.due)
            runs.fail(session, key, member, ValueError("nothing is found"))
            runs.tally(session, key, 7, 3)
            runs.finish(session, key, key.due + timedelta(seconds=90))
    with console.deployment.store.transaction() as session:
        runs.crash(session, RunKey("trim", NOON, NOON.date(), scheduled=True), NOON, ConnectionError("the relay is away"))


def _log(console: Console) -> None:
    """A line of every act that the log knows."""
    with console.deployment.store.transaction() as session:
        for act in (*KNOWN, *LOGGED):
            append(session, Actor("command", "command"), Line(act, json.dumps({}), "來電要求"), console.now)


def pages(console: Console) -> list[str]:
    member = "/staff/members/240"
    kind = next(iter(console.deployment.program.editions[-1].activities.activities))
    return [
        "/staff", "/staff/find?q=王", "/staff/find?q=無", member, f"{member}?all=1", f"{member}/activity",
        f"{member}/messages/0",
        *(f"{member}/acts/{act}" for act in ACTS), f"{member}/acts/activity.post?kind={kind}", "/staff/audit",
        "/staff/approvals", *(f"/staff/approvals/{n}" for n in (1, 2, 3)), "/staff/password", "/staff/code", "/staff/nothing",
        "/staff/jobs", *(f"/staff/jobs/{job.name}" for job in TIMETABLE), f"/staff/jobs/trim/runs/{at_of(NOON)}",
        *(f"/staff/jobs/{job.name}/runs/{at_of(NOON - timedelta(days=3, minutes=n))}" for n, job in enumerate(TIMETABLE)),
        f"{member}/file", f"{member}/cases", "/staff/reviews?of=all&show=all", "/staff/services",
        "/staff/messages?kind=&tier=&language=zh_Hant", "/staff/messages?kind=request", "/staff/messages/request",
        "/staff/messages/link", "/staff/messages/security?width=phone",
    ]  # fmt: skip


def somebody(console: Console, name: str, *roles: str) -> FlaskClient:
    """Someone of the staff with a Chinese name."""
    client = console.staff(name, *roles)
    with console.deployment.store.transaction() as session:
        session.execute(update(Staff).values(shown="值班"))
    return client


def read(client: FlaskClient, address: str, language: str) -> Any:
    return client.get(address, headers={"Accept-Language": translated(language).tag})


@pytest.mark.parametrize("language", ["zh_Hans", "zh_Hant"])
def test_no_english_word_of_ours_is_left_on_a_page(console: Console, language: str) -> None:
    client = somebody(console, "everyone", "supervisor", "loyalty_manager", "auditor", "finance", "administrator")
    left = {}
    for address in pages(console):
        answer = read(client, address, language)
        assert answer.status_code in (200, 404), (address, answer.status_code)
        if words := english(answer.text):
            left[address] = words
    assert left == {}
    outside = console.app.test_client()
    assert english(read(outside, "/staff/sign-in", language).text) == set()


def test_a_preview_and_what_is_refused_are_told_in_chinese_too(console: Console) -> None:
    client = somebody(console, "supervisor")
    unit = next(name for name, one in console.deployment.program.editions[-1].units.units.items() if one.kind == "points")
    header = {"Accept-Language": "zh-TW"}
    for act, given in (
        ("points.adjust", {"unit": unit, "amount": "5"}), ("member.freeze", {}), ("note.add", {"text": "好"}),
        ("benefit.grant", {"what": instrument(console), "amount": "2"}), ("points.adjust", {"unit": unit, "amount": "0"}),
    ):  # fmt: skip
        form = {"key": f"p{act}", "reason": "要求", "step": "preview", **given}
        answer = post(client, f"/staff/members/240/acts/{act}", form, headers=header)
        assert english(answer.text) == set(), (act, answer.status_code)
