"""The proof of the cache: folded again from the entries, it must say the same."""

from datetime import date

from sqlalchemy.orm import Session

from loyalty.program.load import Program
from loyalty.status.claims import History, Span, known_through, standing_on
from loyalty.status.evidence import evidence
from loyalty.status.ladder import Rules, rules_of
from loyalty.status.queries import Account, histories, lock_stretch, spans_of
from loyalty.status.timeline import timeline
from loyalty.status.windows import FAR


def differences(session: Session, program: Program, first: int, last: int) -> tuple[int, list[tuple[int, str]]]:
    """How many members of a stretch were folded, and where the cached timeline or standing is not what the fold says.

    A member is folded with what was known on the day of the last fold; facts that are due to be folded are no difference.
    """
    rules = rules_of(program)
    accounts = [account for account in lock_stretch(session, first, last, None) if _folded_up(account)]
    known = histories(session, rules, accounts, whole=True)
    cached = spans_of(session, [account.member_id for account in accounts])
    found = []
    for account in accounts:
        spans = _folded(rules, account, known[account.member_id])
        rows = [tuple(row)[2:] for row in cached.get(account.member_id, [])]
        wanted = [_row(rules, span) for span in spans]
        if rows != wanted:
            found.append((account.member_id, f"the cached timeline is {_told(rows)}; folded: {_told(wanted)}"))
        held = standing_on(spans, account.folded_on.toordinal()) if account.folded_on else None
        tier = rules.tiers[held.rank] if held else None
        if tier != account.tier:
            found.append((account.member_id, f"the standing is {account.tier}; folded: {tier}"))
    return len(accounts), found


def _folded_up(account: Account) -> bool:
    """Whether the last fold knew all there was on its day; else the member is due, and its cache may be behind."""
    return account.folded_on is not None and (account.review_on is None or account.review_on > account.folded_on)


def _folded(rules: Rules, account: Account, history: History) -> tuple[Span, ...]:
    assert account.folded_on is not None
    return timeline(rules, known_through(history, account.folded_on.toordinal())[0])


def _row(rules: Rules, span: Span) -> tuple[object, ...]:
    return (
        date.fromordinal(span.begins), _day(span.until), _day(span.hold.until), rules.tiers[span.rank],
        rules.tiers[span.opening], span.hold.source, evidence(rules, span.hold),
    )  # fmt: skip


def _day(ordinal: int) -> date | None:
    return None if ordinal >= FAR else date.fromordinal(ordinal)


def _told(rows: list[tuple[object, ...]]) -> str:
    return "; ".join(f"{row[3]} from {row[0]} until {row[1] or 'ever'}" for row in rows) or "nothing"
