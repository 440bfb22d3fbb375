"""Commands about a member's profile, and what the member wants to be told."""

from datetime import date

import click

from loyalty.cli.edge import account_of, changing, opened
from loyalty.cli.output import as_of_option, emit, json_option, refusals
from loyalty.members.consent import DIGESTS, choose_digest, consents_of, digests_of
from loyalty.members.consent import consent as say_consent
from loyalty.members.operations import PROFILE
from loyalty.members.operations import change as change_profile
from loyalty.messages.preferences import consents, refusable


@click.command()
@click.argument("number")
@click.argument("name", required=False)
@click.option("--give/--withdraw", "given", default=None, help="What the member says.")
@click.option("--source", default="command", show_default=True, help="Where it was said.")
@as_of_option
@json_option
@refusals
def consent(number: str, name: str | None, given: bool | None, source: str, as_of: date | None, as_json: bool) -> None:
    """Give or withdraw consent to a kind of message; without a name, tell what the member has."""
    deployment, now = opened(as_of)
    today = deployment.today(now)
    if name is not None:
        refusable(deployment.program, name, today)
        if given is None:
            raise click.UsageError("say --give or --withdraw")
        with changing(deployment, now, number) as one:
            one.fresh = say_consent(one.session, one.account.member_id, name, given, source, now)
        click.echo(one.said)
        return
    with deployment.store.transaction() as session:
        member_id = account_of(session, number).member_id
        said = consents_of(session, [member_id]).get(member_id, {})
    rows = {
        one: "always" if about.transactional else "given" if said.get(one, about.given) else "withdrawn"
        for one, about in consents(deployment.program, today).items()
    }
    if as_json:
        emit(rows)
    for consent_, state in rows.items() if not as_json else ():
        click.echo(f"{consent_}: {state}")


@click.command()
@click.argument("number")
@click.argument("choice", type=click.Choice(DIGESTS), required=False)
@click.option("--source", default="command", show_default=True, help="Where it was said.")
@as_of_option
@refusals
def digest(number: str, choice: str | None, source: str, as_of: date | None) -> None:
    """Choose how activity is told from now on: each by itself, or by the day, week or month; without a choice, tell it."""
    deployment, now = opened(as_of)
    if choice is not None:
        with changing(deployment, now, number) as one:
            one.fresh = choose_digest(one.session, one.account.member_id, choice, source, now)
        click.echo(one.said)
        return
    with deployment.store.transaction() as session:
        member_id = account_of(session, number).member_id
        known = digests_of(session, [member_id]).get(member_id, [])
    click.echo(known[-1][1] if known else "as the program says")


@click.command()
@click.argument("number")
@click.option("--name", default=None)
@click.option("--email", default=None)
@click.option("--phone", default=None)
@click.option("--language", default=None)
@as_of_option
@refusals
def change(number: str, as_of: date | None, **profile: str | None) -> None:
    """Change a member's name, address, phone or language. Who had the old address is told there that it was changed."""
    wanted = {name: value for name in PROFILE if (value := profile[name]) is not None}
    if not wanted:
        raise click.UsageError(f"say what to change: --{', --'.join(PROFILE)}")
    deployment, now = opened(as_of)
    with changing(deployment, now, number) as one:
        one.fresh = change_profile(one.session, one.account.member_id, now, **wanted)
    click.echo(one.said)
