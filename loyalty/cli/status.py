"""Commands about status: what a member is and why, the ladder."""

from datetime import date, timedelta

import click
from sqlalchemy import select

from loyalty.cli.benefits import left_of
from loyalty.cli.edge import opened
from loyalty.cli.history import show_history
from loyalty.cli.output import DAY, as_of_option, emit, json_option, refusals, table
from loyalty.cli.telling import member_told, say_given, say_standing, say_ways
from loyalty.earning.queries import Explained, explained_entries, steps_in_words
from loyalty.jobs.deployment import Deployment
from loyalty.members.tables import Member
from loyalty.status import words
from loyalty.status.queries import ladder_count


@click.command()
@click.argument("number")
@as_of_option
@json_option
@refusals
def member(number: str, as_of: date | None, as_json: bool) -> None:
    """A member's standing, the counters against every path, offers on trial, what the ladder gave, and the balances."""
    deployment, now = opened(as_of)
    with deployment.store.reading() as session:
        told = member_told(session, deployment, number, deployment.today(now))
        left = left_of(session, deployment.program, number, deployment.today(now))
    if as_json:
        emit(told.data)
        return
    say_standing(told.data)
    say_ways(deployment.program, told.data)
    say_given(told.data)
    if left:
        click.echo("  Left: " + ", ".join(f"{one['left']} {one['what']}{_through(one['through'])}" for one in left))
    click.echo("Balances: " + (", ".join(f"{amount} {unit}" for unit, amount in told.data["balances"].items()) or "none"))


def _through(last: date | None) -> str:
    return f" through {last}" if last else ""


@click.command()
@click.argument("number")
@as_of_option
@click.option("--entries", "with_entries", is_flag=True, help="Explain every entry too.")
@json_option
@refusals
def explain(number: str, as_of: date | None, with_entries: bool, as_json: bool) -> None:
    """Why a member is what he is: every span of tier with its reason and figures, and every entry step by step."""
    deployment, now = opened(as_of)
    explain_member(deployment, number, deployment.today(now), as_json, with_entries)


def explain_member(deployment: Deployment, number: str, day: date, as_json: bool, with_entries: bool = False) -> None:
    """Print why a member is what he is on a day."""
    with deployment.store.reading() as session:
        told = member_told(session, deployment, number, day)
        found = session.scalars(select(Member).where(Member.number == number)).one()
        lines = explained_entries(session, deployment.program, found, day + timedelta(days=1))
    if as_json:
        entries = [{**vars(line), "steps": [step._asdict() for step in line.steps]} for line in lines]
        emit({**told.data, "entries": entries})
        return
    say_standing(told.data)
    click.echo("  How it came about:")
    for span in told.data["timeline"]:
        end = f"through {span['through']}" if span["through"] else "on"
        click.echo(f"  {span['from']} {end}: {span['name']}, {span['reason']}")
        if span["source"] in ("earned", "kept", "lifetime"):
            for line in lines:
                if line.posted_on == span["from"] and line.unit in span["counters"]:
                    click.echo(f"      decided by {_entry_in_words(line)}")
    for line in lines if with_entries else ():
        click.echo(f"  {line.posted_on}: {_entry_in_words(line)}")


def _entry_in_words(line: Explained) -> str:
    why = steps_in_words(line.steps) or line.reason or line.kind
    return f"{line.source} {line.key} of {line.on}: {line.amount} {line.unit} [{why}]"


@click.command()
@as_of_option
@click.option("--by-source", is_flag=True, help="Tell what was earned from what was granted, invited, waived or for life.")
@click.option("--history", is_flag=True, help="Day by day, as the daily snapshot kept it, with the moves between tiers.")
@click.option("--from", "first", type=DAY, default=None, help="First day of the history; 30 days without it.")
@click.option("--to", "last", type=DAY, default=None, help="Last day of the history; the newest that was kept without it.")
@json_option
@refusals
def ladder(as_of: date | None, by_source: bool, history: bool, first: date | None, last: date | None, as_json: bool) -> None:
    """Members per tier on a day, or over time. Those who had left are in none."""
    if as_of if history else first or last:
        raise click.UsageError("--from and --to go with --history, --as-of without it.")
    deployment, now = opened(as_of)
    if history:
        show_history(deployment, first, last, by_source, as_json)
    elif as_json:
        counts = _counts(deployment, deployment.today(now), by_source)
        emit({tier: mine if by_source else sum(mine.values()) for tier, mine in counts.items()})
    else:
        show_ladder(deployment, deployment.today(now), by_source)


def _counts(deployment: Deployment, day: date, by_source: bool) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {tier: {} for tier in deployment.program.tiers}
    with deployment.store.reading() as session:
        for row in ladder_count(session, day, by_source):
            counts[row.tier][row.source if by_source else ""] = row.members
    return counts


def show_ladder(deployment: Deployment, day: date, by_source: bool) -> None:
    """Print the members of each tier on a day, the highest first."""
    program = deployment.program
    counts = _counts(deployment, day, by_source)
    total = sum(sum(mine.values()) for mine in counts.values())
    click.echo(f"{program.file.name.get('en', program.id)} on {day}: {total:,} members")
    lines = []
    for tier in reversed(program.tiers):
        mine = sum(counts[tier].values())
        sources = ", ".join(f"{source} {members:,}" for source, members in sorted(counts[tier].items()))
        share = mine / max(total, 1)
        told = sources if by_source else "#" * round(40 * share)
        lines.append((words.tier_name(program, tier), f"{mine:,}", f"{share:.1%}", told))
    table(("tier", "members", "share", ""), lines, right=(1, 2))
