"""A member told as of today, and with activity that has not happened yet: read, worked out, nothing written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session

from loyalty.earning.projection import Known, Planned, Projected, project
from loyalty.earning.queries import capped_use
from loyalty.i18n import ENGLISH, Language
from loyalty.ledger.operations import shown
from loyalty.ledger.queries import balances
from loyalty.program.load import Program
from loyalty.status.claims import History, known_through
from loyalty.status.ladder import rules_of
from loyalty.status.queries import Account, history_of
from loyalty.status.rewards import awards_of
from loyalty.status.tables import StatusFact
from loyalty.status.told import told_of
from loyalty.status.words import unit_of


@dataclass(frozen=True)
class Ground:
    """All that is known of a member today, on which plans are built: read once for any number of them."""

    program: Program
    account: Account
    history: History
    facts: Mapping[int, StatusFact]
    known: Known
    sums: Mapping[str, int]
    today: date

    def projected(self, planned: Sequence[Planned], day: date, language: Language = ENGLISH) -> dict[str, Any]:
        """The member told as of today, and as of a day with what is planned; with what it earns and the ladder gives for it.

        `judged` tells how each activity was judged. Raises what `project` raises.
        """
        # levels are judged up to the day that is looked at
        future = project(self.program, self.history._replace(today=day.toordinal()), self.known, planned, day)
        return {
            "before": self._told(self.history, self.sums, self.today, language),
            "after": self._told(future.history, future.sums(self.sums), day, language),
            "judged": future.judged,
            **_brought(self.program, future),
        }

    def _told(self, history: History, sums: Mapping[str, int], day: date, language: Language) -> dict[str, Any]:
        return told_of(self.program, self.account, history, self.facts, sums, day, (), language).data


def ground_of(session: Session, program: Program, account: Account, today: date) -> Ground:
    """What is known of a member at the end of a day, in as many statements whatever that is."""
    mine = account.member_id
    whole, facts = history_of(session, rules_of(program), account)
    history = known_through(whole, today.toordinal())[0]
    given = awards_of(session, [mine]).get(mine, [])
    known = Known(account.attributes, capped_use(session, program, [mine]).get(mine), given, account.number)
    sums = balances(session, mine, today + timedelta(days=1))
    return Ground(program, account, history, facts, known, sums, today)


def projected(
    session: Session, program: Program, account: Account, planned: Sequence[Planned], today: date, day: date
) -> dict[str, Any]:
    """A member with a plan, as Ground tells it."""
    return ground_of(session, program, account, today).projected(planned, day)


def _brought(program: Program, future: Projected) -> dict[str, Any]:
    earned = [{**vars(one), "amount": amount_told(program, one.unit, one.amount)} for one in future.earned]
    given = [
        {"name": gift.name, "on": date.fromordinal(gift.on), "unit": gift.unit or gift.instrument,
         "amount": amount_told(program, gift.unit, gift.amount)}
        for gift in future.given
    ]  # fmt: skip
    return {"earned": earned, "given": given}


def amount_told(program: Program, unit: str | None, amount: int) -> str:
    """An amount of a unit, or of an instrument, which has none, as decimal text."""
    return shown(amount, unit_of(program, unit).decimals if unit else 0)
