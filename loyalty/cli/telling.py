"""A member's status in plain lines: the standing, what comes next, what keeps it, what reaches the next tier."""

from collections import Counter
from datetime import date, timedelta
from typing import Any

import click
from sqlalchemy.orm import Session

from loyalty.errors import Refused
from loyalty.jobs.deployment import Deployment
from loyalty.ledger.queries import balances
from loyalty.program.load import Program
from loyalty.status import words
from loyalty.status.ladder import rules_of
from loyalty.status.queries import account_read, facts_of, histories
from loyalty.status.rewards import awards_of
from loyalty.status.told import Told, told_of

VERBS = {"keep": "To keep", "reach": "To reach", "lifetime": "For life,", "confirm": "To confirm"}


def member_told(session: Session, deployment: Deployment, number: str, day: date) -> Told:
    """Everything about a member's status at the end of a day. Raises Refused: `unknown_member`."""
    account = account_read(session, number)
    if account is None:
        raise Refused("unknown_member", number=number)
    program = deployment.program
    history = histories(session, rules_of(program), [account])[account.member_id]
    sums = balances(session, account.member_id, day + timedelta(days=1))
    awards = awards_of(session, [account.member_id]).get(account.member_id, [])
    return told_of(program, account, history, facts_of(session, account.member_id), sums, day, awards)


def say_standing(data: dict[str, Any]) -> None:
    """Print the tier held, since when, through when and why, and what comes next."""
    click.echo(f"Member {data['number']}, enrolled {data['enrolled_on']}, on {data['as_of']}:")
    standing, following = data["standing"], data["next"]
    if standing is None:
        click.echo("  not a member on that day")
        return
    through = f" through {standing['through']}" if standing["through"] else ""
    click.echo(f"  {standing['name']} since {standing['from']}{through}: {standing['reason']}")
    if following is not None:
        through = f" through {following['through']}" if following["through"] else ""
        click.echo(f"  Next, from {following['from']}: {following['name']}{through}; {following['reason']}")


def say_ways(program: Program, data: dict[str, Any]) -> None:
    """Print every way to keep the tier and to reach the next, and what each counter alone must still bring."""
    for way in data["ways"]:
        click.echo(f"  {_way(program, way)}")
    purposes = Counter((one["purpose"], one["tier"]) for one in data["further"])
    for one in data["further"]:
        # where there is one counter only, its way has told it
        if one["amount"] not in (None, "0") and purposes[(one["purpose"], one["tier"])] > 1:
            name = words.tier_name(program, one["tier"])
            when = _when(one["first"], one["by"])
            click.echo(f"  {VERBS[one['purpose']]} {name} by {one['counter']} alone: {one['amount']} more{when}")


def _way(program: Program, way: dict[str, Any]) -> str:
    measures = ", ".join(f"{one['have']} of {one['need']} {one['counter']}" for one in way["measures"])
    missing = ", ".join(f"{one['missing']} {one['counter']}" for one in way["measures"] if one["missing"] != "0")
    guards = "".join(f"; {guard['words']}: {'yes' if guard['met'] else 'no'}" for guard in way["guards"])
    state = "met" if way["met"] else f"{missing} to go" if missing else "not met"
    text = f"{VERBS[way['purpose']]} {words.tier_name(program, way['tier'])}: {measures or 'time'} ({state})"
    return f"{text}{guards}{_when(way['first'], way['by'])}"


def _when(first: date | None, by: date | None) -> str:
    begins = f", from {first}" if first else ""
    return f"{begins}, by {by}" if by else begins


def say_given(data: dict[str, Any]) -> None:
    """Print offers on trial and what the ladder gave, with what is still to be chosen."""
    for offer in data["offers"]:
        click.echo(f"  On trial by offer {offer['offer']}: {offer['name']} through {offer['through']}; {offer['reason']}")
    for award in data["awards"]:
        times = f", time {award['times']}" if award["times"] > 1 else ""
        gifts = ", ".join(map(_gift, award["gifts"])) or "nothing yet"
        click.echo(f"  {award['kind'].capitalize()} {award['name']}{times}, on {award['on']}: {gifts}{_choice(award)}")


def _choice(award: dict[str, Any]) -> str:
    choice = award["choice"]
    if award["taken_back_on"]:
        return f"; taken back on {award['taken_back_on']}"
    if not choice or not choice["open"]:
        return ""
    options = "; ".join(f"{name} ({_option(gifts)})" for name, gifts in choice["options"].items())
    return f"; {choice['pick'] - len(choice['chosen'])} to choose through {choice['choose_by']}: {options}"


def _option(gifts: list[dict[str, str]]) -> str:
    return ", ".join(f"{gift['amount']} {gift['what']}" for gift in gifts)


def _gift(gift: dict[str, Any]) -> str:
    end = f" through {gift['through']}" if gift.get("through") else ""
    return f"{gift['amount']} {gift.get('unit') or gift['instrument']}{end}"
