"""Messages to look at before anybody gets them."""

from datetime import date
from pathlib import Path

import click

from loyalty import clock, settings
from loyalty.cli.edge import opened
from loyalty.cli.output import as_of_option, refusals
from loyalty.errors import Refused
from loyalty.jobs.deployment import find_program
from loyalty.messages.of_member import of_member
from loyalty.messages.previews import known_kinds, previews, write
from loyalty.program.load import Program
from loyalty.program.problems import listed, nearest


@click.command()
@click.argument("kind")
@click.option("--member", "number", default=None, help="A member, whose standing, next tier and balances are then told.")
@click.option("--tier", default=None, help="The tier of a member who is made up; the first above the lowest without it.")
@click.option("--locale", default=None, help="A language of the program, or all; the member's, or all, without it.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="The folder to write to.")
@as_of_option
@refusals
def preview(kind: str, number: str | None, tier: str | None, locale: str | None, out: Path, as_of: date | None) -> None:
    """Write a KIND of message, or all, as HTML, text and mail; index.html leads to them.

    The fact that it tells of is made up, and so is the member without --member; tiers, thresholds and what they add are the
    program's. Without --member no database is needed, and drafts that were published are not looked for.
    """
    if number is not None and tier is not None:
        raise click.UsageError("--tier is for a member who is made up; allowed: either --member or --tier.")
    if number is None:
        chosen = settings.read()
        program = find_program(chosen, chosen.program)
        day, known = as_of or clock.day_of(clock.now(), program.zone), None
    else:
        deployment, now = opened(as_of)
        program, day = deployment.program, deployment.today(now)
        with deployment.store.reading() as session:
            known = of_member(session, program, number, day)
    languages = _languages(program, locale or (known.language if known else "all"))
    told = known.told if known else None
    found = list(previews(program, _kinds(program, kind), known.tier if known else _tier(program, tier), languages, day, told))
    write(found, program, day, out)
    click.echo(f"{len(found)} message(s) written to {out}; open {out / 'index.html'}.")


def _kinds(program: Program, chosen: str) -> list[str]:
    """The kinds chosen, of those with templates of which it is known what they tell. Raises Refused: `unknown_template`."""
    known = known_kinds(program)
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
