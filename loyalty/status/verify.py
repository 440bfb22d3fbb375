"""The proof of the cache: folded again from the entries, it must say the same."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date

from sqlalchemy.orm import Session

from loyalty.ledger.queries import booked_by
from loyalty.program.load import Program
from loyalty.status import waypoints
from loyalty.status.awards import KINDS, Sheet
from loyalty.status.booked import Booked
from loyalty.status.claims import Span
from loyalty.status.compiled import Rules
from loyalty.status.evidence import evidence
from loyalty.status.folds import Fold
from loyalty.status.ladder import rules_of
from loyalty.status.operations import fold_for
from loyalty.status.queries import Account, histories, read_stretch, spans_of
from loyalty.status.rewards import awards_of
from loyalty.status.windows import FAR


def differences(session: Session, program: Program, first: int, last: int) -> tuple[int, list[tuple[int, str]]]:
    """How many members of a stretch were folded, and where the cached timeline or standing is not what the fold says.

    A member is folded with what was known on the day of the last fold; facts that are due to be folded are no difference.
    """
    rules = rules_of(program)
    accounts = [account for account in read_stretch(session, first, last) if _folded_up(account)]
    known = histories(session, rules, accounts, whole=True)
    cached = spans_of(session, [account.member_id for account in accounts])
    given = _Given(session, program, rules, [account.member_id for account in accounts])
    found, folded = [], []
    for account in accounts:
        assert account.folded_on is not None
        fold = fold_for(rules, account, known[account.member_id], account.folded_on)
        folded.append((account, known[account.member_id], fold.spans))
        rows = [tuple(row)[2:] for row in cached.get(account.member_id, [])]
        wanted = [_row(rules, span) for span in fold.spans]
        if rows != wanted:
            found.append((account.member_id, f"the cached timeline is {_told(rows)}; folded: {_told(wanted)}"))
        found += [(account.member_id, f"the standing is {was}; folded: {is_}") for was, is_ in _standing(rules, account, fold)]
        found += [(account.member_id, what) for what in given.differences(account, fold)]
    return len(accounts), [*found, *waypoints.wrong(session, program, folded)]


class _Given:
    """What a stretch of members was given beside tiers, and what the books say of it."""

    def __init__(self, session: Session, program: Program, rules: Rules, ids: list[int]) -> None:
        self.program, self.rules = program, rules
        self.rows = awards_of(session, ids) if rules.rewards else {}
        self.booked = booked_by(session, ids, KINDS) if rules.rewards else {}

    def differences(self, account: Account, fold: Fold) -> Iterator[str]:
        """Awards that are missing or superfluous, and those whose entries are not what they gave."""
        rows = self.rows.get(account.member_id, [])
        yield from (step.what for step in Sheet(self.program, self.rules, account.member_id, account.number, rows).steps(fold))
        wanted, booked = _units(rows), self.booked.get(account.member_id, {})
        for cause, unit in sorted(wanted.keys() | booked.keys()):
            sums = (booked.get((cause, unit), 0), wanted.get((cause, unit), 0))
            if sums[0] != sums[1]:
                yield f"award {cause} has booked {sums[0]} {unit}, it gave {sums[1]}"


def _units(rows: Sequence[Booked]) -> Counter[tuple[int, str]]:
    """(cause, unit) -> the amount that awards gave, those taken back apart."""
    given: Counter[tuple[int, str]] = Counter()
    for row in rows:
        for gift in row.gifts if row.withdrawn_on is None else ():
            if "unit" in gift:
                given[row.cause_id, gift["unit"]] += gift["amount"]
    return given


def _standing(rules: Rules, account: Account, fold: Fold) -> Iterator[tuple[object, object]]:
    """What the standing says and what the fold says, where they differ. Looking again too early does no harm, too late does."""
    kept = (account.tier, account.opening, account.begins, account.until, account.source, account.spans)
    if kept != fold.standing(rules):
        yield _listed(kept), _listed(fold.standing(rules))
    if fold.review_on is not None and (account.review_on is None or account.review_on > fold.review_on):
        yield f"looked at again on {account.review_on or 'no day'}", f"on {fold.review_on}"


def _listed(kept: tuple[object, ...]) -> str:
    tier, opening, begins, until, source, spans = kept
    return f"{tier} from {begins} until {until or 'ever'}, {source}, opened as {opening}, {spans} spans"


def _folded_up(account: Account) -> bool:
    """Whether the last fold knew all there was on its day; else the member is due, and its cache may be behind."""
    return account.folded_on is not None and (account.review_on is None or account.review_on > account.folded_on)


def _row(rules: Rules, span: Span) -> tuple[object, ...]:
    return (
        date.fromordinal(span.begins), _day(span.until), _day(span.hold.until), rules.tiers[span.rank],
        rules.tiers[span.opening], span.hold.source, evidence(rules, span.hold),
    )  # fmt: skip


def _day(ordinal: int) -> date | None:
    return None if ordinal >= FAR else date.fromordinal(ordinal)


def _told(rows: list[tuple[object, ...]]) -> str:
    return "; ".join(f"{row[3]} from {row[0]} until {row[1] or 'ever'}" for row in rows) or "nothing"
