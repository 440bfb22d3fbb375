"""Everything that is kept about a member, as one ZIP: a JSON file for each table that has rows of the member."""

import io
import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from sqlalchemy import Table, exists, select
from sqlalchemy.orm import Session

import loyalty.access.tables
import loyalty.audit.tables
import loyalty.benefits.tables
import loyalty.care.file_tables
import loyalty.care.tables
import loyalty.desk.tables
import loyalty.earning.tables
import loyalty.insight.tables
import loyalty.jobs.tables
import loyalty.ledger.tables
import loyalty.members.tables
import loyalty.messages.tables
import loyalty.messages.webhook_tables
import loyalty.status.tables  # noqa: F401 every table must be known
from loyalty.store import Base

#: Rows read, and written, at a time.
STRETCH = 1000


class _Pipe(io.RawIOBase):
    """A file that is taken away as it is written."""

    def __init__(self) -> None:
        self.written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.written += data
        return len(data)

    def taken(self) -> bytes:
        """What was written since it was taken last."""
        data, self.written = bytes(self.written), bytearray()
        return data


def tables_of_members() -> list[Table]:
    """Every table that can have rows of a member: found by the column that says whose they are, so that none is forgotten."""
    return [table for table in Base.metadata.sorted_tables if "member_id" in table.columns]


def zipped(session: Session, member_id: int, at: datetime) -> Iterator[bytes]:
    """The ZIP in pieces, made while it is read.

    What staff noted about the member is in it, also of other programs. What only proves who somebody is, and what is others'
    (who of the staff, how to reach a contact), is left out (`info` secret).
    """
    pipe = _Pipe()
    with ZipFile(pipe, "w", ZIP_DEFLATED) as archive:
        for table in tables_of_members():
            if session.scalar(select(exists().where(table.c.member_id == member_id))):
                head = ZipInfo(f"{table.name}.json", at.timetuple()[:6])
                head.compress_type = ZIP_DEFLATED
                with archive.open(head, "w", force_zip64=True) as file:
                    for piece in _rows(session, table, member_id):
                        file.write(piece.encode())
                        yield pipe.taken()
    yield pipe.taken()


def _rows(session: Session, table: Table, member_id: int) -> Iterator[str]:
    """The rows of a table as a JSON list, in pieces."""
    columns = [column for column in table.columns if not column.info.get("secret")]
    query = select(*columns).where(table.c.member_id == member_id).order_by(*table.primary_key.columns)
    first = True
    for rows in session.execute(query.execution_options(yield_per=STRETCH)).partitions():
        texts = [json.dumps(dict(row._mapping), ensure_ascii=False, default=_plain) for row in rows]
        yield ("[\n" if first else ",\n") + ",\n".join(texts)
        first = False
    yield "\n]\n"


def _plain(value: Any) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else str(value)
