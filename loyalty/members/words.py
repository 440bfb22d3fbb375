"""The words by which members are found, and what was meant by one that was heard or typed wrong. Pure."""

import unicodedata
from collections.abc import Iterator

#: Words are no longer than this, and a member has no more of them.
LONGEST, MOST = 60, 24
#: So many of the last digits of a phone number tell it: before them it is written in many ways.
PHONE = 7
DIGITS = "0123456789"
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def plain(text: str) -> str:
    """A text in small letters without accents: Zoë -> zoe."""
    apart = unicodedata.normalize("NFKD", text.replace("\0", "").casefold())
    return unicodedata.normalize("NFC", "".join(one for one in apart if not unicodedata.combining(one)))


def split(text: str) -> list[str]:
    """The words of a name."""
    return "".join(one if one.isalnum() else " " for one in plain(text)).split()


def digits(text: str) -> str:
    """The digits of a text."""
    return "".join(one for one in text if one in DIGITS)


def words_of(name: str, email: str, phone: str) -> list[str]:
    """The words of a member. Of names without spaces, as Chinese ones, also each end: a given name is found by itself."""
    found = list(dict.fromkeys(end for word in split(name) for end in _ends(word[:LONGEST])))[:MOST]
    if email:
        found.append(plain(email)[:LONGEST])
    if len(digits(phone)) >= PHONE:
        found.append(digits(phone)[-PHONE:])
    return list(dict.fromkeys(found))


def _ends(word: str) -> Iterator[str]:
    yield word
    if not word.isascii() and len(word) <= 6 and all("\u3400" <= one <= "\u9fff" for one in word):
        yield from (word[at:] for at in range(1, len(word)))


def slips(text: str, letters: str) -> set[str]:
    """Every text that is this one but for one letter: wrong, missing, too many, or two of them swapped; itself not."""
    found = {text[:at] + text[at + 1 :] for at in range(len(text))}
    for one in letters:
        found.update(text[:at] + one + text[at + 1 :] for at in range(len(text)))
        found.update(text[:at] + one + text[at:] for at in range(len(text) + 1))
    found.update(text[:at] + text[at + 1] + text[at] + text[at + 2 :] for at in range(len(text) - 1))
    return found - {text, ""}


def number_slips(number: str) -> set[str]:
    """Member numbers that differ from one by one slip in its digits; what is no digit stays as it is."""
    at = next((n for n, one in enumerate(number) if one in DIGITS), len(number))
    head, tail = number[:at], number[at:]
    return {head + other for other in slips(tail, DIGITS)} if tail and set(tail) <= set(DIGITS) else set()


def completed(given: str, shape: str) -> str:
    """Digits of a number made a whole one after the shape of another: 240 after SK000000999 -> SK000000240."""
    at = next((n for n, one in enumerate(shape) if one in DIGITS), len(shape))
    head, width = shape[:at], len(shape) - at
    return head + given.rjust(width, "0") if given and set(given) <= set(DIGITS) and len(given) <= width else given


def phones(given: str) -> set[str]:
    """The digits of the phone numbers that may be meant, with one slip or none; none for what is too short."""
    known = digits(given)
    if len(known) < PHONE - 1:
        return set()
    return {one for one in {known, *slips(known[-PHONE - 3 :], DIGITS)} if len(one) >= PHONE}


def is_phone(kept: str, meant: str) -> bool:
    """Whether a phone number is the one whose digits are meant: one of the two may begin further on, with or without a 0."""
    own, other = digits(kept).lstrip("0"), meant.lstrip("0")
    return own.endswith(other) or other.endswith(own)
