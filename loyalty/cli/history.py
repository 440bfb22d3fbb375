"""The ladder over time, as the daily snapshot keeps it."""

from datetime import date, timedelta

import click

from loyalty.cli.output import emit, table
from loyalty.errors import Refused
from loyalty.insight.snapshots import SnapshotDay, last_snapshot, snapshots
from loyalty.jobs.deployment import Deployment

#: Days of history that are shown without a first day.
SHOWN = timedelta(days=30)


def show_history(deployment: Deployment, first: date | None, last: date | None, by_source: bool, as_json: bool) -> None:
    """Print the members per tier of each day that was kept, and how many rose, fell, joined and left on it.

    Raises Refused: `span_backwards`, `no_snapshot`.
    """
    with deployment.store.reading() as session:
        newest = last_snapshot(session)
        last = last or newest
        if last is None:
            raise Refused("no_snapshot")
        first = first or last - SHOWN + timedelta(days=1)
        if first > last:
            raise Refused("span_backwards", begins=first, until=last)
        days = snapshots(session, first, last)
    if as_json:
        emit([_data(deployment, day, by_source) for day in days])
        return
    _say(deployment, days, by_source)
    if not days:
        click.echo(f"No day from {first} to {last} was kept; the newest is {newest}.")


def _data(deployment: Deployment, day: SnapshotDay, by_source: bool) -> dict[str, object]:
    names = deployment.program.tiers
    tiers = {tier: day.tiers.get(tier, {}) if by_source else day.members(tier) for tier in names}
    moves = [{"old": old or None, "new": new or None, "members": members} for old, new, members in day.moves]
    return {"day": day.day, "tiers": tiers, "moves": moves, "waiting": day.waiting}


def _say(deployment: Deployment, days: list[SnapshotDay], by_source: bool) -> None:
    names = list(deployment.program.tiers)
    kinds = ("rose", "fell", "joined", "left")
    rows = []
    for day in days:
        moved = dict.fromkeys(kinds, 0)
        for old, new, members in day.moves:
            moved[_kind(names, old, new)] += members
        held = [_held(day, tier, by_source) for tier in names]
        rows.append((day.day, *held, *(f"{moved[kind]:,}" for kind in kinds), _waiting(day)))
    table(("day", *names, *kinds, ""), rows, right=range(1, len(names) + 5))


def _kind(names: list[str], old: str, new: str) -> str:
    if not old or not new:
        return "left" if old else "joined"
    return "rose" if names.index(new) > names.index(old) else "fell"


def _held(day: SnapshotDay, tier: str, by_source: bool) -> str:
    if not by_source:
        return f"{day.members(tier):,}"
    return " ".join(f"{source} {members:,}" for source, members in sorted(day.tiers.get(tier, {}).items())) or "0"


def _waiting(day: SnapshotDay) -> str:
    return f"{day.waiting:,} still to be recalculated" if day.waiting else ""
