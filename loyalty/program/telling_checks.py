"""Checks of messages.yaml against the rest of an edition, and its conditions made ready to ask."""

from collections.abc import Mapping

from loyalty.program.asking import RequestsFile
from loyalty.program.catalog import BenefitsFile
from loyalty.program.conditions import Tell, Test, always, compile_condition
from loyalty.program.ladder import LadderFile
from loyalty.program.models import Attribute, ProgramFile
from loyalty.program.names import once, unknown
from loyalty.program.problems import nearest
from loyalty.program.reader import Way
from loyalty.program.scope import Scope, Subject, member_scope
from loyalty.program.telling import FIELDS, MessageKind, MessagesFile
from loyalty.program.texts import check_languages
from loyalty.settings import folder

#: The parts of a message's folder of templates.
PARTS = ("subject.txt", "body.txt", "body.html")


def check_telling(
    file: MessagesFile, head: ProgramFile, ladder: LadderFile, benefits: BenefitsFile, requests: RequestsFile, tell: Tell
) -> None:
    """messages.yaml by itself, against the ladder, the benefits and the templates that there are."""
    attributes = head.members.attributes
    once([message.name for message in file.messages], "message", lambda n: ("messages", n, "name"), tell)
    _attribute(file.zone, "text", attributes, ("zone",), tell)
    _attribute(file.born, "day", attributes, ("born",), tell)
    _texts(file, head.languages, tell)
    known = known_values(ladder, benefits, requests)
    for n, message in enumerate(file.messages):
        way: Way = ("messages", n)
        if message.consent not in file.consents:
            tell((*way, "consent"), unknown("consent", message.consent, list(file.consents)))
        if message.of == "birthday" and file.born is None:
            tell((*way, "of"), "a birthday needs born, the attribute that is the date of birth")
        _template(message.name, (*way, "name"), tell)
        test_of(message, tuple(tier.id for tier in ladder.tiers), attributes, known, (*way, "when"), tell)


def known_values(ladder: LadderFile, benefits: BenefitsFile, requests: RequestsFile) -> Mapping[tuple[str, str], list[str]]:
    """What some fields may hold: (source, field) -> values."""
    choices = [choice.id for choice in benefits.choices]
    awards = [one.id for one in ladder.milestones] + [one.id for one in ladder.deposits]
    milestones = [one.id for one in ladder.milestones if one.choice is not None]
    return {
        ("award", "name"): awards + choices,
        ("choosing", "name"): milestones + choices,
        ("request", "request"): [kind.id for kind in requests.requests],
    }


def test_of(
    message: MessageKind, tiers: tuple[str, ...], attributes: Mapping[str, Attribute],
    known: Mapping[tuple[str, str], list[str]], way: Way, tell: Tell,
) -> Test:  # fmt: skip
    """The condition of a message, asked of a case: the fact's fields in their order, the member's tier, the attributes."""
    if message.when is None:
        return always
    fields: dict[str, Subject] = {
        name: _field(name, n, kind, tiers if kind == "tier" else one_of or tuple(known.get((message.of, name), ())) or None)
        for n, (name, (kind, one_of)) in enumerate(FIELDS[message.of].items())
    }
    scope: Scope = fields | {"tier": Subject("tier", "tier", lambda case: case[1], tiers)} | member_scope(attributes)
    return compile_condition(message.when, scope, way, tell)


def _field(name: str, n: int, kind: str, one_of: tuple[str, ...] | None) -> Subject:
    return Subject(name, kind, lambda case: case[0][n], one_of)


def _attribute(name: str | None, kind: str, attributes: Mapping[str, Attribute], way: Way, tell: Tell) -> None:
    if name is None:
        return
    fitting = [known for known, about in attributes.items() if about.type == kind]
    if name not in attributes:
        tell(way, unknown("attribute", name, fitting))
    elif name not in fitting:
        tell(way, f"{name} is {attributes[name].type}; allowed: an attribute of type {kind}")


def _template(name: str, way: Way, tell: Tell) -> None:
    """The folder of templates, with each of its parts."""
    place = folder("templates") / "mail"
    names = sorted(path.name for path in place.iterdir() if (path / PARTS[0]).is_file()) if place.is_dir() else []
    if name not in names:
        tell(way, f"there is no folder of templates {name} in templates/mail.{nearest(name, names)}")
        return
    for part in PARTS:
        if not (place / name / part).is_file():
            tell(way, f"the folder of templates {name} lacks {part}")


def _texts(file: MessagesFile, languages: tuple[str, ...], tell: Tell) -> None:
    texts: list[tuple[Way, Mapping[str, str] | None]] = [(("sender",), file.sender)]
    for name, consent in file.consents.items():
        texts += [(("consents", name, "name"), consent.name), (("consents", name, "sentence"), consent.sentence)]
    for way, text in texts:
        if text is not None:
            check_languages(text, languages, way, tell)
