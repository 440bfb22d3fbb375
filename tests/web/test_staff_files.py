"""The customer file on the console and on the member's own pages, the review list, cases answered. On both databases."""

import io
import json
from typing import Any
from zipfile import ZipFile

import pytest
from sqlalchemy import func, select

from loyalty.care.file_tables import MemberCompetitor, MemberContact, MemberFile
from loyalty.care.operations import Claim, claim
from loyalty.care.tables import Case
from loyalty.desk.acts import ACTS
from loyalty.earning.operations import Report, record_one
from loyalty.members.tables import Member
from loyalty.settle import settle
from loyalty.status.queries import ladder_count, lock_numbers
from loyalty.status.tables import Standing, StatusFact
from loyalty.store import Base
from tests.web.console import Console, hidden, post
from tests.web.given import member as holding
from tests.web.given import text_of
from tests.web.portal import send
from tests.web.test_frame import Deploy

SCRIPT = "<script>alert(1)</script>"
FILE = ("file.change", "contact.set", "competitor.set", "manager.assign", "file.review")


@pytest.fixture
def console(deploy: Deploy) -> Console:
    return Console(deploy())


def act(console: Console, name: str, number: str, key: str, raw: dict[str, str] | None = None, by: str = "supervisor") -> Any:
    sent = {**(raw or {}), "reason": "on the phone", "key": key, "step": "do"}
    return post(console.staff(by), f"/staff/members/{number}/acts/{name}", sent)


def filled(console: Console, number: str, many: int = 1) -> None:
    """Something in every part of a file."""
    facts = {
        "facts.address": f"Lake Road 1 {SCRIPT}",
        "facts.company": "Acme",
        "facts.seat": "aisle",
        "facts.occasions": "May 3",
    }
    assert act(console, "file.change", number, f"{number}-f", facts).status_code == 303
    for n in range(many):
        contact = {"name": f"Bo {n} {SCRIPT}", "relation": "assistant", "phone": "+49 30 555", "email": "bo@acme.example"}
        assert act(console, "contact.set", number, f"{number}-c{n}", contact).status_code == 303
        other = {"program": f"Other Air {n}", "their_tier": "Gold", "share": "40", "known_by": "said so"}
        assert act(console, "competitor.set", number, f"{number}-o{n}", other).status_code == 303
    console.staff("agent")
    assert act(console, "manager.assign", number, f"{number}-m", {"manager": "agent@house.example"}).status_code == 303


def claimed(console: Console, number: str, key: str) -> None:
    """A flight that a member misses."""
    with console.deployment.store.transaction() as session:
        account = lock_numbers(session, [number])[number]
        fields = {"carrier": "SK", "origin": "ORD", "destination": "FRA", "distance": "4343", "booking_class": "J"}
        wanted = Claim("flight", console.now.date(), fields, f"Boarded last {SCRIPT}", key)
        claim(session, console.deployment.program, account, wanted, f"member {number}", console.now)


def test_the_file_is_one_page_in_as_many_statements_whatever_there_is(console: Console) -> None:
    console.enrol("POOR", name="P")
    console.enrol("RICH", name="Rich", email="rich@x.example", phone="+1 312 555 0100", attributes={"born": "1980-02-29"})
    filled(console, "RICH", 3)
    client, counts = console.staff("loyalty_manager"), []
    for number in ("POOR", "RICH"):
        client.get(f"/staff/members/{number}/file")
        with console.heard() as heard:
            page = client.get(f"/staff/members/{number}/file")
        counts.append(len(heard))
    assert counts[0] == counts[1], counts
    text = text_of(page.text)
    for part in ("Lake Road 1", "Acme", "aisle", "Bo 2", "assistant", "bo@acme.example", "Other Air 1", "Gold", "40 %",
                 "Agent agent@house.example",
                 "Last reviewed never", "90 %", "Missing: language, meal", "February 29, 1980"):  # fmt: skip
        assert part in text, (part, text)
    assert SCRIPT not in page.text
    screen = text_of(client.get("/staff/members/RICH").text)
    assert "Customer file" in screen and "90 %" in screen and "Bo 0" in screen and "Other Air" not in screen
    assert client.get("/staff/members/NOBODY/file").status_code == 404
    finance = console.staff("finance")  # who may not read files sees nothing of one on the member's screen either
    assert (
        "Customer file" not in finance.get("/staff/members/RICH").text
        and finance.get("/staff/members/RICH/file").status_code == 403
    )


def test_a_form_begins_with_what_is_known_and_the_effect_is_in_words(console: Console) -> None:
    console.enrol("M", name="Ada")
    filled(console, "M")
    client = console.staff("supervisor")
    page = client.get("/staff/members/M/acts/file.change").text
    assert 'value="Acme"' in page and '<option value="aisle" selected' in page
    with console.deployment.store.reading() as session:
        contact, other = (
            session.scalars(select(MemberContact.contact_id)).one(),
            session.scalars(select(MemberCompetitor.competitor_id)).one(),
        )
    page = client.get(f"/staff/members/M/acts/contact.set?contact={contact}").text
    assert 'value="assistant"' in page and 'value="+49 30 555"' in page
    page = client.get(f"/staff/members/M/acts/competitor.set?competitor={other}").text
    assert 'value="Other Air 0"' in page and 'value="40"' in page
    assert '<option value="agent@house.example" selected' in client.get("/staff/members/M/acts/manager.assign").text
    sent = {"facts.company": "Umbra", "facts.seat": "window", "reason": "new job", "key": "k", "step": "preview"}
    told = text_of(post(client, "/staff/members/M/acts/file.change", sent).text)
    assert "Customer file company Acme Umbra" in told and "Customer file seat aisle window" in told
    sent = {"contact": str(contact), "name": "Bo Berg", "reason": "typo", "key": "k2", "step": "preview"}
    told = text_of(post(client, "/staff/members/M/acts/contact.set", sent).text)
    assert f"Key contact name Bo 0 {SCRIPT} Bo Berg" in told and str(contact) not in told.partition("Change it")[0]


def test_the_review_list_is_worked_off_with_one_press_each_a_page_at_a_time(console: Console) -> None:
    for n in range(60):
        holding(console, f"G{n:02}", "gold", name=f"Gold {n}")
    console.enrol("BASE", name="Base")
    client = console.staff("supervisor")
    page = client.get("/staff/reviews").text
    assert "G00" in page and "G49" in page and "G50" not in page and "BASE" not in page and page.count("data-review") == 50
    with console.heard() as heard:
        client.get("/staff/reviews")
    further = page.partition('href="/staff/reviews?')[2].partition('"')[0].replace("&amp;", "&")
    with console.heard() as second:
        page = client.get(f"/staff/reviews?{further}").text
    assert "G50" in page and "G59" in page and "G49" not in page and len(second) == len(heard)
    page = client.get("/staff/reviews").text
    sent = {"number": "G00", "key": hidden(page.partition('value="G00"')[2], "key"), "after": "/staff/reviews?of=all&show=due"}
    for _ in range(2):  # pressed twice
        assert post(client, "/staff/reviews", sent).location == "/staff/reviews?of=all&show=due"
    (line,) = console.lines("file.review")
    assert (line.actor, line.key) == ("supervisor@house.example", sent["key"])
    page = client.get("/staff/reviews").text
    assert "G00: reviewed." in page and "/staff/members/G00/file" not in page and "G50" in page
    page = client.get("/staff/reviews?show=all&of=all").text  # whether due or not
    further = page.partition('href="/staff/reviews?')[2].partition('"')[0].replace("&amp;", "&")
    last = client.get(f"/staff/reviews?{further}").text
    assert "members/BASE/" in last and last.index("members/BASE/") < last.index("members/G00/")
    for wrong in ("x", ".", "9.9.9", ".0", "1e9.1", f"{10**30}.1"):
        assert client.get(f"/staff/reviews?after={wrong}").status_code == 404, wrong
    auditor = console.staff("auditor")  # reads everything, changes nothing
    assert "data-review" not in auditor.get("/staff/reviews").text and post(auditor, "/staff/reviews", sent).status_code == 403
    assert post(client, "/staff/reviews", {**sent, "number": "NOBODY", "key": "z"}).status_code == 404
    assert post(client, "/staff/reviews", {**sent, "number": "G01"}).location  # the key was for another member
    assert len(console.lines("file.review")) == 1 and "has been used" in client.get("/staff/reviews").text


def test_my_members_are_those_whom_i_look_after(console: Console) -> None:
    for number in ("A", "B", "C"):
        holding(console, number, "gold", name=f"Name {number}")
    agent = console.staff("agent")
    assert "members/A/" in agent.get("/staff/reviews").text  # who looks after nobody begins with everybody
    assert act(console, "manager.assign", "B", "k", {"manager": "agent@house.example"}).status_code == 303
    page = agent.get("/staff/reviews").text
    assert "members/B/" in page and "members/A/" not in page
    page = agent.get("/staff/reviews?of=nobody").text
    assert "members/B/" not in page and "members/A/" in page
    assert agent.get("/staff/reviews?of=rubbish&show=rubbish").status_code == 200
    assert act(console, "manager.assign", "A", "k2", {"manager": "agent@house.example"}, by="agent").status_code == 403


def test_members_read_and_state_their_part_take_all_along_and_leave_nothing(console: Console) -> None:
    member, other = console.enrol("M", name="Ada"), console.enrol("N", name="Bob")
    filled(console, "M")
    client = console.client(member)
    told = text_of(client.get("/me").text)
    assert "Lake Road 1" in told and "May 3" in told and "Who looks after you Agent agent@house.example" in told
    assert "Other Air" not in told and "Bo 0" not in told
    page = client.get("/me/profile").text
    assert 'name="a-company" ' in page and "a-occasions" not in page  # not theirs to say
    changed = {"name": "Ada", "language": "en", "a-company": "Umbra", "a-seat": "window", "a-occasions": "June 1"}
    assert send(client, "/me/profile", changed).location == "/me"
    with console.deployment.store.reading() as session:
        kept = json.loads(session.get_one(MemberFile, member).fields)
    assert kept == {"company": "Umbra", "seat": "window", "occasions": "May 3"}
    wrong = send(client, "/me/profile", {**changed, "a-seat": "roof"})
    assert wrong.status_code == 422 and "roof" in text_of(wrong.text)
    with ZipFile(io.BytesIO(client.get("/me/download").data)) as archive:
        text = {name: archive.read(name).decode() for name in archive.namelist()}
    assert "Other Air 0" in text["member_competitor.json"] and "Bo 0" in text["member_contact.json"]
    assert "Umbra" in text["member_file.json"] and "bo@acme.example" not in text["member_contact.json"]
    assert "manager_id" not in text["member_file.json"]
    assert "Lake Road" not in text_of(console.client(other).get("/me").text)
    assert send(client, "/me/close", {"number": "M"}).location == "/program"
    with console.deployment.store.reading() as session:
        for table in (MemberFile, MemberContact, MemberCompetitor):
            assert session.scalar(select(func.count()).select_from(table)) == 0


def test_a_case_is_answered_and_closed_from_the_console(console: Console) -> None:
    member = console.enrol("M", name="Ada")
    claimed(console, "M", "C1")
    agent = console.staff("agent")
    screen = agent.get("/staff/members/M").text
    assert "/staff/members/M/cases" in screen and "/acts/case.answer?case=C1" in screen and SCRIPT not in screen
    page = agent.get("/staff/members/M/cases").text
    assert "Boarded last" in text_of(page) and "4343" in page and SCRIPT not in page
    form = page.partition("/acts/activity.post?")[2].partition('"')[0].replace("&amp;", "&")
    posting = agent.get(f"/staff/members/M/acts/activity.post?{form}").text
    assert 'value="4343"' in posting  # what was claimed is typed already
    said = {"text": f"It was posted. {SCRIPT}", "activity": "", "source": "staff"}
    unposted = act(console, "case.answer", "M", "k0", {**said, "case": "C1", "activity": "nothing"}, by="agent")
    assert unposted.status_code == 422 and "nothing" in unposted.text
    assert act(console, "case.answer", "M", "k1", {**said, "case": "C1"}, by="agent").status_code == 303
    assert act(console, "case.close", "M", "k2", {"case": "C1", "text": ""}, by="agent").status_code == 303
    with console.deployment.store.reading() as session:
        assert session.scalars(select(Case.state)).one() == "closed"
    again = act(console, "case.answer", "M", "k3", {**said, "case": "C1"}, by="agent")
    assert again.status_code == 409
    assert "It was posted." in console.client(member).get("/activity/claims").text
    assert "case.answer?case" not in agent.get("/staff/members/M").text


# --- defects known elsewhere ------------------------------------------------------------------------------------


def rows(console: Console, table: Any) -> list[tuple[Any, ...]]:
    with console.deployment.store.reading() as session:
        return sorted(tuple(row) for row in session.execute(select(table.__table__)))


def test_a12_editing_a_profile_on_the_console_touches_no_status(console: Console) -> None:
    """Given a gold member, when staff edit the phone number, then no status field nor fact is touched, as the log shows."""
    holding(console, "M", "gold", name="Ada", phone="+49 30 1")
    before = [rows(console, table) for table in (Standing, StatusFact)]
    page = console.staff("agent").get("/staff/members/M/acts/member.change").text
    sent = dict.fromkeys(("email", "language"), "") | {"name": "Ada", "phone": "+49 30 2", "key": hidden(page, "key")}
    assert (
        post(
            console.staff("agent"), "/staff/members/M/acts/member.change", {**sent, "reason": "asked", "step": "do"}
        ).status_code
        == 303
    )
    assert [rows(console, table) for table in (Standing, StatusFact)] == before
    (line,) = console.lines("member.change")
    what = json.loads(line.what)
    assert (what["before"], what["after"]) == ({"profile": {"phone": "+49 30 1"}}, {"profile": {"phone": "+49 30 2"}})
    # and the next flight still moves the member, who was not set by hand
    assert "Gold" in text_of(console.staff("agent").get("/staff/members/M").text)


def test_a25_a_waiver_carries_who_gave_and_approved_it_and_is_not_earned(console: Console) -> None:
    """Given 60 miles are missing, when an agent asks and a supervisor approves, then the status is waived, with both names."""
    console.enrol("M", name="Ada")
    fields = {"carrier": "SK", "origin": "ORD", "destination": "SFO", "booking_class": "Y"}
    with console.deployment.store.transaction() as session:
        account = lock_numbers(session, ["M"])["M"]
        for n, distance in enumerate((6000, 6000, 6000, 1952)):
            told = Report("flight", "t", f"f{n}", console.now.date(), {**fields, "distance": distance})
            record_one(session, console.deployment.program, account, told, console.now)
        settle(session, console.deployment.program, [account], console.now)
    agent, boss = console.staff("agent"), console.staff("supervisor")
    asked = {"tier": "silver", "window_of": "", "reason": "60 miles short", "key": "w"}
    assert "beyond your limit" in post(agent, "/staff/members/M/acts/tier.waive", {**asked, "step": "preview"}).text
    assert post(agent, "/staff/members/M/acts/tier.waive", {**asked, "step": "do"}).status_code == 303
    assert post(agent, "/staff/approvals/1", {"decision": "approve"}).status_code == 403
    preview = text_of(boss.get("/staff/approvals/1").text)
    assert "Silver" in preview and rows(console, StatusFact) == []
    assert post(boss, "/staff/approvals/1", {"decision": "approve", "why": "seen"}).status_code == 303
    with console.deployment.store.reading() as session:
        fact = session.scalars(select(StatusFact)).one()
        counts = {(row.tier, row.source): row.members for row in ladder_count(session, console.now.date(), by_source=True)}
    assert (fact.kind, fact.author, fact.approver, fact.reason) == (
        "waived", "agent@house.example", "supervisor@house.example", "60 miles short",
    )  # fmt: skip
    assert counts == {("silver", "waived"): 1}
    assert "60 miles short" in text_of(boss.get("/staff/members/M").text)


def test_a31_a_grant_pressed_twice_is_one_and_another_body_under_its_key_is_refused(console: Console) -> None:
    console.enrol("M", name="Ada")
    boss = console.staff("loyalty_manager")
    page = boss.get("/staff/members/M/acts/tier.grant").text
    sent = {
        "tier": "gold",
        "through": "2026-12-31",
        "begins": "",
        "kind": "granted",
        "reason": "goodwill",
        "key": hidden(page, "key"),
        "step": "do",
    }
    assert [post(boss, "/staff/members/M/acts/tier.grant", sent).status_code for _ in range(2)] == [303, 303]
    assert len(rows(console, StatusFact)) == 1 and len(console.lines("tier.grant")) == 1
    for other in ({"tier": "platinum"}, {"through": "2027-12-31"}, {"reason": "another"}):
        assert post(boss, "/staff/members/M/acts/tier.grant", {**sent, **other}).status_code == 409, other
    assert len(rows(console, StatusFact)) == 1


def test_staff_acting_for_a_member_move_that_members_account_alone_with_the_actor_recorded(console: Console) -> None:
    """Every act that a form can send for M leaves each row of N as it was, and a line with who did it."""
    console.enrol("M", name="Ada", email="ada@x.example")
    console.enrol("N", name="Bob", email="bob@x.example")
    for number in ("M", "N"):
        filled(console, number)
        claimed(console, number, "C")

    def of_n() -> dict[str, list[Any]]:
        with console.deployment.store.reading() as session:
            n = session.scalars(select(Member.member_id).where(Member.number == "N")).one()
            tables = [
                table for table in Base.metadata.tables.values() if "member_id" in table.columns and table.name != "audit"
            ]
            return {
                table.name: sorted(map(repr, session.execute(table.select().where(table.c.member_id == n)))) for table in tables
            }

    before, unit = (
        of_n(),
        next(name for name, one in console.deployment.program.editions[-1].units.units.items() if one.kind == "points"),
    )
    sent = {
        "points.adjust": {"unit": unit, "amount": "100"}, "member.change": {"name": "Ada Berg", "email": "ada@x.example"},
        "member.attributes": {"attributes.born": "1980-01-01"}, "note.add": {"text": "called"}, "member.freeze": {},
        "member.unfreeze": {}, "file.change": {"facts.company": "Umbra"}, "file.review": {}, "manager.assign": {"manager": ""},
        "case.answer": {"case": "C", "text": "posted"}, "case.close": {"case": "C"}, "member.leave": {"on": "2026-07-01"},
    }  # fmt: skip
    for name, raw in sent.items():
        assert name in ACTS
        answer = act(console, name, "M", f"only {name}", raw)
        assert answer.status_code == 303, (name, answer.text)
        assert of_n() == before, name
        line = console.lines(name)[-1]
        assert (line.actor, line.kind, line.place, line.key) == (
            "supervisor@house.example",
            "staff",
            "192.0.2.7",
            f"only {name}",
        ), name
