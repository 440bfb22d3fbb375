"""Commands about programs: list, check, show, try their scenarios, export schemas for editors."""

import json
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from loyalty.cli.charting import show_chart, show_tier
from loyalty.cli.output import FOUND, emit, json_option, refusals, table
from loyalty.jobs.deployment import find_program, program_names
from loyalty.jobs.stage import empty_stage, fault
from loyalty.members.mapping import MappingFile
from loyalty.program import ladder_words, promise_words
from loyalty.program.benefit_words import telling
from loyalty.program.compare import compare
from loyalty.program.defects import defects
from loyalty.program.load import EDITION_FILES, PARTS, Edition, Program, load
from loyalty.program.models import ProgramFile
from loyalty.program.placing import placed
from loyalty.program.problems import ProgramInvalid, listed, nearest
from loyalty.program.scenarios import Scenario, scenarios_of
from loyalty.program.schema import schema_of
from loyalty.program.values import Part
from loyalty.program.words import Words, english
from loyalty.settings import Settings
from loyalty.settings import read as read_settings
from loyalty.store import Store


@click.group()
def program() -> None:
    """Programs: rules as data, in config/programs."""


@program.command("list")
@json_option
@refusals
def list_(as_json: bool) -> None:
    """List the programs with their editions; the one in use is marked."""
    chosen = read_settings()
    found: list[dict[str, Any]] = []
    for name in program_names(chosen):
        try:
            loaded = find_program(chosen, name)
        except ProgramInvalid as error:
            found.append(
                {
                    "program": name,
                    "name": "",
                    "editions": [],
                    "problems": len(error.problems),
                    "in_use": name == chosen.program,
                }
            )
            continue
        title = loaded.file.name.get("en", next(iter(loaded.file.name.values())))
        editions = [edition.name for edition in loaded.editions]
        found.append({"program": name, "name": title, "editions": editions, "problems": 0, "in_use": name == chosen.program})
    if as_json:
        emit(found)
        return
    rows = [
        (
            "*" if row["in_use"] else "",
            row["program"],
            row["name"] or f"{row['problems']} problems",
            ", ".join(row["editions"]),
        )
        for row in found
    ]
    table(("", "program", "name", "editions"), rows)


@program.command()
@click.argument("name", required=False)
@click.option("--strict", is_flag=True, help="What is only suspicious counts as wrong too.")
@refusals
def check(name: str | None, strict: bool) -> None:
    """Check a program's files, all programs without a name; every problem is told with its place.

    What could not run is a problem. What can, but hardly as it was meant (a tier that nobody can reach), is a warning.
    """
    chosen = read_settings()
    wrong = 0
    for one in [name] if name else program_names(chosen):
        try:
            loaded = find_program(chosen, one)
        except ProgramInvalid as error:
            wrong += len(error.problems)
            click.echo(str(error), err=True)
            continue
        warnings = placed(loaded, defects(loaded))
        wrong += len(warnings) if strict else 0
        for warning in warnings:
            click.echo(f"warning: {warning}", err=True)
        suspected = f", {len(warnings)} warning(s)" if warnings else ""
        click.echo(f"{one}: {len(loaded.editions)} edition(s), no problem{suspected}.")
    if wrong:
        click.echo(f"{wrong} problem(s).", err=True)
        sys.exit(FOUND)


@program.command()
@click.argument("name", required=False)
@click.option("--edition", "begins", default=None, help="The edition's first day; the newest without it.")
@click.option("--benefits", is_flag=True, help="What its tiers give: the chart.")
@click.option("--tier", default=None, help="With --benefits: what this tier adds to the one below it, and has.")
@json_option
@refusals
def show(name: str | None, begins: str | None, benefits: bool, tier: str | None, as_json: bool) -> None:
    """Show an edition: its ladder in words, or, with --json, all of it; with --benefits what its tiers give."""
    chosen = read_settings()
    loaded = find_program(chosen, name or chosen.program)
    edition = _named(loaded, begins) if begins else loaded.editions[-1]
    if tier is not None and not benefits:
        raise click.UsageError("--tier tells what a tier gives; allowed: with --benefits")
    if tier is not None:
        show_tier(loaded, edition, tier, as_json)
    elif benefits:
        show_chart(loaded, edition, as_json)
    elif as_json:
        emit(
            {
                "program": loaded.file.model_dump(mode="json"),
                "edition": edition.name,
                "hash": edition.hash,
                **{name: getattr(edition, name).model_dump(mode="json", by_alias=True) for name in PARTS},
            }
        )
    else:
        _in_words(loaded, edition)


def _in_words(loaded: Program, edition: Edition) -> None:
    click.echo(f"{english(loaded.file.name)}, edition from {edition.name} ({edition.hash[:12]})")
    words = Words(edition.ladder, edition.units)
    for tier in reversed(edition.ladder.tiers):
        click.echo(f"  {words.whole(tier)}")
    for line in ladder_words.lines(words):
        click.echo(f"  {line}")
    if edition.benefits.benefits:
        told = promise_words.totals(telling(edition.chart, edition.head), words)
        click.echo(f"  What its tiers give (--benefits): {told}")
    click.echo(f"  {len(edition.earning.lines)} earn lines:")
    for earn_line in edition.earning.lines:
        click.echo(f"    {english(earn_line.name)} ({earn_line.unit})")


@program.command("compare")
@click.argument("before")
@click.argument("after")
@click.option("--program", "name", default=None, help="The program of the editions; the one in use without it.")
@json_option
@refusals
def compare_(before: str, after: str, name: str | None, as_json: bool) -> None:
    """Tell what changed between two editions, each named by its first day, or by a folder."""
    chosen = read_settings()
    old, new = (_edition_of(chosen, name or chosen.program, one) for one in (before, after))
    changes = compare(old, new)
    if as_json:
        told = [{**change._asdict(), "text": change.text} for change in changes]
        emit(
            {
                "before": {"edition": old.name, "hash": old.hash},
                "after": {"edition": new.name, "hash": new.hash},
                "changes": told,
            }
        )
        return
    click.echo(f"From {old.name} to {new.name}: {f'{len(changes)} difference(s)' if changes else 'no difference'}.")
    for file, group in groupby(changes, lambda change: change.file):
        click.echo(f"\n{file}")
        for change in group:
            click.echo(f"  {change.text}")


def _edition_of(chosen: Settings, program_name: str, given: str) -> Edition:
    """An edition by its first day, by its folder, or the newest of a program's folder."""
    folder = Path(given)
    if folder.is_dir() and folder.resolve().parent.name == "editions":
        return _named(load(folder.resolve().parents[1]), folder.resolve().name)
    if (folder / "program.yaml").is_file():
        return load(folder).editions[-1]
    return _named(find_program(chosen, program_name), given)


def _named(loaded: Program, name: str) -> Edition:
    names = [edition.name for edition in loaded.editions]
    if name not in names:
        raise click.UsageError(f"There is no edition {name} of {loaded.id}; allowed: {listed(names)}.{nearest(name, names)}")
    return loaded.editions[names.index(name)]


@program.command()
@click.argument("name", required=False)
@click.option("--case", default=None, help="Only the scenarios with this id.")
@refusals
def test(name: str | None, case: str | None) -> None:
    """Play a program's scenarios, those of all programs without a name, on a database of their own."""
    chosen = read_settings()
    failed = played = 0
    stage = empty_stage()
    for one in [name] if name else program_names(chosen):
        loaded = find_program(chosen, one)
        for scenario in scenarios_of(loaded.folder):
            if case in (None, scenario.case):
                played += 1
                failed += not _played(stage, loaded, scenario)
    click.echo(f"{played - failed} of {played} scenarios hold.")
    if failed or not played:
        sys.exit(FOUND)


def _played(stage: Store, loaded: Program, scenario: Scenario) -> bool:
    found = fault(stage, loaded, scenario)
    if found:
        click.echo(f"FAILED {scenario.file}: {scenario.name}\n  {found}", err=True)
    return not found


@program.command()
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="The folder to write to.")
@refusals
def schema(out: Path) -> None:
    """Write the JSON Schema of every file, for editors."""
    out.mkdir(parents=True, exist_ok=True)
    shapes: dict[str, type[Part]] = {"program.yaml": ProgramFile, **EDITION_FILES, "import.yaml": MappingFile}
    for file, shape in shapes.items():
        target = out / f"{file.removesuffix('.yaml')}.schema.json"
        target.write_text(json.dumps(schema_of(shape, file), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        click.echo(f"{target}")
