"""Alembic's environment: the connection is handed over by loyalty.jobs.migrate."""

from alembic import context

import loyalty.access.staff_tables
import loyalty.access.tables
import loyalty.audit.tables
import loyalty.benefits.tables
import loyalty.care.file_tables
import loyalty.care.tables
import loyalty.desk.tables
import loyalty.earning.tables
import loyalty.insight.tables
import loyalty.insight.trial_tables
import loyalty.jobs.tables
import loyalty.ledger.tables
import loyalty.members.tables
import loyalty.messages.tables
import loyalty.messages.webhook_tables
import loyalty.published.tables
import loyalty.status.tables  # noqa: F401 every table of the models must be known
from loyalty.store import Base

connection = context.config.attributes["connection"]
if connection.dialect.name == "postgresql":
    # a migration waits for nobody for long, and two never run at once
    connection.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7101001)")
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
