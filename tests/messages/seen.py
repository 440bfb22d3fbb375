"""What a reader of a mail sees: the text of its HTML, element by element."""

import re
import warnings
from collections.abc import Iterator
from xml.etree.ElementTree import Element

import html5lib

#: Elements of whose content nothing is seen.
HIDDEN = {"head", "style", "script", "title"}


def tree(html: str) -> Element:
    """The document. Raises html5lib's ParseError for anything that the HTML standard calls an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(html)


def elements(root: Element, *names: str) -> Iterator[Element]:
    """The elements of some names, in order."""
    yield from (one for one in root.iter() if one.tag in names)


def words(root: Element) -> str:
    """All that is seen, blanks as one; the text that shows before the mail is opened among it."""
    return " ".join(" ".join(_pieces(root)).split())


def _pieces(element: Element) -> Iterator[str]:
    if element.tag in HIDDEN or not isinstance(element.tag, str):
        return
    yield element.text or ""
    for child in element:
        yield from _pieces(child)
        yield child.tail or ""


def figures(text: str) -> set[str]:
    """Every number of a text, as it is written."""
    return set(re.findall(r"\d(?:[\d.,:]*\d)?", text))
