"""Members of every scenario are told everything in Chinese, with no English word left; so are the ladders of three programs."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.benefits.asked import asked_of
from loyalty.benefits.queues import queues_told
from loyalty.benefits.reasons import STATES, sentence
from loyalty.benefits.tables import Request, Service
from loyalty.benefits.telling import requests_told
from loyalty.benefits.told import benefits_of
from loyalty.earning.queries import explained_entries, steps_in_words
from loyalty.i18n import Language, translated
from loyalty.jobs.deployment import Deployment, find_program
from loyalty.jobs.scenarios import play
from loyalty.ledger.queries import balances
from loyalty.members.tables import Member
from loyalty.program import earning_words, ladder_words, promise_words, request_words
from loyalty.program.benefit_words import telling
from loyalty.program.chart_told import chart_told
from loyalty.program.load import Edition, Program
from loyalty.program.scenarios import Scenario, scenarios_of
from loyalty.program.words import words_of
from loyalty.settings import Settings
from loyalty.status.ladder import rules_of
from loyalty.status.queries import Account, account_read, facts_of, histories
from loyalty.status.rewards import awards_of
from loyalty.status.told import told_of

SETTINGS = Settings()
#: The programs with texts in Chinese.
PROGRAMS = ("skyway", "air-china", "cmb-bank")
CHINESE = ("zh_Hans", "zh_Hant")
SCENARIOS = [
    pytest.param(name, scenario, id=f"{name}: {scenario.name}")
    for name in PROGRAMS
    for scenario in scenarios_of(SETTINGS.config_folder / "programs" / name)
]
#: A run of letters this long is a word.
WORD = re.compile(r"[A-Za-z]{4,}")


def left_over(texts: Iterable[str], language: str, program: Program, typed: Iterable[str] = ()) -> set[str]:
    """The English words in texts, but for those that the program itself has in that language, and what people typed.

    Where a program has no text in a language, its English one is told: it is allowed by that.
    """
    allowed = words_in([*own_texts(program, language), *typed])
    return words_in(texts) - allowed


def words_in(texts: Iterable[str]) -> set[str]:
    return {word.lower() for text in texts for word in WORD.findall(text)}


def own_texts(program: Program, language: str) -> list[str]:
    return _own_texts(program.id, language)


@cache
def _own_texts(name: str, language: str) -> list[str]:
    program = find_program(SETTINGS, name)
    parts: list[Any] = [program.file, *(part for edition in program.editions for part in _files(edition))]
    return [text for part in parts for text in _texts(part.model_dump(), translated(language))]


def _files(edition: Edition) -> tuple[Any, ...]:
    return edition.units, edition.activities, edition.earning, edition.ladder, edition.benefits, edition.requests


def _texts(value: Any, language: Language) -> Iterator[str]:
    """Every text of a file as a language tells it: a block with English in it is one."""
    if isinstance(value, Mapping):
        if isinstance(value.get("en"), str):
            yield language.own(value)
        else:
            for inner in value.values():
                yield from _texts(inner, language)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner, language)


def rules_told(edition: Edition, code: str) -> Iterator[str]:
    """All that an edition is in words."""
    words, told = words_of(edition, translated(code)), telling(edition.chart, edition.head, code)
    yield from map(words.whole, words.ladder.tiers)
    yield from ladder_words.lines(words)
    yield from earning_words.lines(edition, words)
    yield promise_words.totals(told, words)
    yield from promise_words.alike(told, words)
    yield from promise_words.lines(told, words)
    yield from request_words.lines(edition.requests, told, words)
    for category in chart_told(told)["categories"]:
        for benefit in category["benefits"]:
            yield from (*benefit["words"].values(), *benefit["notes"])


@pytest.mark.parametrize("language", CHINESE)
@pytest.mark.parametrize("name", PROGRAMS)
def test_what_a_program_promises_is_told_in_chinese(name: str, language: str) -> None:
    program = find_program(SETTINGS, name)
    for edition in program.editions:
        told = list(rules_told(edition, language))
        assert left_over(told, language, program) == set()
        assert told != list(rules_told(edition, "en"))


# --- members ----------------------------------------------------------------------------------------------------


def member_told(session: Session, program: Program, member: Member, day: date, code: str) -> Iterator[str]:
    """All that a member is told in words on a day."""
    language = translated(code)
    account = _account(session, member)
    history = histories(session, rules_of(program), [account])[account.member_id]
    sums = balances(session, account.member_id, day + timedelta(days=1))
    awards = awards_of(session, [account.member_id]).get(account.member_id, [])
    data = told_of(program, account, history, facts_of(session, account.member_id), sums, day, awards, language).data
    yield from _status(data)
    yield from _benefits(session, program, member, day, code)
    for request in requests_told(session, member.member_id, language):
        yield from (request["why"], request["passed_why"] or "", *(line["why"] for line in request["log"]))
    for entry in explained_entries(session, program, member, None, language):
        yield from (steps_in_words(entry.steps, language), entry.reason, entry.name, entry.unit_name)


def _account(session: Session, member: Member) -> Account:
    account = account_read(session, member.number)
    assert account is not None
    return account


def _status(data: Mapping[str, Any]) -> Iterator[str]:
    for span in [*data["timeline"], *([data["next"]] if data["next"] else [])]:
        yield from (span["name"], span["reason"])
    for way in data["ways"]:
        yield from (way["name"], *(guard["words"] for guard in way["guards"]))
    for award in data["awards"]:
        yield from (award["name"], *(gift["name"] for gift in award["gifts"]))


def _benefits(session: Session, program: Program, member: Member, day: date, code: str) -> Iterator[str]:
    has = benefits_of(session, program, _account(session, member), day, code)
    yield from (has.tier_name, *has.adds)
    for one in has.chart:
        yield from (one.name, one.parameter or "", one.words)
    for right in has.rights:
        yield from (right.name, right.reason)
    for choice in has.choices:
        yield from (choice.name, *(text for option in choice.options for text in (option.name, option.gives)))


def typed_in(steps: Any) -> Iterator[str]:
    """Every text of a scenario: what people typed may be told again as it stands."""
    if isinstance(steps, Mapping):
        for name, value in steps.items():
            yield from (str(name), *typed_in(value))
    elif isinstance(steps, list | tuple):
        for one in steps:
            yield from typed_in(one)
    else:
        yield str(steps)


@pytest.mark.parametrize(("name", "scenario"), SCENARIOS)
def test_a_member_is_told_everything_in_chinese(deploy: Callable[..., Deployment], name: str, scenario: Scenario) -> None:
    deployment = deploy(name)
    program = deployment.program
    with deployment.store.transaction() as session:
        play(session, program, scenario)
        members = session.scalars(select(Member)).all()
        day = last_day(session, scenario)
        # the stage numbers the members, and names who acts and who approves
        typed = [*typed_in(scenario.steps), *(member.number for member in members), "scenario", "supervisor"]
        for code in CHINESE:
            texts = [text for member in members for text in member_told(session, program, member, day, code)]
            texts += list(queues(session, deployment, code))
            assert left_over(texts, code, program, typed) == set(), texts
            assert texts


def last_day(session: Session, scenario: Scenario) -> date:
    """The last day that the scenario names, or on which somebody joined."""
    days = [date.fromisoformat(day) for text in typed_in(scenario.steps) for day in re.findall(r"\d{4}-\d{2}-\d{2}", text)]
    joined = session.scalar(select(func.max(Member.enrolled_on)))
    return max([*days, *([joined] if joined else [])])


def queues(session: Session, deployment: Deployment, code: str) -> Iterator[str]:
    """The queues of every service as they stand at its last change."""
    for service in session.scalars(select(Service)).all():
        at = session.scalar(select(func.max(Request.requested_at)).where(Request.service_id == service.service_id))
        if at is not None:
            told = queues_told(session, deployment.program, service, at, translated(code))
            for place in (place for places in told.values() for place in places):
                yield from (place["tier"], place["queue"], place["why"])
                yield from (text for key, value in place["keys"].items() if "UTC" not in value for text in (key, value))


# --- details and states -----------------------------------------------------------------------------------------


def test_details_kept_as_words_before_are_still_readable() -> None:
    """An entry of the log that was kept with English words and local times tells them as they are."""
    old = '{"opens_at":"2026-06-06 18:00","tier":"Gold"}'
    assert sentence("window_not_open", old) == "It may be confirmed from 2026-06-06 18:00, the time of Gold."
    assert "2026-06-06 18:00" in sentence("window_not_open", old, translated("zh_Hans"))


def test_states_have_a_name_in_each_language() -> None:
    for code in CHINESE:
        names = [translated(code).told(state) for state in STATES.values()]
        assert len(set(names)) == len(names) and not words_in(names)


def test_skyway_has_names_for_its_fields() -> None:
    """Every field of its activities, services and requests, and each value that is a word."""
    for edition in find_program(SETTINGS, "skyway").editions:
        fields = [about for kind in edition.activities.activities.values() for about in kind.fields.values()]
        fields += [about for kind in edition.requests.services.values() for about in kind.fields.values()]
        fields += [about for asked in asked_of(edition).values() for about in asked.kind.fields.values()]
        assert [about for about in fields if about.name is None] == []
        assert [word for about in fields for word in about.one_of or () if len(word) > 3 and word not in about.names] == []
        assert [name for name, one in edition.head.members.attributes.items() if one.name is None] == []
