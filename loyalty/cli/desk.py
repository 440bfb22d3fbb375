"""Commands of the desk: acts of staff on a member, tried and done; what waits for approval, decided."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import click
from sqlalchemy.orm import Session

from loyalty.access.acts import ACTS as KNOWN
from loyalty.cli.edge import opened
from loyalty.cli.output import emit, json_option, refusals, table
from loyalty.cli.staff import staff_who
from loyalty.desk import approvals as deciding
from loyalty.desk.acts import ACTS
from loyalty.desk.approvals import Asked, Who, submit, verdict
from loyalty.desk.performing import Done, Sent
from loyalty.desk.performing import preview as preview_act
from loyalty.jobs.deployment import Deployment


@click.group()
def desk() -> None:
    """What staff do for members: each act with an author, who must be staff, a reason, a key; by the author's roles."""


def pairs_given(pairs: Sequence[str]) -> dict[str, str]:
    """NAME=VALUE arguments. Raises BadParameter for one without `=`."""
    for pair in pairs:
        if "=" not in pair:
            raise click.BadParameter(f"{pair!r} names no value; allowed: NAME=VALUE")
    return {name: value for name, _, value in (pair.partition("=") for pair in pairs)}


def _sent(command: click.decorators.FC) -> click.decorators.FC:
    for option in reversed([
        click.argument("number"),
        click.argument("act"),
        click.argument("fields", metavar="[NAME=VALUE]...", nargs=-1),
        click.option("--author", required=True, help="A staff name."),
        click.option("--reason", required=True),
        json_option,
    ]):  # fmt: skip
        command = option(command)
    return command


@desk.command()
@json_option
@refusals
def acts(as_json: bool) -> None:
    """The acts on a member, with their fields and what the size of each counts."""
    opened()
    told = {
        name: {"does": act.label, "fields": list(act.shape.model_fields), "size": KNOWN[name].counts}
        for name, act in ACTS.items()
    }
    if as_json:
        emit(told)
        return
    table(("act", "does", "fields"), [(name, one["does"], ", ".join(one["fields"])) for name, one in told.items()])


@desk.command("act")
@_sent
@click.option("--key", required=True, help="Sent twice, it counts once.")
@refusals
def act_(number: str, act: str, fields: tuple[str, ...], author: str, reason: str, as_json: bool, key: str) -> None:
    """Do an act, such as: desk act SK0000001 points.adjust unit=miles amount=500 --author a@b.example --reason R --key K"""
    deployment, now = opened()
    sent = Sent(act, number, pairs_given(fields), reason, key)
    with deployment.store.transaction() as session:
        who = staff_who(session, author)
        answer = submit(session, deployment.program, deployment.roles, who, sent, now)
    if isinstance(answer, Done):
        _say(answer, "Recorded." if answer.fresh else "Recorded already, or nothing to change.", as_json)
    else:
        _say_asked(answer, as_json)


def _say(done: Done, told: str, as_json: bool) -> None:
    if as_json:
        emit(vars(done))
        return
    click.echo(told)
    for part in sorted(done.before.keys() | done.after.keys()):
        before, after = (json.dumps(side.get(part, {}), ensure_ascii=False) for side in (done.before, done.after))
        click.echo(f"  {part}: {before} -> {after}")


def _say_asked(asked: Asked, as_json: bool) -> None:
    if as_json:
        emit({"approval": asked.approval_id, "fresh": asked.fresh})
    else:
        click.echo(f"It waits for approval {asked.approval_id}.")


@desk.command()
@_sent
@refusals
def preview(number: str, act: str, fields: tuple[str, ...], author: str, reason: str, as_json: bool) -> None:
    """Tell what an act would come to: it is done, and taken back."""
    deployment, now = opened()
    sent = Sent(act, number, pairs_given(fields), reason, "preview")
    with deployment.store.reading() as session:
        who = staff_who(session, author)
    judged = verdict(deployment.roles, deployment.program, who, sent, now)
    if judged == "no":
        raise deciding.not_allowed(act)
    done = preview_act(deployment.store, deployment.program, who.actor, sent, now)
    _say(done, "It may be done." if judged == "yes" else "It may be asked for.", as_json)


@desk.command()
@click.option("--state", type=click.Choice(["waiting", "approved", "refused", "withdrawn"]), default="waiting")
@json_option
@refusals
def approvals(state: str, as_json: bool) -> None:
    """What was asked for, the oldest first."""
    deployment, _ = opened()
    with deployment.store.reading() as session:
        rows = [_approval(row) for row in deciding.approvals(session, state)]
    if as_json:
        emit(rows)
        return
    header = ("approval", "act", "member", "size", "asked_by", "reason", "decided_by", "why")
    table(header, [[row[name] for name in header] for row in rows], right=(0, 3))


def _approval(row: Any) -> dict[str, Any]:
    one = row.Approval
    return {
        "approval": one.approval_id, "act": one.act, "member": one.number, "input": json.loads(one.input), "size": one.size,
        "reason": one.reason, "asked_by": row.asked, "asked_at": one.asked_at, "decided_by": row.decided or "", "why": one.why,
    }  # fmt: skip


def _decide(author: str, decide: Callable[[Session, Deployment, Who, Any], Done | None]) -> Done | None:
    deployment, now = opened()
    with deployment.store.transaction() as session:
        return decide(session, deployment, staff_who(session, author), now)


approval_argument = click.argument("approval", type=int)
author_option = click.option("--author", required=True, help="A staff name.")


@desk.command()
@approval_argument
@author_option
@click.option("--reason", default="")
@json_option
@refusals
def approve(approval: int, author: str, reason: str, as_json: bool) -> None:
    """Approve what another asked for: it is done."""
    done = _decide(author, lambda session, deployment, who, now: deciding.approve(
        session, deployment.program, deployment.roles, who, approval, reason, now))  # fmt: skip
    if done is not None:
        _say(done, "Approved.", as_json)


@desk.command()
@approval_argument
@author_option
@click.option("--reason", required=True)
@refusals
def refuse(approval: int, author: str, reason: str) -> None:
    """Refuse what another asked for, and say why."""
    _decide(author, lambda session, deployment, who, now: deciding.refuse(
        session, deployment.program, deployment.roles, who, approval, reason, now))  # fmt: skip
    click.echo("Refused.")


@desk.command()
@approval_argument
@author_option
@refusals
def withdraw(approval: int, author: str) -> None:
    """Take back what the author asked for."""
    _decide(author, lambda session, _deployment, who, now: deciding.withdraw(session, who, approval, now))
    click.echo("Withdrawn.")
