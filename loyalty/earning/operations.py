"""Verbs on activity: record, reverse, correct. Each activity is judged once, into entries that stay."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.clock import day_of, instant_at
from loyalty.earning.rules import Reading, Used, cap_window, judge, read_fields, read_some
from loyalty.earning.tables import Activity, Reversal
from loyalty.earning.tiers import OpeningTiers
from loyalty.errors import Refused
from loyalty.keys import digest, dumps
from loyalty.ledger.operations import Row, post, undo
from loyalty.ledger.tables import Entry
from loyalty.members.rules import attribute_values
from loyalty.program.load import Edition, Program
from loyalty.program.problems import listed, nearest
from loyalty.program.steps import CompiledKind
from loyalty.status.queries import Account
from loyalty.store import among, insert, pairs

COLUMNS = ("member_id", "activity_id", "source", "key", "version", "kind", "on", "posted_at", "fields", "input_hash",
           "edition", "tier")  # fmt: skip


@dataclass(frozen=True)
class Report:
    """An activity as reported: its kind, the source and the source's key for it, its day, its fields.

    `posted_on` is stated only when history is loaded: the day on which the activity was known then; else it is today.
    """

    kind: str
    source: str
    key: str
    on: date
    fields: Mapping[str, Any]
    posted_on: date | None = None


@dataclass(slots=True)
class Outcome:
    """What became of a report: entries posted, the same known already, or refused."""

    report: Report
    activity_id: int = 0
    rows: list[Row] = field(default_factory=list)
    repeated: bool = False
    refusal: Refused | None = None


@dataclass(slots=True)
class _Item:
    """A report on its way to entries."""

    account: Account
    outcome: Outcome
    edition: Edition
    kind: CompiledKind
    reading: Reading
    posted_on: date
    input_hash: int
    version: int = 1

    @property
    def report(self) -> Report:
        return self.outcome.report


def record(
    session: Session, program: Program, reports: Sequence[tuple[Account, Report]], now: datetime, version: int = 1
) -> list[Outcome]:
    """Judge and post activities of locked accounts, each in the order of its posting day; one outcome for each report.

    The key of (member, source, key) guards each: the same input again is `repeated`, another input is refused. A refused
    report posts nothing and stops no other. Refusals: `unknown_kind`, `unknown_field`, `missing_field`, `bad_field`,
    `edition_missing`, `activity_in_future`, `activity_before_enrolment`, `activity_after_leaving`, `key_reused`.
    """
    outcomes = [Outcome(report) for _, report in reports]
    intake = _Intake(program, day_of(now, program.zone))
    items = []
    for (account, _), outcome in zip(reports, outcomes, strict=True):
        try:
            items.append(intake.item(account, outcome, version))
        except Refused as refusal:
            outcome.refusal = refusal
    fresh = _not_yet_known(session, items)
    _post(session, program, fresh, now)
    return outcomes


def record_one(session: Session, program: Program, account: Account, report: Report, now: datetime) -> Outcome:
    """Record one activity. Raises what `record` refuses."""
    (outcome,) = record(session, program, [(account, report)], now)
    if outcome.refusal is not None:
        raise outcome.refusal
    return outcome


def examine(program: Program, account: Account, report: Report, now: datetime) -> None:
    """Check what is told of an activity, recording nothing; fields that are not told may be missing.

    Raises what `record` refuses of a report by itself, but for `missing_field`.
    """
    edition, kind = _Intake(program, day_of(now, program.zone)).rules(account, report)
    read_some(edition, kind, report.fields)


class _Intake:
    """Reports checked and read, with the edition of each day looked up once."""

    def __init__(self, program: Program, today: date) -> None:
        self.program, self.today = program, today
        self.editions: dict[date, Edition] = {}

    def item(self, account: Account, outcome: Outcome, version: int) -> _Item:
        """A report on its way. Raises what `record` refuses of a report by itself."""
        report = outcome.report
        edition, kind = self.rules(account, report)
        reading = read_fields(edition, kind, report.fields)
        told = digest(report.kind, report.on.isoformat(), reading.kept)
        outcome.activity_id = activity_id(report.source, report.key, version)
        posted_on = self.today if report.posted_on is None else min(report.posted_on, self.today)
        return _Item(account, outcome, edition, kind, reading, posted_on, told, version)

    def rules(self, account: Account, report: Report) -> tuple[Edition, CompiledKind]:
        """The rules that judge a report. Raises what `record` refuses of its kind and its day."""
        on = report.on
        edition = self.editions.get(on) or self._edition(on)
        kind = edition.kinds.get(report.kind)
        if kind is None:
            hint = nearest(report.kind, edition.kinds)
            raise Refused("unknown_kind", kind=report.kind, allowed=listed(edition.kinds), nearest=hint)
        if edition.activities.outside_membership == "refuse":
            _within(account, on)
        return edition, kind

    def _edition(self, on: date) -> Edition:
        edition = self.program.edition_on(on)
        if edition is None:
            raise Refused("edition_missing", program=self.program.id, on=on, first=self.program.editions[0].begins)
        if on > self.today:
            raise Refused("activity_in_future", on=on, today=self.today)
        self.editions[on] = edition
        return edition


def _within(account: Account, on: date) -> None:
    if on < account.enrolled_on:
        raise Refused("activity_before_enrolment", on=on, enrolled_on=account.enrolled_on)
    if account.left_on is not None and on >= account.left_on:
        raise Refused("activity_after_leaving", on=on, left_on=account.left_on)


def activity_id(source: str, key: str, version: int = 1) -> int:
    """The identity of an activity within its member."""
    return digest("activity", source, key, str(version))


# --- keys -------------------------------------------------------------------------------------------------------


def _not_yet_known(session: Session, items: list[_Item]) -> list[_Item]:
    """The items to post; those known already are marked repeated, or refused where their input is another."""
    if not items:
        return []
    known = _known(session, [(item.account.member_id, item.outcome.activity_id) for item in items])
    fresh = []
    for item in items:
        key = (item.account.member_id, item.outcome.activity_id)
        if key not in known:
            known[key] = item.input_hash
            fresh.append(item)
        elif known[key] == item.input_hash or _later_version(session, item):
            item.outcome.repeated = True
        else:
            item.outcome.refusal = Refused("key_reused", key=item.report.key, source=item.report.source)
    return fresh


def _known(session: Session, keys: list[tuple[int, int]]) -> dict[tuple[int, int], int]:
    table, wanted = Activity.__table__, pairs(session, keys)
    match = (table.c.member_id == wanted.c.a) & (table.c.activity_id == wanted.c.b)
    rows = session.execute(select(table.c.member_id, table.c.activity_id, table.c.input_hash).join(wanted, match))
    return {(member_id, known_id): told for member_id, known_id, told in rows}


def _later_version(session: Session, item: _Item) -> bool:
    """Whether a correction of the activity has stated this very input."""
    current = _current(session, item.account, item.report.source, item.report.key)
    return current is not None and current.version > 1 and current.input_hash == item.input_hash


def _current(session: Session, account: Account, source: str, key: str) -> Activity | None:
    """The newest version of an activity, reversed or not."""
    found, version = None, 1
    while (row := session.get(Activity, (account.member_id, activity_id(source, key, version)))) is not None:
        found, version = row, version + 1
    return found


# --- posting ----------------------------------------------------------------------------------------------------


def _post(session: Session, program: Program, items: list[_Item], now: datetime) -> None:
    if not items:
        return
    tiers = OpeningTiers(session, program, [(item.account, item.posted_on) for item in items if item.kind.asks_tier])
    used = _used(session, items)
    attributes = _Attributes(program)
    today = day_of(now, program.zone)
    stamps: dict[date, datetime] = {today: now}
    activities, entries = [], []
    for item in sorted(items, key=lambda item: item.posted_on):
        report, account = item.report, item.account
        stamp = stamps.get(item.posted_on)
        if stamp is None:
            stamp = stamps[item.posted_on] = instant_at(item.posted_on, time(12), program.zone)
        tier = tiers.of(account, item.posted_on, report.on) if item.kind.asks_tier else ""
        ranks = item.edition.ranks
        case = (item.reading.values, ranks.get(tier, 0), attributes.of(account))
        earned = judge(item.kind, case, report.on, used.setdefault(account.member_id, {}))
        item.outcome.rows = [
            (account.member_id, item.outcome.activity_id, n, line.unit, amount, report.on, item.posted_on, stamp, "earn",
             "issuance", line.id, None, None if before is None else dumps({"used": before}))
            for n, (line, amount, before) in enumerate(earned)
        ]  # fmt: skip
        if item.kind.asks_tier:
            tiers.learn(account, item.outcome.rows)
        entries += item.outcome.rows
        activities.append(
            (account.member_id, item.outcome.activity_id, report.source, report.key, item.version, report.kind, report.on,
             stamp, item.reading.kept, item.input_hash, item.edition.begins, tier)
        )  # fmt: skip
        account.due(item.posted_on)
    insert(session, Activity, COLUMNS, activities)
    post(session, entries)


class _Attributes:
    """Members' attribute values as rules see them, read once for each spelling."""

    def __init__(self, program: Program) -> None:
        self.known = program.file.members.attributes
        self.seen: dict[str, tuple[Any, ...]] = {}

    def of(self, account: Account) -> tuple[Any, ...]:
        values = self.seen.get(account.attributes)
        if values is None:
            values = self.seen[account.attributes] = attribute_values(self.known, account.attributes)
        return values


def _used(session: Session, items: list[_Item]) -> dict[int, Used]:
    """What capped lines have given each member already, by window."""
    capped = {line.id: line.cap for item in items for line in item.kind.caps if line.cap}
    if not capped:
        return {}
    ids = sorted({item.account.member_id for item in items if item.kind.caps})
    table = Entry.__table__
    rows = session.execute(
        select(table.c.member_id, table.c.line, table.c.on, table.c.amount).where(
            among(session, table.c.member_id, ids), table.c.line.in_(capped)
        )
    )
    found: dict[int, Used] = {}
    for member_id, line, on, amount in rows:
        used = found.setdefault(member_id, {})
        key = (line, cap_window(capped[line], on))
        used[key] = used.get(key, 0) + amount
    return found


# --- undoing ----------------------------------------------------------------------------------------------------


def reverse(
    session: Session, program: Program, account: Account, source: str, key: str, reason: str, now: datetime,
    corrected: bool = False, posted_on: date | None = None,
) -> bool:  # fmt: skip
    """Undo all entries of an activity by new ones, counted for the same days; False where that was done before.

    Raises Refused: `unknown_activity` where the member has no activity with this key.
    """
    activity = _current(session, account, source, key)
    if activity is None:
        raise Refused("unknown_activity", number=account.number, source=source, key=key)
    identity = (account.member_id, activity.activity_id)
    if session.get(Reversal, identity) is not None:
        return False
    day = posted_on or day_of(now, program.zone)
    stamp = now if posted_on is None else instant_at(posted_on, time(12), program.zone)
    session.add(Reversal(member_id=identity[0], activity_id=identity[1], posted_at=stamp, corrected=corrected, reason=reason))
    session.flush()
    undo(session, {identity: day}, stamp)
    account.due(day)
    return True


def correct(session: Session, program: Program, account: Account, report: Report, reason: str, now: datetime) -> Outcome:
    """Put another input under an activity's key: the old version is reversed, the new one judged, in one transaction.

    The input that stands already is `repeated`. A reversed activity comes back with its correction. Raises Refused as
    `record` and `reverse` do; then neither has happened.
    """
    current = _current(session, account, report.source, report.key)
    if current is None:
        raise Refused("unknown_activity", number=account.number, source=report.source, key=report.key)
    reversed_already = session.get(Reversal, (account.member_id, current.activity_id)) is not None
    trial = _Intake(program, day_of(now, program.zone)).item(account, Outcome(report), current.version)
    if trial.input_hash == current.input_hash and not reversed_already:
        return Outcome(report, current.activity_id, repeated=True)
    if not reversed_already:
        reverse(session, program, account, report.source, report.key, reason, now, True, report.posted_on)
    (outcome,) = record(session, program, [(account, report)], now, current.version + 1)
    if outcome.refusal is not None:
        raise outcome.refusal
    return outcome
