"""The tier that activity is judged with: that with which its day opened, as known before the day it was posted on."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from loyalty.ledger.operations import Row
from loyalty.program.load import Program
from loyalty.status.claims import Entry, History
from loyalty.status.ladder import rules_of
from loyalty.status.queries import Account, histories, opening_tier, spans_of
from loyalty.status.timeline import Walk


class OpeningTiers:
    """Opening tiers of many members, for activities asked for in the order of their posting days.

    Where a member's standing is folded up to the posting day, the cached timeline answers. Where it is not (history is
    loaded day by day), the member's fold is walked along here.
    """

    def __init__(self, session: Session, program: Program, asked: Sequence[tuple[Account, date]]) -> None:
        self.program = program
        days: dict[int, set[date]] = {}
        accounts = {}
        for account, day in asked:
            accounts[account.member_id] = account
            days.setdefault(account.member_id, set()).add(day)
        walked = [account for account in accounts.values() if _behind(account, days[account.member_id])]
        self.rules = rules_of(program)
        self.walks = {
            member_id: Walked(self.rules, history) for member_id, history in histories(session, self.rules, walked).items()
        }
        self.session = session
        self.others = [member_id for member_id in accounts if member_id not in self.walks]
        self.spans: dict[int, list[Any]] | None = None

    def of(self, account: Account, posted_on: date, on: date) -> str:
        """The tier with which day `on` opened."""
        walk = self.walks.get(account.member_id)
        if walk is not None:
            return self.program.tiers[walk.rank(posted_on.toordinal(), on.toordinal())]
        if account.begins is not None and account.begins <= on and (account.review_on is None or on < account.review_on):
            return str(account.opening if on == account.begins else account.tier)
        if self.spans is None:
            self.spans = spans_of(self.session, self.others)
        return opening_tier(self.spans.get(account.member_id, ()), on, self.program.tiers[0])

    def learn(self, account: Account, rows: Sequence[Row]) -> None:
        """Take in the entries just judged, so that later posting days know them."""
        walk = self.walks.get(account.member_id)
        if walk is not None:
            place = self.rules.index
            walk.fresh += [(row[6].toordinal(), row[5].toordinal(), place[row[3]], row[4]) for row in rows if row[3] in place]


def _behind(account: Account, days: set[date]) -> bool:
    """Whether facts before the last posting day are not folded yet, or will not be while these are posted."""
    return len(days) > 1 or account.folded_on is None or (account.review_on is not None and account.review_on < max(days))


class Walked:
    """A fold kept just before the posting day that is being judged."""

    def __init__(self, rules: Any, history: History) -> None:
        self.walk = Walk(rules, history)
        self.known: list[Entry] = list(history.entries)
        self.fresh: list[Entry] = []
        self.day = 0

    def rank(self, posted: int, on: int) -> int:
        if posted > self.day:
            self.day = posted
            self.known = sorted([*self.known, *self.fresh])
            self.fresh = []
            cut = next((n for n, entry in enumerate(self.known) if entry[0] >= posted), len(self.known))
            self.walk.feed(self.known[:cut])
            self.known = self.known[cut:]
            self.walk.advance(posted)
        return self.walk.rank_on(on)
