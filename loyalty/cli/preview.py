"""Messages to look at before anybody gets them."""

from datetime import date
from pathlib import Path

import click

from loyalty import clock
from loyalty.cli.output import as_of_option, refusals
from loyalty.errors import Refused
from loyalty.jobs.deployment import read_deployment
from loyalty.program.load import Program
from loyalty.program.problems import listed, nearest


@click.command()
@click.argument("kind")
@click.option("--tier", default=None, help="The tier of the invented member; the first above the lowest without it.")
@click.option("--locale", default="all", help="A language of the program, or all.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="The folder to write to.")
@as_of_option
@refusals
def preview(kind: str, tier: str | None, locale: str, out: Path, as_of: date | None) -> None:
    """Write a KIND of message, or all, as HTML, text and mail, for a member who is made up; index.html leads to them.

    Tiers, thresholds and what they add are the program's. No database is needed.
    """
    from loyalty.messages.previews import previews, write
    from loyalty.messages.rendering import kinds

    program = read_deployment().program
    today = as_of or clock.day_of(clock.now(), program.zone)
    chosen = (_kinds(kind, kinds()), _tier(program, tier), _languages(program, locale))
    found = list(previews(program, *chosen, today))
    write(found, program, today, out)
    click.echo(f"{len(found)} message(s) written to {out}; open {out / 'index.html'}.")


def _kinds(chosen: str, known: list[str]) -> list[str]:
    """The kinds chosen. Raises Refused: `unknown_template`."""
    if chosen != "all" and chosen not in known:
        raise Refused("unknown_template", kind=chosen, allowed=listed([*known, "all"]), nearest=nearest(chosen, known))
    return known if chosen == "all" else [chosen]


def _languages(program: Program, chosen: str) -> list[str]:
    """The languages chosen. Raises Refused: `unknown_language`."""
    known = list(program.file.languages)
    if chosen != "all" and chosen not in known:
        raise Refused("unknown_language", language=chosen, allowed=listed([*known, "all"]), nearest=nearest(chosen, known))
    return known if chosen == "all" else [chosen]


def _tier(program: Program, tier: str | None) -> str:
    """A tier of the newest edition. Raises Refused: `unknown_tier`."""
    tiers = program.editions[-1].chart.tiers
    if tier is not None and tier not in tiers:
        raise Refused("unknown_tier", tier=tier, allowed=listed(tiers), nearest=nearest(tier, tiers))
    return tier or tiers[min(1, len(tiers) - 1)]
