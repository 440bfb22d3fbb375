"""What a filter of unwanted mail thinks: SpamAssassin, with its tests that ask the network turned off."""

import mailbox
import os
import re
import shutil
import subprocess
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from loyalty.messages.previews import letter, previews
from loyalty.messages.rendering import kinds
from loyalty.program.load import load
from tests.conftest import ROOT

TODAY = date(2026, 11, 27)
#: Five points make a mail unwanted by default.
HIGHEST = 2.0
SPAMASSASSIN = shutil.which("spamassassin")


@pytest.mark.skipif(
    SPAMASSASSIN is None and os.environ.get("CI") != "true",
    reason="spamassassin is not installed (apt-get install spamassassin)",
)
def test_every_kind_in_every_language_scores_low(tmp_path: Path) -> None:
    assert SPAMASSASSIN is not None, "CI must have spamassassin"
    skyway = load(ROOT / "config" / "programs" / "skyway")
    box = mailbox.mbox(tmp_path / "mails")
    found = list(previews(skyway, kinds(), skyway.editions[-1].chart.tiers[2], skyway.file.languages, TODAY))
    for one in found:
        box.add(letter(one, skyway, TODAY))
    box.close()
    with (tmp_path / "mails").open("rb") as mails:
        answer = subprocess.run(
            [SPAMASSASSIN, "--local", "--mbox"], stdin=mails, capture_output=True, check=True,
            env={**os.environ, "HOME": str(tmp_path)},
        )  # fmt: skip
    judged = tmp_path / "judged"
    judged.write_bytes(answer.stdout)
    with closing(mailbox.mbox(judged)) as answers:
        scores = {mail["Message-ID"]: _score(mail["X-Spam-Status"]) for mail in answers}
    assert scores.keys() == {f"<{one.name}@example.com>" for one in found}
    assert {name: told for name, told in scores.items() if told[0] >= HIGHEST} == {}


def _score(status: str) -> tuple[float, str]:
    """The points, and the rules that gave them."""
    status = " ".join(status.split())
    points = re.search(r"score=(-?[0-9.]+)", status)
    assert points is not None, status
    return float(points[1]), status
