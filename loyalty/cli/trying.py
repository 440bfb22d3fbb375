"""The command that tries a draft edition on all members."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click

from loyalty import clock
from loyalty.cli.edge import chosen
from loyalty.cli.gains import gain_lines, gains_told
from loyalty.cli.output import DAY, FOUND, emit, json_option, progress_bar, refusals, table
from loyalty.insight.backtest import Move, Trial, Tried
from loyalty.jobs.trying import Asked, trial_for, try_all
from loyalty.program.problems import ProgramInvalid
from loyalty.sheets import csv_line
from loyalty.status.words import tier_name

#: So many of a move's fields are told; the others are what its reason is told from.
TOLD = Move._fields.index("why") + 1


@click.command("try")
@click.argument("edition")
@click.option("--from", "begins", type=DAY, default=None, help="The draft's first day; the name of its folder without it.")
@click.option("--on", type=DAY, default=None, help="The day to tell; today, or the draft's first day where that is later.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=None, help="A CSV file for those who move.")
@click.option("--workers", type=click.IntRange(1, 64), default=None, help="Processes; the settings' number by default.")
@json_option
@refusals
def try_(
    edition: str, begins: date | None, on: date | None, out: Path | None, workers: int | None, as_json: bool
) -> None:  # fmt: skip
    """Fold all members under a draft edition and tell who would rise or fall; nothing is written.

    EDITION is a folder with an edition's files, or an edition of the program that is not published yet.
    """
    deployment = chosen()
    asked = Asked(edition, begins, on, clock.now())
    try:
        trial = trial_for(deployment, asked)
    except ProgramInvalid as error:
        click.echo(str(error), err=True)
        sys.exit(FOUND)
    total = Tried()
    with progress_bar("Trying") as step, _moves(out) as write:
        for tried in try_all(deployment, trial, asked, workers or deployment.settings.workers, step):
            write(tried.moves)
            total.add(tried)
    if as_json:
        emit(_data(trial, total))
    else:
        _say(trial, total)
    for number, why in total.failures:
        click.echo(f"member {number} failed: {why}", err=True)
    if total.failures:
        sys.exit(FOUND)


@contextmanager
def _moves(out: Path | None) -> Iterator[Any]:
    """Writes members who move to a CSV file, stretch by stretch."""
    if out is None:
        yield lambda _moves: None
        return
    with out.open("w", encoding="utf-8", newline="") as file:
        file.write(csv_line(Move._fields[:TOLD]))
        yield lambda moves: file.writelines(csv_line(move[:TOLD]) for move in moves)


def _data(trial: Trial, total: Tried) -> dict[str, Any]:
    return {
        "from": trial.begins,
        "through": _last(trial),
        "on": trial.on,
        "members": total.members,
        "activities": {"as_judged": trial.judged is None, "judged_again": total.judged, "not_judged": total.unjudged},
        **{name: total.kinds[name] for name in ("rise", "fall", "stay", "longer", "shorter")},
        "matrix": [{"now": now, "then": then, "members": n} for (now, then), n in sorted(total.matrix.items())],
        "milestones": _both(total.milestones),
        "gifts": _both(total.gifts),
        "benefits": gains_told(trial, total.matrix),
        "failures": dict(total.failures),
    }


def _both(sides: tuple[Any, Any]) -> dict[str, dict[str, int]]:
    return {name: {"now": sides[0][name], "then": sides[1][name]} for name in sorted({*sides[0], *sides[1]})}


def _last(trial: Trial) -> date | None:
    return None if trial.until == date.max else trial.until - timedelta(days=1)


def _say(trial: Trial, total: Tried) -> None:
    last = f" through {_last(trial)}" if _last(trial) else ""
    click.echo(f"With the draft in force from {trial.begins}{last}: {total.members:,} members on {trial.on}.")
    if trial.judged is None:
        click.echo("The draft earns as the rules in force do: activity stands as it was judged.")
    else:
        click.echo(f"The draft earns otherwise: {total.judged:,} activities were judged again by it, "
                   f"{total.unjudged:,} that it cannot judge earn nothing.")  # fmt: skip
    count = total.kinds
    stay = count["stay"] + count["longer"] + count["shorter"]
    click.echo(f"{count['rise']:,} rise, {count['fall']:,} fall, {stay:,} stay: of them {count['longer']:,} for longer, "
               f"{count['shorter']:,} for less long.")  # fmt: skip
    tiers = [tier for tier in reversed(trial.then.tiers) if any(tier in pair for pair in total.matrix)]
    rows = [(tier_name(trial.then, now), *(f"{total.matrix[(now, then)]:,}" for then in tiers)) for now in tiers]
    table(("now \\ then", *(tier_name(trial.then, tier) for tier in tiers)), rows, right=range(1, len(tiers) + 1))
    for what, sides in (("milestone", total.milestones), ("given", total.gifts)):
        lines = [(name, f"{side['now']:,}", f"{side['then']:,}") for name, side in _both(sides).items()]
        if lines:
            table((what, "now", "then"), lines, right=(1, 2))
    for line in gain_lines(trial, total.matrix):
        click.echo(line)
