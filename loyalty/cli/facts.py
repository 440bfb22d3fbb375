"""Commands that state facts about status by hand: grants, offers, choices, waivers, revocations."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import click

from loyalty.cli.edge import changing, opened
from loyalty.cli.output import DAY, as_of_option, refusals
from loyalty.settle import settle
from loyalty.status.facts import GIVEN, Grant, Revocation, Waiver, grant, revoke, waive
from loyalty.status.offers import Offered, offer
from loyalty.status.rewards import Pick, choose


@click.group()
def status() -> None:
    """Facts about status by hand: grant, offer, choose, waive, revoke. Each has a key, an author, a reason."""


def _act(number: str, as_of: date | None, act: Callable[..., bool], wanted: Callable[[date], object]) -> None:
    """Record what is wanted on a day, and settle the member."""
    deployment, now = opened(as_of)
    with changing(deployment, now, number) as one:
        one.fresh = act(one.session, deployment.program, one.account, wanted(deployment.today(now)), now)
        settle(one.session, deployment.program, [one.account], now)
    click.echo(one.said)


def by_hand(command: click.decorators.FC) -> click.decorators.FC:
    """What everything that is stated by hand takes: key, reason, author, and the day."""
    for option in (
        click.option("--key", required=True, help="Sent twice, it counts once."),
        click.option("--reason", required=True),
        click.option("--author", required=True),
        as_of_option,
    ):
        command = option(command)
    return command


@status.command("grant")
@click.argument("number")
@click.argument("tier")
@click.option("--from", "begins", type=DAY, default=None, help="First day; today without it.")
@click.option("--through", type=DAY, default=None, help="Last day; for ever without it.")
@click.option("--kind", type=click.Choice(GIVEN), default=None, help="What kind of grant; granted by staff without it.")
@click.option("--invitation", is_flag=True, help="The same as --kind invited.")
@by_hand
@refusals
def grant_(
    number: str, as_of: date | None, tier: str, begins: date | None, through: date | None, kind: str | None,
    invitation: bool, **by: Any,
) -> None:  # fmt: skip
    """Give a member a tier for a span."""
    if invitation and kind not in (None, "invited"):
        raise click.UsageError(f"--invitation is --kind invited, not --kind {kind}")
    until = through + timedelta(days=1) if through else None
    given = "invited" if invitation else kind or "granted"
    _act(number, as_of, grant, lambda today: Grant(tier, begins or today, until, kind=given, **by))


@status.command("offer")
@click.argument("number")
@click.argument("offer")
@click.argument("tier")
@click.option("--rests-on", "evidence", default="", help="What it rests on, such as the other program's status.")
@by_hand
@refusals
def offer_(number: str, as_of: date | None, **wanted: Any) -> None:
    """Give a member a tier by an offer of the program: a match, or a trial that a goal confirms. From today."""
    _act(number, as_of, offer, lambda _today: Offered(**wanted))


@status.command("choose")
@click.argument("number")
@click.argument("milestone")
@click.argument("option")
@click.option("--window-of", type=DAY, default=None, help="A day of the window; the choice that ends first without it.")
@by_hand
@refusals
def choose_(number: str, as_of: date | None, **wanted: Any) -> None:
    """Take an option of a milestone for a member, by the deadline of the choice."""
    _act(number, as_of, choose, lambda _today: Pick(**wanted))


@status.command("revoke")
@click.argument("number")
@click.option("--grant-key", default=None, help="The grant or offer to end; without it, every tier above --to ends.")
@click.option("--to", "tier", default=None, help="The highest tier left; the base tier without it.")
@by_hand
@refusals
def revoke_(number: str, as_of: date | None, **wanted: Any) -> None:
    """End a grant, or every tier above one."""
    _act(number, as_of, revoke, lambda _today: Revocation(**wanted))


@status.command("waive")
@click.argument("number")
@click.argument("tier")
@click.option("--approver", required=True)
@click.option("--window-of", type=DAY, default=None, help="A day of the window that lacks something; today without it.")
@by_hand
@refusals
def waive_(number: str, as_of: date | None, **wanted: Any) -> None:
    """Pardon a small shortfall: the tier as if its path had been met today, within the program's limits."""
    _act(number, as_of, waive, lambda _today: Waiver(**wanted))
