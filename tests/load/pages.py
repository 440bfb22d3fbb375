"""Speed of the first page of a member, against a bare Flask page with two queries. Part of `make bench`, or run alone.

Both are served by gunicorn as `loyalty serve` does, on the same database, in turns, to ten clients that keep their
connections. What the clients take of the machine is the same for both.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

from flask import Flask, request
from sqlalchemy import bindparam, select

from loyalty import clock
from loyalty.access.signed import begin
from loyalty.jobs.deployment import Deployment
from loyalty.ledger.tables import Entry
from loyalty.members.tables import Member
from loyalty.settings import Settings, read
from loyalty.status.tables import Standing
from loyalty.web import create_app

CLIENTS, SECONDS, ROUNDS = 10, 1.5, 9
SECRET = "a-secret-of-forty-characters-for-the-bench"
PAGE = "<!DOCTYPE html><title>Home</title><h1>{{ row.name or row.number }}</h1><p>{{ held.tier }} {{ held.until }}</p>"


def bare() -> Flask:
    """A page of Flask with two queries, the member and the standing, and a small template: each put together once."""
    store, app = Deployment(read()).store, Flask("bare")
    member, standing = Member.__table__.c, Standing.__table__.c
    who = select(member.member_id, member.number, member.name).where(member.number == bindparam("number"))
    what = select(standing.tier, standing.until).where(standing.member_id == bindparam("member"))
    page = app.jinja_env.from_string(PAGE)

    @app.get("/")
    def home() -> str:
        with store.reading() as session:
            row = session.execute(who, {"number": request.args["number"]}).one()
            held = session.execute(what, {"member": row.member_id}).one()
        return page.render(row=row, held=held)

    return app


def portal() -> Flask:
    """The application as it is."""
    return create_app(Deployment(read()))


def forgetful() -> Flask:
    """The application with nothing kept: each page is read and worked out anew."""
    app = portal()
    app.extensions["loyalty"].kept.most = 0
    return app


@contextmanager
def served(url: str, name: str, port: int) -> Iterator[None]:
    """One of the applications above behind gunicorn."""
    environment = {**os.environ, "LOYALTY_DATABASE_URL": url, "LOYALTY_SECRET": SECRET}
    command = [sys.executable, "-m", "gunicorn", f"pages:{name}()", "--bind", f"127.0.0.1:{port}", "--workers", "2"]
    options = ["--threads", "2", "--worker-class", "gthread", "--keep-alive", "30", "--log-level", "warning"]
    server = subprocess.Popen([*command, *options, "--chdir", str(Path(__file__).parent)], env=environment)
    try:
        for _ in range(100):
            time.sleep(0.1)
            with_it = HTTPConnection("127.0.0.1", port, timeout=1)
            try:
                with_it.request("GET", "/brand.css")
                with_it.getresponse().read()
                break
            except OSError:
                continue
        yield
    finally:
        server.terminate()
        server.wait(10)


def rate(port: int, asked: list[tuple[str, dict[str, str]]], seconds: float) -> float:
    """Requests a second that ten clients get answered, each its own page again and again."""
    counts = [0] * len(asked)
    until = time.perf_counter() + seconds

    def client(n: int) -> None:
        connection = HTTPConnection("127.0.0.1", port)
        path, headers = asked[n]
        while time.perf_counter() < until:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200 and b"<h1" in body, answer.status
            counts[n] += 1

    threads = [threading.Thread(target=client, args=(n,)) for n in range(len(asked))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds


def cookies(deployment: Deployment) -> list[tuple[str, dict[str, str]]]:
    """Ten members who have activity, signed in: what each asks for and with which cookie; the bare page goes by the number."""
    now, app = clock.now(), create_app(deployment)
    with deployment.store.transaction() as session:
        rows = session.execute(select(Member.member_id, Member.number).order_by(Member.member_id).limit(CLIENTS)).all()
        active = select(Entry.member_id).where(Entry.member_id.in_([row.member_id for row in rows])).distinct()
        assert len(session.scalars(active).all()) == CLIENTS
        tokens = [(number, begin(session, member_id, "link", now - timedelta(seconds=1))) for member_id, number in rows]
    found = []
    for number, token in tokens:
        client = app.test_client()
        with client.session_transaction() as kept:
            kept["_user_id"], kept["_fresh"] = token, True
        assert client.get("/").status_code == 200  # a browser has the token of its forms from its first page on
        cookie = client.get_cookie(app.config["SESSION_COOKIE_NAME"])
        assert cookie is not None
        found.append((f"/?number={number}", {"Cookie": f"{cookie.key}={cookie.value}"}))
    return found


def measured(url: str, line: Callable[[str, str, str, bool], None]) -> None:
    """The first page of ten members on a database that has them."""
    deployment = Deployment(Settings(database_url=url, secret=SECRET))
    asked = cookies(deployment)
    deployment.store.close()
    names = ("bare", "portal", "forgetful")
    rates: dict[str, list[float]] = {name: [] for name in names}
    with ExitStack() as servers:
        for n, name in enumerate(names):
            servers.enter_context(served(url, name, 8731 + n))
            rate(8731 + n, asked, 6.0)  # every worker has read the program, and seen each of them
        for _ in range(ROUNDS):  # in turns, so that what else the machine does falls on all of them alike
            for n, found in enumerate(rates.values()):
                found.append(rate(8731 + n, asked, SECONDS))
    page, plain, anew = (median(rates[name]) for name in ("portal", "bare", "forgetful"))
    told = f"{page:,.0f} requests a second, {page / plain:.0%} of a bare page with two queries ({plain:,.0f})"
    line("first page, 10 clients", told, "50 %", page >= plain / 2)
    print(f"     the same with every page read and folded anew: {anew:,.0f} requests a second, {anew / plain:.0%}")


if __name__ == "__main__":
    import bench

    with bench.postgresql() as url, tempfile.TemporaryDirectory() as name:
        from loyalty.jobs import migrate

        deployment = Deployment(Settings(database_url=url, secret=SECRET))
        migrate.upgrade(deployment.store)
        deployment.ready(clock.now())
        bench.build(deployment, Path(name), 100, 8000, clock.now())
        bench.run(deployment, False, clock.now())
        bench.vacuum(deployment)
        deployment.store.close()
        measured(url, bench.line)
