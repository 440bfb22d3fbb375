"""How acts on a member's file and cases are done: by the operations of care."""

from loyalty.care import filing, operations
from loyalty.desk.doing import Doing


def change_file(doing: Doing) -> bool:
    return filing.change_fields(doing.session, doing.program.file.customer_file, doing.account.member_id, doing.input.facts)


def review_file(doing: Doing) -> bool:
    return filing.review(doing.session, doing.account.member_id, doing.author, doing.now)


def assign_manager(doing: Doing) -> bool:
    return filing.assign(doing.session, doing.account.member_id, doing.input.manager)


def set_contact(doing: Doing) -> bool:
    one = doing.input
    wanted = filing.Contact(one.name, one.relation, one.phone, one.email, one.note)
    return filing.set_contact(doing.session, doing.account.member_id, one.contact or "", wanted, doing.key, doing.now)


def remove_contact(doing: Doing) -> bool:
    filing.remove_contact(doing.session, doing.account.member_id, doing.input.contact)
    return True


def set_competitor(doing: Doing) -> bool:
    one = doing.input
    wanted = filing.Competitor(one.program, one.as_of or doing.today, one.their_tier, one.share, one.known_by)
    return filing.set_competitor(doing.session, doing.account.member_id, one.competitor or "", wanted, doing.key, doing.now)


def remove_competitor(doing: Doing) -> bool:
    filing.remove_competitor(doing.session, doing.account.member_id, doing.input.competitor)
    return True


def answer_case(doing: Doing) -> bool:
    one = doing.input
    said = operations.Answer(doing.author, one.text, one.source if one.activity else "", one.activity)
    return operations.answer(doing.session, doing.account, one.case, said, doing.now)


def close_case(doing: Doing) -> bool:
    operations.close(doing.session, doing.account, doing.input.case, doing.author, doing.input.text, doing.now)
    return True
