"""The program for everybody: every ladder in every language, the tier of who is signed in marked, editions to come."""

import re
from dataclasses import replace

import pytest

from loyalty.jobs.deployment import Deployment, program_names
from loyalty.settings import Settings
from loyalty.web import create_app
from tests.conftest import NOON, ROOT
from tests.web.acts import give
from tests.web.portal import SECRET, Portal

PROGRAMS = program_names(Settings(config=str(ROOT / "config")))


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_ladder_is_told_in_every_language(name: str) -> None:
    """Without a database: what is promised needs none."""
    deployment = Deployment(Settings(program=name, secret=SECRET, database_url="sqlite://"))
    head = deployment.program.file.model_copy(update={"languages": ("en", "zh_Hans", "zh_Hant")})
    program = replace(deployment.program, file=head)  # offered in all languages, whichever its own texts stand in
    deployment.__dict__["program"] = program
    client = create_app(deployment, lambda: NOON).test_client()
    for code in head.languages:
        for address in ("/program", "/program/tiers"):
            answer = client.get(address, headers={"Accept-Language": code.replace("_", "-")})
            assert answer.status_code == 200, (name, code, address)
            for tier in (deployment.program.edition_on(NOON.date()) or deployment.program.editions[0]).ladder.tiers:
                assert f'data-tier="{tier.id}"' in answer.text
            assert "style=" not in answer.text
    assert len(re.findall("<h1", answer.text)) == 1


def test_editions_to_come_can_be_chosen_and_others_not() -> None:
    qantas = Deployment(Settings(program="qantas", secret=SECRET, database_url="sqlite://"))
    client = create_app(qantas, lambda: NOON).test_client()
    page = client.get("/program/tiers").text
    coming = [edition.name for edition in qantas.program.editions if edition.begins > NOON.date()]
    assert coming and all(f"from={name}" in page for name in coming)
    told = client.get(f"/program/tiers?from={coming[-1]}").text
    assert told != page and 'aria-current="page">From' in told
    assert client.get("/program/tiers?from=1999-01-01").status_code == 404


def test_the_tier_of_who_is_signed_in_is_marked(deploy: object) -> None:
    portal = Portal(deploy())  # type: ignore[operator]
    member = portal.enrol("M")
    give(portal, "M", "gold")
    for address in ("/program", "/program/tiers"):
        mine = portal.client(member).get(address).text
        assert re.findall(r'data-tier="([a-z]+)"><span class="pill">your tier', mine) == ["gold"]
        assert "your tier" not in portal.client().get(address).text
