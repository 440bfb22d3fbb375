"""Staff and their roles: the file with every problem, who may do what, sign-ins with a short life. On both databases."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from loyalty.access import passwords
from loyalty.access import staff as people
from loyalty.access.acts import ACTS
from loyalty.access.attempts import FREE
from loyalty.access.roles import Roles, read_roles
from loyalty.access.staff_signed import (
    IDLE,
    LONGEST,
    begin_staff,
    end_sign_ins,
    fresh_step,
    note_staff_use,
    note_step,
    staff_sign_ins,
    staff_viewer,
)  # fmt: skip
from loyalty.access.staff_tables import Staff
from loyalty.audit.chain import Actor
from loyalty.audit.tables import AuditLine
from loyalty.errors import Refused
from loyalty.jobs.deployment import Deployment
from loyalty.program.problems import ProgramInvalid
from tests.conftest import NOON, ROOT

SHELL = Actor("command", "command")
ROLES = read_roles(ROOT / "config")


# --- the file ---------------------------------------------------------------------------------------------------


def test_every_problem_of_the_file_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "staff.yaml").write_text("""\
step_up: {minutes: 10, acts: [tier.grand]}
groups: {desk: [agent, agnt]}
roles:
  agent:
    name: {en: Agent}
    may:
      points.adjust: {at_most: 5000}
      note.add: {at_most: 3}
      note.ad:
    approve: {points.adjust: {at_most: -1}}
""")
    with pytest.raises(ProgramInvalid) as invalid:
        read_roles(tmp_path)
    assert [str(problem).split(";")[0] for problem in invalid.value.problems] == [
        "staff.yaml:10:40: roles.agent.approve.points.adjust.at_most: found -1",
    ]
    text = (tmp_path / "staff.yaml").read_text().replace("at_most: -1", "at_most: 1")
    (tmp_path / "staff.yaml").write_text(text)
    with pytest.raises(ProgramInvalid) as invalid:
        read_roles(tmp_path)
    assert [str(problem).split("; allowed")[0] for problem in invalid.value.problems] == [
        "staff.yaml:1:31: step_up.acts[0]: there is no act tier.grand",
        "staff.yaml:2:24: groups.desk[1]: there is no role agnt",
        "staff.yaml:8:18: roles.agent.may.note.add.at_most: note.add has no size, so it takes no limit",
        "staff.yaml:9:7: roles.agent.may.note.ad: there is no act note.ad",
    ]
    (tmp_path / "staff.yaml").unlink()
    with pytest.raises(ProgramInvalid):
        read_roles(tmp_path)


def matrix() -> Iterator[tuple[str, str, str]]:
    for role, about in ROLES.file.roles.items():
        for act in ACTS:
            yield role, act, "yes" if act in about.may else "ask" if act in about.ask else "no"


def test_each_role_may_do_what_the_file_says_and_nothing_else() -> None:
    for role, act, least in matrix():
        assert ROLES.may([role], act, 0) == least, (role, act)
        assert ROLES.approves([role], act, 0) == (act in ROLES.file.roles[role].approve), (role, act)
    assert {ROLES.may([], act) for act in ACTS} == {ROLES.may(["gone"], act) for act in ACTS} == {"no"}


def test_limits_hold_to_the_last_piece_and_several_roles_have_the_widest() -> None:
    for role, about in ROLES.file.roles.items():
        for act, limit in about.may.items():
            assert ROLES.limit([role], act) == (limit.at_most if limit else None)
            if limit is not None:
                assert ROLES.may([role], act, limit.at_most) == "yes"
                assert ROLES.may([role], act, limit.at_most + 1) == ("ask" if act in about.ask else "no"), (role, act)
    both = ["agent", "supervisor"]
    for act in ACTS:
        limits = [ROLES.limit([role], act) for role in both]
        assert ROLES.limit(both, act) == (None if None in limits else max(limit for limit in limits if limit is not None))
    assert ROLES.limit(["auditor"], "points.adjust") == -1


def test_auditors_read_everything_and_change_nothing() -> None:
    may = {act for act in ACTS if ROLES.may(["auditor"], act, 0) != "no"}
    assert may == {act for act in ACTS if act.endswith(".read")} | {"audit.export"}
    assert not any(ROLES.approves(["auditor"], act) for act in ACTS)


def test_all_that_may_be_asked_for_can_be_approved_by_someone() -> None:
    for role, about in ROLES.file.roles.items():
        for act, limit in about.ask.items():
            size = limit.at_most if limit else 10**12
            assert any(ROLES.approves([other], act, size) for other in ROLES.file.roles), (role, act)


def test_names_stand_in_three_languages_and_groups_give_roles(tmp_path: Path) -> None:
    assert {tuple(sorted(names)) for names in ROLES.names().values()} == {("en", "zh_Hans", "zh_Hant")}
    text = (ROOT / "config" / "staff.yaml").read_text(encoding="utf-8")
    given = text.replace("groups: {}", "groups: {desk: [supervisor, agent], books: [finance]}", 1)
    (tmp_path / "staff.yaml").write_text(given, encoding="utf-8")
    assert read_roles(tmp_path).of_groups(["books", "desk", "other"]) == ["agent", "supervisor", "finance"]


# --- people -----------------------------------------------------------------------------------------------------


@pytest.fixture
def house(deploy: Callable[..., Deployment]) -> Deployment:
    return deploy()


def hired(house: Deployment, name: str = "Ann@House.example", *roles: str, by: Actor = SHELL) -> tuple[Staff, str]:
    with house.store.transaction() as session:
        return people.add(session, ROLES, by, people.Hired(name, "Ann", roles or ("agent",)), NOON)


def test_who_is_added_has_a_password_told_once_and_leaves_a_line(house: Deployment) -> None:
    staff, password = hired(house)
    assert (staff.name, staff.password_at, people.held(staff)) == ("ann@house.example", None, ["agent"])
    assert passwords.matches(staff.password, password) and password not in staff.password
    for name, code in (
        ("ann@HOUSE.example", "staff_exists"),
        ("ann", "bad_field"),
        (f"{'a' * 60}@{'b' * 60}.example", "bad_field"),
    ):
        with pytest.raises(Refused) as refusal:
            hired(house, name)
        assert refusal.value.code == code
    with pytest.raises(Refused) as refusal:
        hired(house, "bob@house.example", "agnt")
    assert (refusal.value.code, refusal.value.fields["nearest"]) == ("unknown_role", " Did you mean agent?")
    with house.store.reading() as session:
        (line,) = session.scalars(select(AuditLine)).all()
    assert (line.act, line.actor, json.loads(line.what)["after"]) == ("staff.add", "command", {"roles": ["agent"]})
    assert password not in line.what


def test_roles_change_but_never_ones_own_and_who_has_ended_is_out(house: Deployment) -> None:
    staff, _ = hired(house)
    ann = people.actor(staff)
    with house.store.transaction() as session:
        assert people.change_roles(session, ROLES, SHELL, staff.name, ["supervisor"], "promoted", NOON)
        assert not people.change_roles(session, ROLES, SHELL, staff.name, ["supervisor"], "again", NOON)
    with house.store.transaction() as session, pytest.raises(Refused) as refusal:
        people.change_roles(session, ROLES, ann, staff.name, ["administrator"], "me", NOON)
    assert refusal.value.code == "own_roles"
    with house.store.transaction() as session:
        token = begin_staff(session, staff.staff_id, "password", NOON)
    with house.store.transaction() as session:
        people.end(session, ROLES, SHELL, staff.name, "left the house", NOON)
    with house.store.transaction() as session:
        assert staff_viewer(session, token, NOON) is None
        assert people.try_staff(session, staff.name, NOON).password == ""
        with pytest.raises(Refused) as refusal:
            people.staff_named(session, staff.name)
    assert refusal.value.code == "staff_ended"
    with house.store.reading() as session:
        assert session.scalars(select(AuditLine.act).order_by(AuditLine.n)).all() == ["staff.add", "staff.roles", "staff.end"]


def test_a_sign_in_of_staff_ends_after_half_an_hour_and_in_any_case_after_twelve(house: Deployment) -> None:
    staff, _ = hired(house)
    with house.store.transaction() as session:
        token = begin_staff(session, staff.staff_id, "password", NOON, "192.0.2.7")
        other = begin_staff(session, staff.staff_id, "password", NOON)
    at = NOON
    with house.store.transaction() as session:
        assert staff_viewer(session, token + "x", at) is None
        while at < NOON + LONGEST - IDLE:
            viewer = staff_viewer(session, token, at)
            assert viewer is not None and viewer.actor == Actor("staff", staff.name, staff.staff_id, "192.0.2.7")
            note_staff_use(session, viewer, at)
            assert staff_viewer(session, token, at + IDLE) is None
            at += IDLE - timedelta(minutes=1)
        assert staff_viewer(session, other, NOON + IDLE) is None
        note_staff_use(session, viewer, NOON + LONGEST - timedelta(minutes=1))
        assert staff_viewer(session, token, NOON + LONGEST) is None
        assert end_sign_ins(session, staff.staff_id, at, but=viewer.sign_in_id) == 1
        assert [one.ended_at for one in staff_sign_ins(session, staff.staff_id)].count(None) == 1


def test_a_dangerous_act_takes_a_second_step_of_the_last_ten_minutes(house: Deployment) -> None:
    staff, _ = hired(house)
    roles: Roles = house.roles
    with house.store.transaction() as session:
        token = begin_staff(session, staff.staff_id, "password", NOON)

        def steps(act: str, minutes: int) -> str:
            viewer = staff_viewer(session, token, NOON)
            assert viewer is not None
            try:
                fresh_step(roles, viewer, act, NOON + timedelta(minutes=minutes))
            except Refused as refusal:
                return refusal.code
            return "fresh"

        assert (steps("tier.grant", 0), steps("note.add", 0)) == ("step_up_needed", "fresh")
        note_step(session, people_sign_in(session, staff), NOON)
        session.expire_all()
        assert (steps("tier.grant", 10), steps("tier.grant", 11)) == ("fresh", "step_up_needed")


def people_sign_in(session: object, staff: Staff) -> int:
    (signed,) = staff_sign_ins(session, staff.staff_id)  # type: ignore[arg-type]
    return signed.sign_in_id


def test_wrong_passwords_lock_a_name_of_staff_and_a_code_works_once(house: Deployment) -> None:
    staff, password = hired(house)
    for _ in range(FREE):
        with house.store.transaction() as session:
            tried = people.try_staff(session, staff.name, NOON)
            people.judge_staff(session, tried, passwords.matches(tried.password, "wrong"), "wrong")
    with house.store.transaction() as session:
        tried = people.try_staff(session, staff.name, NOON)
        assert tried.counted.locked and not passwords.matches(tried.password, password)
        later = people.try_staff(session, staff.name, NOON + timedelta(hours=1))
        assert passwords.matches(later.password, password)
        people.judge_staff(session, later, True, password)
        assert people.use_step(session, staff.staff_id, 100)
        assert not people.use_step(session, staff.staff_id, 100) and not people.use_step(session, staff.staff_id, 99)
