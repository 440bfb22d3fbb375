"""Messages made, sent and stated, as ratios to a yardstick of the same run.

    python tests/load/messages.py --members 2000

The yardstick of sending is a bare loop: the same messages, rendered the same, put into an EmailMessage and handed over by
smtplib on one connection, with no outbox. Seconds are of this process's CPU: the mail server beside it does not count.
"""

import argparse
import os
import resource
import smtplib
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from email.message import EmailMessage
from pathlib import Path
from time import perf_counter, process_time, sleep
from typing import Any

from sqlalchemy import select, text

from loyalty.jobs import migrate
from loyalty.jobs.delivering import deliver
from loyalty.jobs.demo import draw
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.recalculate import recalculate
from loyalty.jobs.runs import RunKey
from loyalty.jobs.telling import messages, statements
from loyalty.members.operations import Enrolment, enrol
from loyalty.messages.frozen import thaw
from loyalty.messages.rendering import render
from loyalty.messages.tables import Message
from loyalty.settings import Settings
from loyalty.status.operations import open_standings

NOW = datetime(2026, 12, 1, 18, tzinfo=UTC)
SERVER = """
import sys, time
from aiosmtpd.controller import Controller
class Sink:
    async def handle_DATA(self, server, session, envelope):
        return "250 OK"
Controller(Sink(), hostname="127.0.0.1", port=int(sys.argv[1])).start()
time.sleep(3600)
"""


def nothing(_done: int, _all: int) -> None:
    pass


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """What a work gives, and its seconds of CPU and of the clock."""
    cpu, wall = process_time(), perf_counter()
    result = work()
    return result, process_time() - cpu, perf_counter() - wall


def key(deployment: Deployment, job: str) -> RunKey:
    return RunKey(job, NOW, deployment.today(NOW))


def bare(deployment: Deployment, port: int) -> int:
    """The yardstick."""
    with deployment.store.reading() as session:
        rows = session.execute(select(Message.__table__)).all()
    with smtplib.SMTP("127.0.0.1", port) as connection:
        for n, row in enumerate(rows):
            context = {**thaw(row.context), "links": {"portal": "https://x.example", "preferences": None, "unsubscribe": None}}
            rendered = render(row.kind, context, row.locale, deployment.program.file.brand)
            mail = EmailMessage()
            mail["From"], mail["To"], mail["Subject"] = "club@x.example", row.address, rendered.subject
            mail["Message-ID"], mail["Date"] = f"<{n}@x.example>", NOW
            mail.set_content(rendered.text)
            mail.add_alternative(rendered.html, subtype="html")
            connection.send_message(mail)
    return len(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=2000)
    parser.add_argument("--idle", type=int, default=0, help="so many more without any activity")
    parser.add_argument("--url", default="", help="a database to fill; an SQLite file without it")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        port = 20000 + os.getpid() % 20000
        server = subprocess.Popen([sys.executable, "-c", SERVER, str(port)])
        try:
            sleep(2)
            run(chosen.members, chosen.idle, chosen.url or f"sqlite:///{Path(folder) / 'load.db'}", port)
        finally:
            server.kill()
            server.wait()


def enrolled(deployment: Deployment, count: int) -> None:
    """Members without activity, a thousand at a time."""
    for start in range(0, count, 1000):
        with deployment.store.transaction() as session:
            wanted = [Enrolment(date(2026, 1, 1), f"I{start + n}", email=f"i{start + n}@x.example") for n in range(1000)]
            answers = enrol(session, deployment.program, wanted, NOW)
            open_standings(session, [(answer.member_id or 0, date(2026, 1, 1)) for answer in answers])


def run(members: int, idle: int, url: str, port: int) -> None:
    deployment = Deployment(Settings(
        database_url=url, mail=f"smtp://127.0.0.1:{port}", mail_from="club@x.example", mail_per_second=9999,
        web_address="https://x.example", secret="s" * 40,
    ))  # fmt: skip
    migrate.upgrade(deployment.store)
    deployment.ready(NOW)
    draw(deployment, members, NOW, nothing)
    enrolled(deployment, idle)
    recalculate(deployment, key(deployment, "recalculate"), NOW, 1, nothing)
    made, cpu, wall = timed(lambda: messages(deployment, key(deployment, "messages"), NOW, 1, nothing))
    each = made.items / cpu
    print(f"made:       {made.changes} messages of {made.items} members; {each:.0f} members a second and core, {wall:.1f} s")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    stated, cpu, wall = timed(lambda: statements(deployment, key(deployment, "statements"), NOW, 1, nothing))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    each, more = stated.changes / cpu, (after - before) / 1024
    print(f"statements: {stated.changes} of {stated.items} members; {each:.0f} a second and core, {wall:.1f} s;")
    print(f"            memory {after // 1024} MB, {more:.0f} MB more than before")
    with deployment.store.transaction() as session:
        # as many as can be compared in reasonable time
        session.execute(text("DELETE FROM message WHERE member_id > 300"))
        session.execute(text("UPDATE message SET next_at = :at"), {"at": NOW if "postgresql" in url else "2026-12-01 00:00:00"})
    bare(deployment, port)  # templates and catalogues are read
    count, yard, yard_wall = timed(lambda: bare(deployment, port))
    sent, cpu, wall = timed(lambda: deliver(deployment, key(deployment, "deliver"), NOW, 1, nothing))
    assert sent.changes == count, (sent, count)
    print(f"sent:       {count / cpu:.0f} a second and core, {count / wall:.0f} by the clock")
    print(f"bare loop:  {count / yard:.0f} a second and core, {count / yard_wall:.0f} by the clock")
    print(f"sent / bare: {yard / cpu:.0%} of CPU, {yard_wall / wall:.0%} by the clock")
    deployment.store.close()


if __name__ == "__main__":
    main()
