"""Commands about what a member has: shown, and granted, used, picked, shared by hand."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import click
from sqlalchemy.orm import Session

from loyalty.benefits import operations, sharing, using
from loyalty.benefits.picking import Pick
from loyalty.benefits.picking import pick as pick_option
from loyalty.benefits.queries import rights
from loyalty.benefits.rights import last_day
from loyalty.benefits.told import Benefits, Right, ToPick, benefits_of
from loyalty.cli.edge import changing, opened
from loyalty.cli.facts import by_hand
from loyalty.cli.output import DAY, as_of_option, emit, json_option, refusals
from loyalty.errors import Refused
from loyalty.program.load import Program
from loyalty.settle import settle
from loyalty.status.queries import Account, account_read
from loyalty.status.words import tier_name


@click.command("benefits")
@click.argument("number")
@as_of_option
@json_option
@refusals
def benefits_(number: str, as_of: date | None, as_json: bool) -> None:
    """Show everything that a member has: the chart of the tier, what is left and until when and why, what there is to pick,
    companions, and what the next tier adds."""
    deployment, now = opened(as_of)
    program = deployment.program
    with deployment.store.reading() as session:
        account = account_read(session, number)
        if account is None:
            raise Refused("unknown_member", number=number)
        told = benefits_of(session, program, account, deployment.today(now))
    if as_json:
        emit({**asdict(told), "left": told.left})
        return
    _say(told, tier_name(program, told.next_tier) if told.next_tier else "")


def _say(told: Benefits, following: str) -> None:
    click.echo(f"Member {told.number} on {told.as_of}: {told.tier_name or 'not a member on that day'}")
    for has in told.chart:
        about = f"{has.name}, {has.parameter}" if has.parameter else has.name
        click.echo(f"  {about}: {has.words}{'' if has.by else ' (everyone)'}")
    for right in told.rights:
        click.echo(f"  {_right(right)}")
    for choice in told.choices:
        for line in _choice(choice):
            click.echo(f"  {line}")
    for one in told.companions:
        who = f"status shared with {one.number} by {one.sharing}: {one.tier or 'nothing yet'}" if one.sharing else one.name
        click.echo(f"  Companion {who}, from {one.begins}{_through(one.through)}")
    for line in told.adds:
        click.echo(f"  {following} adds {line}")


def _right(right: Right) -> str:
    if right.taken_back is not None:
        return f"{right.name}: {right.used_then} were used before it was taken back; {right.reason} (no. {right.number})"
    taken = f", {right.used} used" if right.used else ""
    taken += f", {right.held} held" if right.held else ""
    begins = f" from {right.begins}" if not right.left and not taken else ""
    told = f"{right.name}: {right.left} of {right.quota} left{taken}{begins}{_through(right.through)}"
    return f"{told}; {right.reason} (no. {right.number})"


def _through(last: date | None) -> str:
    return f" through {last}" if last else ""


def _choice(choice: ToPick) -> list[str]:
    if not choice.picks:
        return [f"{choice.name}: {', '.join(choice.waiting)} picked ahead for the period from {choice.first}"]
    options = "; ".join(f"{one.option} ({one.gives})" for one in choice.options if one.allowed)
    default = f"; {choice.default} by default" if choice.default else ""
    return [f"{choice.name}: {choice.picks} to pick{_through(choice.through)}: {options}{default}"]


def left_of(session: Session, program: Program, number: str, day: date) -> list[dict[str, Any]]:
    """What is left of a member's entitlements on a day: how many of what, through which day, in the order of use."""
    account = account_read(session, number)
    mine = rights(session, program, [account], day)[account.member_id] if account is not None else None
    found = [(one, mine.left(one, day.toordinal())) for one in mine.entitlements] if mine is not None else []
    return [{"what": one.what, "left": left, "through": last_day(one.until)} for one, left in found if left]


# --- by hand ----------------------------------------------------------------------------------------------------


@click.group()
def benefit() -> None:
    """Entitlements by hand: grant, extend, revoke, use, return, pick; companions and status that is shared."""


def _act(number: str, as_of: date | None, act: Callable[[Session, Any, Account, Any], object]) -> None:
    """Do something with a settled member, and settle what follows."""
    deployment, now = opened(as_of)
    program = deployment.program
    with changing(deployment, now, number) as one:
        one.fresh = bool(act(one.session, program, one.account, now))
        settle(one.session, program, [one.account], now)
    click.echo(one.said)


def _until(through: date | None) -> date | None:
    return through + timedelta(days=1) if through else None


@benefit.command("grant")
@click.argument("number")
@click.argument("what")
@click.argument("amount", type=int, default=1)
@click.option("--from", "begins", type=DAY, default=None, help="First day; today without it.")
@click.option("--through", type=DAY, default=None, help="Last day; for ever without it.")
@click.option("--approver", default="")
@by_hand
@refusals
def grant_(
    number: str, as_of: date | None, begins: date | None, through: date | None, **wanted: Any
) -> None:  # fmt: skip
    """Give a member so many of an instrument or of a benefit with a quota."""
    _act(number, as_of, lambda session, program, account, now: operations.grant(
        session, program, account, operations.Given(
            begins=begins or now.astimezone(program.zone).date(), until=_until(through), **wanted), now))  # fmt: skip


def _naming(command: click.decorators.FC) -> click.decorators.FC:
    for option in (
        click.option("--approver", default=""),
        click.option(
            "--number", "right", type=int, default=None, help="The entitlement's number, as `loyalty benefits` shows."
        ),
        click.option("--grant-key", "given", default=None, help="The key of a grant by hand."),
        click.option("--what", default=None, help="Of an instrument or quota, the entitlement that ends first."),
    ):
        command = option(command)
    return command


def _named(wanted: dict[str, Any]) -> operations.Change:
    if sum(wanted[name] is not None for name in ("right", "given", "what")) != 1:
        raise click.UsageError("name the entitlement by exactly one of --number, --grant-key, --what")
    return operations.Change(**wanted)


@benefit.command("extend")
@click.argument("member")
@click.option("--through", type=DAY, required=True, help="The new last day.")
@_naming
@by_hand
@refusals
def extend_(member: str, as_of: date | None, through: date, **wanted: Any) -> None:
    """Put the end of an entitlement off."""
    change = _named({**wanted, "until": _until(through)})
    _act(member, as_of, lambda session, program, account, now: operations.extend(session, program, account, change, now))


@benefit.command("revoke")
@click.argument("member")
@_naming
@by_hand
@refusals
def revoke_(member: str, as_of: date | None, **wanted: Any) -> None:
    """End an entitlement today; what was used stays used."""
    change = _named(wanted)
    _act(member, as_of, lambda session, program, account, now: operations.revoke(session, program, account, change, now))


@benefit.command("use")
@click.argument("number")
@click.argument("what")
@click.argument("amount", type=int, default=1)
@click.option("--for", "service_on", type=DAY, default=None, help="The day of the service; today without it.")
@by_hand
@refusals
def use_(number: str, as_of: date | None, **wanted: Any) -> None:
    """Use so many of what a member has: what ends first is used first."""
    what = using.Use(**wanted)
    _act(number, as_of, lambda session, program, account, now: using.use(session, program, account, what, now).fresh)


@benefit.command("return")
@click.argument("number")
@click.argument("used")
@by_hand
@refusals
def return_(number: str, as_of: date | None, **wanted: Any) -> None:
    """Give back what was used under a key."""
    back = using.Return(**wanted)
    _act(number, as_of, lambda session, program, account, now: using.give_back(session, program, account, back, now))


@benefit.command("pick")
@click.argument("number")
@click.argument("choice")
@click.argument("option")
@click.option("--period-of", type=DAY, default=None, help="A day of the period; the open choice that ends first without it.")
@by_hand
@refusals
def pick_(number: str, as_of: date | None, **wanted: Any) -> None:
    """Pick an option of a tier's choice, in time or ahead."""
    picked = Pick(**wanted)
    _act(number, as_of, lambda session, program, account, now: pick_option(session, program, account, picked, now))


@benefit.command("share")
@click.argument("number")
@click.argument("sharing")
@click.argument("companion")
@click.option("--from", "begins", type=DAY, default=None, help="First day; today without it.")
@by_hand
@refusals
def share_(number: str, as_of: date | None, companion: str, begins: date | None, **wanted: Any) -> None:
    """Share a member's status with a companion, by member number."""
    deployment, now = opened(as_of)
    program = deployment.program
    shared = sharing.Shared(begins=begins or deployment.today(now), **wanted)
    with changing(deployment, now, number, companion) as one:
        one.fresh = sharing.share(one.session, program, one.account, one.accounts[companion], shared, now)
        settle(one.session, program, [one.accounts[companion]], now)
    click.echo(one.said)


@benefit.command("companion")
@click.argument("number")
@click.argument("name")
@click.option("--companion", "companion", default=None, help="The companion's member number, if there is one.")
@click.option("--from", "begins", type=DAY, default=None, help="First day; today without it.")
@click.option("--through", type=DAY, default=None, help="Last day; for ever without it.")
@click.option("--instead-of", "instead", default=None, help="The key of the companion whom this one replaces.")
@by_hand
@refusals
def companion_(
    number: str, as_of: date | None, begins: date | None, through: date | None, companion: str | None, **wanted: Any
) -> None:
    """Name a companion for benefits."""
    _act(number, as_of, lambda session, program, account, now: sharing.name_companion(
        session, program, account, sharing.Named(
            begins=begins or now.astimezone(program.zone).date(), until=_until(through), number=companion, **wanted),
        now))  # fmt: skip


@benefit.command("end")
@click.argument("number")
@click.argument("companion_key")
@click.option("--reason", required=True)
@click.option("--author", required=True)
@as_of_option
@refusals
def end_(number: str, companion_key: str, as_of: date | None, author: str, reason: str) -> None:
    """End a companion, named by the key of naming or sharing, today; with the status that was shared."""
    deployment, now = opened(as_of)
    program = deployment.program
    with deployment.store.reading() as session:
        mine = account_read(session, number)
        if mine is None:
            raise Refused("unknown_member", number=number)
        row = sharing.named(session, mine, companion_key)
        others = [row.number] if row.sharing is not None and row.number is not None else []
    with changing(deployment, now, number, *others) as one:
        wanted = sharing.Ended(companion_key, author, reason)
        companions = [one.accounts[other] for other in others]
        one.fresh = sharing.end_companion(one.session, program, one.account, next(iter(companions), None), wanted, now)
        settle(one.session, program, companions, now)
    click.echo(one.said)
