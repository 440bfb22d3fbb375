"""A22: two schedulers and four workers at once, each a process of its own: every member gets exactly one mail of a fact."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from loyalty.jobs.deployment import Deployment
from loyalty.jobs.timetable import jobs
from tests.jobs import orbit
from tests.messages import told
from tests.messages.sink import Sink, serving
from tests.messages.told import SECRET, Deploy, enrol, opened, rows

MEMBERS = 60
#: Chunks of ten members; jobs of the night are of no matter here.
BEFORE = "import loyalty.jobs.telling as telling; telling.CHUNK = 10"


@pytest.fixture
def server() -> Iterator[tuple[Sink, str]]:
    with serving() as made:
        yield made


@pytest.fixture
def start() -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts `loyalty` commands, which end with the test."""
    started = []

    def begin(deployment: Deployment, *arguments: str, **chosen: str) -> "subprocess.Popen[str]":
        started.append(orbit.start(deployment, *arguments, before=BEFORE, **chosen))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def test_a22_two_schedulers_and_four_workers_tell_each_member_once(
    deploy: Deploy, tmp_path: Path, server: tuple[Sink, str], start: Callable[..., "subprocess.Popen[str]"]
) -> None:
    sink, address = server
    deployment = opened(deploy, tmp_path, mail=address)
    today = datetime.now(UTC).date().isoformat()
    enrol(deployment, *(f"M{n:02}" for n in range(MEMBERS)), on=today)
    chosen = {
        "LOYALTY_MAIL": address, "LOYALTY_MAIL_FROM": "club@orbit.example", "LOYALTY_SECRET": told.SECRET,
        "LOYALTY_WEB_ADDRESS": "https://orbit.example", "LOYALTY_MAIL_PER_SECOND": "9999", "LOYALTY_WORKERS": "1",
        # at every minute: their moments come within the test
        "LOYALTY_JOBS_MESSAGES": "* * * * *",
    }  # fmt: skip
    schedulers = [start(deployment, "schedule", **chosen) for _ in range(2)]
    workers = [start(deployment, "messages", word, **chosen) for word in ("build", "build", "send", "send")]
    for worker in workers:
        _out, err = worker.communicate(timeout=120)
        assert (worker.returncode, err) == (0, "")
    deadline = time.monotonic() + 120
    while len(sink.taken) < MEMBERS or {row.state for row in rows(deployment)} != {"sent"}:
        assert time.monotonic() < deadline, (len(sink.taken), Counter(row.state for row in rows(deployment)))
        time.sleep(0.2)
    assert [process.poll() for process in schedulers] == [None, None]
    assert Counter(sink.recipients) == {f"m{n:02}@members.example": 1 for n in range(MEMBERS)}
    assert len({mail["Message-ID"] for mail in sink.mails}) == MEMBERS


def test_the_jobs_are_in_the_timetable(deploy: Deploy, tmp_path: Path) -> None:
    known = jobs(opened(deploy, tmp_path).settings)
    assert {known[name].lane for name in ("messages", "statements")} == {"messages"} and known["deliver"].lane == "mail"
    assert known["statements"].each and not known["messages"].each


def test_wsgi_builds_the_application(deploy: Deploy, tmp_path: Path) -> None:
    deployment = opened(deploy, tmp_path)
    code = "import wsgi; print(wsgi.app.test_client().get('/unsubscribe/x').status_code)"
    root = Path(__file__).parents[2]
    run = [sys.executable, "-W", "error", "-c", code]
    environment = {**orbit.environment(deployment), "LOYALTY_SECRET": SECRET}
    done = subprocess.run(run, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "404\n", "")
