"""The customer file of a program: what it may name, and what is in each of its groups."""

from collections.abc import Iterator

from loyalty.program.conditions import Tell
from loyalty.program.models import CustomerFile, FileField, ProgramFile
from loyalty.program.names import one_of_text, unknown
from loyalty.program.problems import listed
from loyalty.program.texts import check_languages, names_of_fields

#: What every file has of the member, whatever the program: the profile, and what stands beside it.
PROFILE = ("name", "email", "phone", "language")
BESIDE = ("household", "contacts", "competitors")


def check_file(head: ProgramFile, tell: Tell) -> None:
    """Fields under names that are free, with texts in every language; weights of what there is."""
    file, way = head.customer_file, ("customer_file", "fields")
    taken = [*PROFILE, *BESIDE, *head.members.attributes]
    for name, about in file.fields.items():
        if name in taken:
            tell((*way, name), f"the name {name} is taken already; allowed: any but {listed(taken)}")
        one_of_text(name, about, (*way, name), tell)
    for where, texts in names_of_fields(file.fields, way):
        check_languages(texts, head.languages, where, tell)
    known = [*taken, *file.fields]
    for name in file.completeness:
        if name not in known:
            tell(("customer_file", "completeness", name), unknown("fact", name, known))


def fields_in(file: CustomerFile, group: str) -> Iterator[tuple[str, FileField]]:
    """The fields of a group, in the order of the program."""
    return ((name, about) for name, about in file.fields.items() if about.group == group)
