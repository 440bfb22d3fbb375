"""Jobs on pages: how each stands, its runs told without anything personal, a run that staff ask for and the schedule does."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from loyalty.i18n import translated
from loyalty.jobs import runs
from loyalty.jobs.leading import is_led, leading
from loyalty.jobs.runs import RunKey
from loyalty.jobs.schedule import due_runs, run_due
from loyalty.jobs.tables import Run, RunChunk
from loyalty.jobs.timetable import TIMETABLE, job_named, jobs
from loyalty.web.staff.jobs_told import at_of, due_told, error_told
from tests.conftest import NOON
from tests.web.console import Console, hidden, post
from tests.web.test_frame import Deploy

UNLED = "No schedule is running"
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def console(deploy: Deploy) -> Console:
    return Console(deploy())


def silent(_done: int, _total: int) -> None:
    pass


def ran(console: Console, job: str, due: datetime, failed: dict[int, Exception] | None = None) -> str:
    """A run of the schedule that has ended; the address of its page."""
    key = RunKey(job, due, due.date(), scheduled=True)
    with console.deployment.store.transaction() as session:
        runs.begin(session, key, due)
        for item, error in (failed or {}).items():
            runs.fail(session, key, item, error)
        runs.tally(session, key, 7, 3)
        runs.finish(session, key, due + timedelta(seconds=125))
    return f"/staff/jobs/{job}/runs/{at_of(due)}"


def asked(console: Console, job: str) -> list[Run]:
    with console.deployment.store.reading() as session:
        return [run for run in runs.unfinished(session, job, console.now) if not run.scheduled]


def test_every_job_has_a_name_for_pages_in_every_language() -> None:
    for code in ("zh_Hans", "zh_Hant"):
        language = translated(code)
        for job in TIMETABLE:
            assert job.label and not language.say(job.label).isascii() and not language.say(job.does).isascii(), job.name
            assert not language.say(job.counts).isascii(), job.counts


def test_cron_lines_are_told_in_words() -> None:
    english, chinese = translated("en"), translated("zh_Hant")
    told = {"* * * * *": "every minute", "*/5 * * * *": "every 5 minutes", "30 2 * * *": "every day at 02:30",
            "0 5 1 * *": "on day 1 of each month at 05:00", "off": "off", "0 9 * * MON": "0 9 * * MON"}  # fmt: skip
    assert {fields: due_told(fields, english) for fields in told} == told
    assert not any(due_told(fields, chinese).isascii() for fields in told if "MON" not in fields)


@pytest.mark.parametrize(("error", "told"), [
    ("ValueError: Anna Bergmann has no tier", "ValueError: … has no tier"),
    ("ValueError: anna@x.example is no address of SK000000240", "ValueError: … is no address of …"),
    ("KeyError: 'anna bergmann'", "KeyError"),
    ('IntegrityError: duplicate key violates unique constraint "uq_x"\nDETAIL:  Key (email)=(a@x.example) already exists.',
     "IntegrityError: duplicate key violates unique constraint …"),
    ("ConnectionError: the relay is away", "ConnectionError: the relay is away"),
    ("DataError: bad value 'it was anna", "DataError: bad value …"),
    ("ValueError: 王小明 +49 30 1234567 (anna) [anna]", "ValueError"),
    ("", ""),
])  # fmt: skip
def test_errors_are_told_without_what_could_be_personal(error: str, told: str) -> None:
    assert error_told(error) == told


def test_each_job_is_listed_with_how_it_stands(console: Console) -> None:
    ran(console, "snapshot", NOON - timedelta(hours=3, minutes=45))
    ran(console, "trim", NOON - timedelta(days=3))
    page = console.staff("auditor").get("/staff/jobs").text
    for job in TIMETABLE:
        assert f'href="/staff/jobs/{job.name}"' in page and job.label in page
    rows = {name: page.partition(f'/staff/jobs/{name}"')[2].partition("</tr>")[0] for name in ("snapshot", "trim", "bulk")}
    assert "7 months" in rows["snapshot"] and "on time" in rows["snapshot"] and "At" not in rows["snapshot"]
    assert "2 days" in rows["trim"] and "has never run" in rows["bulk"]
    assert UNLED in page


def test_runs_are_paged_and_one_is_told_whole(console: Console) -> None:
    member = console.enrol("M7")
    for n in range(30):
        ran(console, "recalculate", NOON - timedelta(days=n + 1))
    address = ran(console, "recalculate", NOON, {member: ValueError(f"Anna {SCRIPT}"), 999: KeyError("x")})
    client = console.staff("supervisor")
    first = client.get("/staff/jobs/recalculate").text
    assert first.count("/staff/jobs/recalculate/runs/") == 25 and "2 minutes" in first and address in first
    older = client.get("/staff/jobs/recalculate?before=" + first.partition("?before=")[2].partition('"')[0]).text
    assert older.count("/staff/jobs/recalculate/runs/") == 6 and "before=" not in older
    page = client.get(address).text
    assert 'href="/staff/members/M7"' in page and "999" in page and "ValueError" in page
    assert "Anna" not in page and SCRIPT not in page and "hx-trigger" not in page
    # who may not read members sees no number of one
    page = console.staff("administrator").get(address).text
    assert "M7" not in page and "ValueError" in page
    for wrong in ("recalculate/runs/999", "nothing", "nothing/runs/1", f"trim/runs/{at_of(NOON)}", "trim/runs/" + "9" * 18,
                  "trim/runs/" + "9" * 40):  # fmt: skip
        assert client.get(f"/staff/jobs/{wrong}").status_code == 404, wrong
    assert client.get("/staff/jobs/trim?before=" + "9" * 30).status_code == 200


def test_failures_are_paged(console: Console) -> None:
    address = ran(console, "clear", NOON, {n: ValueError("no") for n in range(1, 121)})
    client = console.staff("supervisor")
    seen: list[str] = []
    while address:
        page = client.get(address).text
        seen += [row.partition("</th>")[0] for row in page.split('<th scope="row">')[1:]]
        more = page.partition("?after=")[2].partition('"')[0]
        address = f"{address.partition('?')[0]}?after={more}" if more else ""
    assert seen == [str(n) for n in range(1, 121)]


def test_a_run_is_asked_for_once_and_done_by_the_schedule(console: Console) -> None:
    boss = console.staff("loyalty_manager")
    page = boss.get("/staff/jobs/snapshot").text
    assert "Run it now" in page and "loyalty run snapshot" in page
    form = {"key": hidden(page, "key"), "reason": "figures for the board"}
    answer = post(boss, "/staff/jobs/snapshot", form)
    again = post(boss, "/staff/jobs/snapshot", form)
    assert answer.status_code == again.status_code == 303 and answer.location == again.location
    (run,) = asked(console, "snapshot")
    assert (run.waits, run.scheduled, run.asked_by) == (True, False, "loyalty_manager@house.example")
    (line,) = console.lines("jobs.run")
    assert (line.actor, line.reason, line.key) == ("loyalty_manager@house.example", "figures for the board", form["key"])
    page = boss.get(answer.location).text
    assert "waits for the schedule" in page and "every 3s" in page and UNLED in page
    # another who asks meanwhile is led to the one that waits; a key is good for one thing
    assert post(boss, "/staff/jobs/snapshot", {"key": "other", "reason": "more"}).location == answer.location
    assert len(asked(console, "snapshot")) == len(console.lines("jobs.run")) == 1
    assert post(boss, "/staff/jobs/trim", form).status_code == 409 and asked(console, "trim") == []
    console.later(seconds=40)
    job = job_named(console.deployment.settings, "snapshot")
    results = run_due(console.deployment, job, console.now, silent)
    assert {result.status for result in results} == {"done"} and asked(console, "snapshot") == []
    page = boss.get(answer.location).text
    assert "done" in page and "every 3s" not in page and "loyalty_manager@house.example" in page
    with console.deployment.store.reading() as session:
        kept = session.get_one(Run, ("snapshot", run.due))
        assert not kept.waits and kept.started_at == console.now  # how long it waited is not how long it took
    # the schedule's own runs are not affected, and it can be asked for anew
    assert not due_runs(console.deployment, [job], console.now)
    assert post(boss, "/staff/jobs/snapshot", {"key": "new", "reason": "more"}).location != answer.location


def test_a_run_needs_a_reason_a_key_and_a_role(console: Console) -> None:
    boss = console.staff("administrator")
    for form in ({"key": "k"}, {"reason": "because"}, {"key": "k", "reason": "  "}):
        answer = post(boss, "/staff/jobs/trim", form)
        assert answer.status_code == 422 and 'role="alert"' in answer.text, form
    auditor = console.staff("auditor")
    assert post(auditor, "/staff/jobs/trim", {"key": "k", "reason": "because"}).status_code == 403
    assert "Run it now" not in auditor.get("/staff/jobs/trim").text
    assert asked(console, "trim") == [] and console.lines("jobs.run") == []


def test_a_run_at_the_very_moment_of_one_of_the_schedule_is_another(console: Console) -> None:
    ran(console, "trim", console.now)
    boss = console.staff("administrator")
    post(boss, "/staff/jobs/trim", {"key": "k", "reason": "because"})
    (run,) = asked(console, "trim")
    assert run.due == console.now + timedelta(microseconds=1)


def test_a_job_that_is_off_runs_when_asked_for(deploy: Callable[..., object], console: Console) -> None:
    job = job_named(console.deployment.settings, "trim")
    post(console.staff("administrator"), "/staff/jobs/trim", {"key": "k", "reason": "because"})
    off = jobs(console.deployment.settings)["trim"].__class__(**{**vars(job), "cron": "off"})
    assert [key.due for _job, key in due_runs(console.deployment, [off], console.now)] == [console.now]


def test_a_page_shows_how_far_a_run_is(console: Console) -> None:
    key = RunKey("recalculate", NOON, NOON.date(), scheduled=True)
    with console.deployment.store.transaction() as session:
        runs.begin(session, key, NOON)
        runs.plan(session, key, [(1, 9), (10, 19), (20, 29)])
        chunk = session.get_one(RunChunk, ("recalculate", NOON, 0))
        chunk.items, chunk.changes, chunk.done_at = 1234, 5, NOON
    page = console.staff("supervisor").get(f"/staff/jobs/recalculate/runs/{at_of(NOON)}").text
    assert '<progress id="progress" max="3" value="1">' in page and "1,234" in page and "running" in page


def test_the_schedule_is_known_to_run(console: Console, tmp_path: Path) -> None:
    assert not is_led(console.deployment)
    with leading(console.deployment) as leads:
        assert leads() and is_led(console.deployment) and leads()
        for address in ("/staff/jobs", "/staff/jobs/trim"):
            assert UNLED not in console.staff("administrator").get(address).text
    assert not is_led(console.deployment)


def test_pages_of_jobs_are_as_many_statements_whatever_there_is(console: Console) -> None:
    client = console.staff("supervisor")
    addresses = ("/staff/jobs", "/staff/jobs/recalculate", ran(console, "recalculate", NOON - timedelta(days=50)))
    counts = []
    for many in (1, 40):
        for n in range(many):
            member = console.enrol(f"X{many}-{n}")
            ran(console, "recalculate", NOON - timedelta(days=n, minutes=many), {member: ValueError("no")})
        address = ran(console, "recalculate", NOON - timedelta(hours=many), dict.fromkeys(range(1, many + 1), ValueError("no")))
        for page in (*addresses, address):
            with console.heard() as heard:
                assert client.get(page).status_code == 200
            counts.append(len(heard))
    assert counts[:4] == counts[4:], counts
