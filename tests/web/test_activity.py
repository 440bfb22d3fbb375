"""Activity on both databases: a page at a time, explained, filtered, exported as it stands in the books, and claimed."""

import csv
import io
import re
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from loyalty.care.queries import cases_of
from loyalty.jobs.deployment import Deployment
from loyalty.ledger.tables import Entry
from tests.web.portal import Portal, send
from tests.web.records import SCRIPT, book, fly, told, undo

Deploy = Callable[..., Deployment]
PAGES = ("/activity", "/activity?kind=flight&unit=miles&year=2025", "/activity/claims", "/points", "/activity/statement",
         "/activity/statement?period=2025")  # fmt: skip


@pytest.fixture
def portal(deploy: Deploy) -> Portal:
    return Portal(deploy())


def test_what_was_done_is_told_newest_first_with_why(portal: Portal) -> None:
    member = portal.enrol("M", "2025-01-01")
    fly(portal, "M", 3, "2026-05-20")
    fly(portal, "M", 1, "2026-05-21", cancelled="true")
    undo(portal, "M", "2026-05-19", f"flown by another {SCRIPT}")
    book(portal, "M", "-300", "2026-05-22", f"sorry {SCRIPT}")
    client = portal.client(member)
    page = client.get("/activity").text
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page
    text = told(page)
    first, cancelled, *flights = re.findall(r"(Adjustment|Flight) (May \d+, 2026)", text)
    assert (first, cancelled) == (("Adjustment", "May 22, 2026"), ("Flight", "May 21, 2026"))
    assert [day for _kind, day in flights] == ["May 20, 2026", "May 19, 2026", "May 18, 2026"]
    assert f"sorry {SCRIPT} -300 award miles" in text
    # what was not flown earned nothing, and is told; what was taken back is told with its reason and both entries
    assert "May 21, 2026 · Skyway · ORD · SFO · 1,846 · Y · cancelled nothing earned" in text
    assert f"taken back flown by another {SCRIPT} 0 award miles" in text
    assert "Qualifying miles taken back -2,308 qualifying miles" in text
    # the steps of a line: a plain member has no minimum; Y counts 125 % for status
    steps = text.split("Qualifying miles 2,308 qualifying miles ")[-1].split(" posted")[0]
    assert steps == ("distance 1,846 tier Member: at least 0 1,846 booking class Y: 125 % 2,307.5 rounded half up 2,308")


def test_pages_follow_each_other_and_leave_nothing_out(portal: Portal) -> None:
    member = portal.enrol("M", "2025-01-01")
    fly(portal, "M", 45)
    client, address, seen, pages = portal.client(member), "/activity?kind=flight", [], 0
    while address:
        page = client.get(address).text
        seen += re.findall(r'<time datetime="([\d-]+)">', page)
        onward = re.search(r'href="([^"]+)">Older', page)
        address, pages = (onward[1].replace("&amp;", "&") if onward else ""), pages + 1
    assert pages == 3 and len(seen) == 45 and seen == sorted(set(seen), reverse=True)
    assert client.get("/activity?before=nonsense").status_code == client.get("/points?before=1.2").status_code == 404
    assert len(re.findall(r"<h3>", client.get("/activity?year=2026&unit=miles").text)) == 20
    assert "nothing here yet" in client.get("/activity?year=2025").text
    # a filter that is none shows everything
    assert len(re.findall(r"<h3>", client.get("/activity?kind=x&unit=y&year=1").text)) == 20


def test_the_number_of_statements_does_not_depend_on_how_much_there_is(portal: Portal) -> None:
    members = [portal.enrol("A", "2020-01-01"), portal.enrol("B", "2020-01-01")]
    fly(portal, "A", 2)
    fly(portal, "B", 600)  # with five or six entries each
    with portal.deployment.store.reading() as session:
        assert (session.scalar(select(func.count()).select_from(Entry).where(Entry.member_id == members[1])) or 0) > 3000
    counts = []
    for member in members:
        client = portal.client(member)
        client.get("/activity")
        for address in PAGES:
            with portal.heard() as statements:
                assert client.get(address).status_code == 200
            counts.append((address, len(statements)))
    assert counts[: len(PAGES)] == counts[len(PAGES) :]


def test_the_file_of_all_entries_is_what_the_books_say_and_no_formula(portal: Portal) -> None:
    member = portal.enrol("M", "2020-01-01", language="zh-TW")
    fly(portal, "M", 120, origin="=1+1")
    fly(portal, "M", 1, "2026-06-02", origin="O,R\nD", destination='"x"')
    book(portal, "M", "-300.0", "2026-06-03", "@SUM(A1)")
    other = portal.enrol("N")
    answer = portal.client(member).get("/activity/entries.csv")
    assert answer.mimetype == "text/csv" and answer.is_streamed
    assert answer.data.startswith(b"\xef\xbb\xbf")
    head, *rows = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    assert len(head) == 10 and {len(row) for row in rows} == {10}
    with portal.deployment.store.reading() as session:
        order = (Entry.posted_on.desc(), Entry.posted_at.desc(), Entry.cause_id.desc(), Entry.n.desc())
        booked = session.execute(select(Entry).where(Entry.member_id == member).order_by(*order)).scalars().all()
    assert len(rows) > 500  # more than one stretch
    assert [(row[0], row[1], row[6]) for row in rows] == [(str(one.posted_on), str(one.on), str(one.amount)) for one in booked]
    dangerous = ("=", "+", "@", "\t", "\r")
    assert not [cell for row in rows for cell in row if cell.startswith(dangerous)]
    assert rows[0][9] == "'@SUM(A1)" and rows[0][6] == "-300"
    assert next(row[3] for row in rows if row[1] == "2026-06-02").count("\n") == 1
    assert len(list(csv.reader(io.StringIO(portal.client(other).get("/activity/entries.csv").text)))) == 1


def test_a_missing_activity_is_claimed_once_and_seen_by_its_member_alone(portal: Portal) -> None:
    member, other = portal.enrol("M", "2026-03-01", name="Ann"), portal.enrol("N")
    client = portal.client(member)
    key = re.search(r'name="key" value="([0-9A-F]{8})"', client.get("/activity/claim").text)
    assert key is not None
    wanted = {
        "key": key[1],
        "kind": "flight",
        "on": "2026-05-01",
        "field-carrier": "SK",
        "field-origin": SCRIPT,
        "remark": SCRIPT,
    }
    for _ in range(2):
        assert send(client, "/activity/claim", wanted).location == "/activity/claims"
    with portal.deployment.store.reading() as session:
        (case,) = cases_of(session, member)
    assert case.fields["fields"] == {"carrier": "SK", "origin": SCRIPT} and case.log[0]["author"] == "M"
    page = client.get("/activity/claims").text
    assert "<script>alert" not in page and f"You June 15, 2026, 7:00 AM (Central Time) {SCRIPT}" in told(page)
    assert key[1] in page and "with our staff" in page
    assert key[1] not in portal.client(other).get("/activity/claims").text
    # what could never be posted, or is no value of its field, is refused beside what was typed
    for change, why in (
        ({"on": "2026-02-28"}, "before the member enrolled"),
        ({"on": "2026-06-16"}, "after today"),
        ({"on": ""}, "on which day"),
        ({"field-carrier": "XX"}, "allowed: "),
        ({"kind": "cruise"}, "no activity kind"),
        ({"field-cruise": "x"}, "unknown"),
    ):
        answer = send(client, "/activity/claim", {**wanted, "key": "OTHER", "remark": "a & b", **change})
        assert answer.status_code == 422 and why in told(answer.text), (change, told(answer.text))
        assert "a &amp; b</textarea>" in answer.text
    assert send(client, "/activity/claim", {**wanted, "remark": "else"}).status_code == 422
    with portal.deployment.store.reading() as session:
        assert len(cases_of(session, member)) == 1


@pytest.mark.parametrize(
    ("language", "words"), [("zh_Hans", ("活动", "里程")), ("zh_Hant", ("活動", "哩程")), ("en", ("Activity",))]
)
def test_every_page_is_in_the_language_of_its_member(portal: Portal, language: str, words: tuple[str, ...]) -> None:
    client = portal.client(portal.enrol("M", "2025-01-01", language=language))
    fly(portal, "M", 1)
    for address in (*PAGES, "/activity/claim", "/me", "/me/profile", "/me/preferences", "/me/household", "/me/close"):
        page = client.get(address)
        assert page.status_code == 200, address
        assert f'lang="{language.replace("_", "-")}"' in page.text
        # of the words of a page in Chinese only names, numbers and what was reported are not Chinese
        if language != "en":
            left = set(re.findall(r"[A-Za-z]{3,}", told(page.text))) - {
                "ORD",
                "SFO",
                "CSV",
                "PDF",
                "Asia",
                "Taipei",
                "America",
                "Chicago",
            }
            assert left == set(), (address, left)
    page = client.get("/activity").text
    assert all(word in page for word in words)
