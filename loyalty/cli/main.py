"""The `loyalty` command and its groups."""

import gc

import click

from loyalty import __version__
from loyalty.cli.activities import activities, entries
from loyalty.cli.audit import audit
from loyalty.cli.benefits import benefit, benefits_
from loyalty.cli.cases import cases
from loyalty.cli.demo import demo
from loyalty.cli.desk import desk
from loyalty.cli.drafts import drafts, publish
from loyalty.cli.facts import status
from loyalty.cli.jobs import db, recalculate, verify
from loyalty.cli.members import members
from loyalty.cli.messages import messages
from loyalty.cli.plan import plan
from loyalty.cli.preferences import change, consent, digest
from loyalty.cli.preview import preview
from loyalty.cli.program import program
from loyalty.cli.requests import requests
from loyalty.cli.schedule import health, jobs, run, schedule
from loyalty.cli.services import services
from loyalty.cli.serving import serve
from loyalty.cli.staff import staff
from loyalty.cli.staff_bulk import bulk
from loyalty.cli.status import explain, ladder, member
from loyalty.cli.trying import try_
from loyalty.cli.webhook_deliveries import deliveries, replay
from loyalty.cli.webhooks import webhooks


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="loyalty")
def main() -> None:
    """A loyalty program engine: members earn, climb and fall by published rules, and every figure has its reason.

    One deployment runs one program: LOYALTY_PROGRAM names it (skyway by default), LOYALTY_DATABASE_URL its database
    (an SQLite file, loyalty.db, by default).
    """
    # chunks make and drop many small objects without cycles: looking for cycles often took a fifth of an import
    gc.set_threshold(100_000)


for command in (demo, db, program, members, activities, entries, member, explain, plan, ladder, status, benefits_, benefit,
                services, requests, cases, messages, webhooks, recalculate, verify, run, schedule, jobs, health,
                serve, staff, desk, audit):  # fmt: skip
    main.add_command(command)
for command in (consent, digest, change):
    members.add_command(command)
messages.add_command(preview)
staff.add_command(bulk)
for command in (try_, drafts, publish):
    program.add_command(command)
webhooks.add_command(deliveries)
webhooks.add_command(replay)
