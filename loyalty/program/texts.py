"""The texts of an edition: where each stands, so that none is missing in a language of the program."""

from collections.abc import Iterator, Mapping

from loyalty.program.asking import RequestsFile
from loyalty.program.catalog import Benefit, BenefitsFile
from loyalty.program.conditions import Tell
from loyalty.program.ladder import LadderFile
from loyalty.program.models import ActivitiesFile, ActivityField, Attribute, EarningFile, UnitsFile
from loyalty.program.problems import listed, nearest
from loyalty.program.reader import Way

#: A text in every language, and the way to it from its file's name on.
Text = tuple[Way, Mapping[str, str]]


def check_languages(texts: Mapping[str, str], languages: tuple[str, ...], way: Way, tell: Tell) -> None:
    """A text in every language of the program, and in no other."""
    missing = [language for language in languages if language not in texts]
    if missing:
        tell(
            way,
            f"the text in {listed(missing)} is missing; allowed: every language of the program, {listed(languages)}",
        )
    for language in texts:
        if language not in languages:
            hint = nearest(language, languages)
            tell((*way, language), f"the language {language} is not the program's; allowed: {listed(languages)}.{hint}")


def texts_of(
    units: UnitsFile | None,
    activities: ActivitiesFile | None,
    earning: EarningFile | None,
    ladder: LadderFile | None,
    benefits: BenefitsFile | None,
    requests: RequestsFile | None,
) -> Iterator[Text]:
    """Every text of the files that could be read."""
    for name, unit in units.units.items() if units else ():
        yield ("units", "units", name, "name"), unit.name
    for name, kind in activities.activities.items() if activities else ():
        yield ("activities", "activities", name, "name"), kind.name
        yield from names_of_fields(kind.fields, ("activities", "activities", name, "fields"))
    for n, line in enumerate(earning.lines if earning else ()):
        yield ("earning", "lines", n, "name"), line.name
    for part in ("tiers", "milestones", "offers"):
        for n, named in enumerate(getattr(ladder, part) if ladder else ()):
            yield ("ladder", part, n, "name"), named.name
    yield from _chart(benefits) if benefits else ()
    yield from _asking(requests) if requests else ()


def names_of_fields(fields: Mapping[str, ActivityField] | Mapping[str, Attribute], way: Way) -> Iterator[Text]:
    """What fields, and their values, are called."""
    for name, about in fields.items():
        if about.name is not None:
            yield (*way, name, "name"), about.name
        for value, text in about.names.items():
            yield (*way, name, "names", value), text


def _chart(file: BenefitsFile) -> Iterator[Text]:
    for part in ("categories", "benefits", "instruments", "choices", "campaigns", "sharing"):
        for n, named in enumerate(getattr(file, part)):
            yield ("benefits", part, n, "name"), named.name
    for name, parameter in file.parameters.items():
        yield ("benefits", "parameters", name, "name"), parameter.name
        for value, about in parameter.values.items():
            yield ("benefits", "parameters", name, "values", value, "name"), about.name
    for n, benefit in enumerate(file.benefits):
        yield from _benefit(benefit, ("benefits", "benefits", n))
    for n, instrument in enumerate(file.instruments):
        if instrument.sentence is not None:
            yield ("benefits", "instruments", n, "sentence"), instrument.sentence
    for n, choice in enumerate(file.choices):
        for option, given in choice.options.items():
            yield ("benefits", "choices", n, "options", option, "name"), given.name


def _benefit(benefit: Benefit, way: Way) -> Iterator[Text]:
    if benefit.sentence is not None:
        yield (*way, "sentence"), benefit.sentence
    if benefit.small_print is not None:
        yield (*way, "small_print"), benefit.small_print
    for word, text in benefit.words.items():
        yield (*way, "words", word), text


def _asking(file: RequestsFile) -> Iterator[Text]:
    for name, service in file.services.items():
        yield ("requests", "services", name, "name"), service.name
        yield from names_of_fields(service.fields, ("requests", "services", name, "fields"))
        for class_, text in service.classes.items():
            yield ("requests", "services", name, "classes", class_), text
    for n, kind in enumerate(file.requests):
        yield ("requests", "requests", n, "name"), kind.name
        yield from names_of_fields(kind.fields, ("requests", "requests", n, "fields"))
        if kind.sentence is not None:
            yield ("requests", "requests", n, "sentence"), kind.sentence
        for q, queue in enumerate(kind.queues):
            yield ("requests", "requests", n, "queues", q, "name"), queue.name
