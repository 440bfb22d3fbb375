"""What there is to translate, and the catalogues brought up to date with it: `make messages`.

    python -m tests.messages.catalogue

A text that is new stands in each catalogue without a translation until someone writes one; tests fail until then.
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from loyalty.i18n import FOLDER

ROOT = Path(__file__).parent.parent.parent
LANGUAGES = ("zh_Hans", "zh_Hant")
#: What marks a text: `_("...")` and `many(n, "...", "...")` in Python, `_` and `ngettext` in templates.
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "many": (2, 3)}
#: Which files are read, below which folder, and how.
SOURCES = {
    ROOT / "loyalty": [("**.py", "python")],
    ROOT / "templates" / "mail": [("**.html", "jinja2"), ("**.txt", "jinja2")],
    ROOT / "templates" / "portal": [("**.html", "jinja2")],
    ROOT / "templates" / "staff": [("**.html", "jinja2")],
}
OPTIONS = {"**.html": {"silent": "false"}, "**.txt": {"silent": "false"}}


def extracted() -> Catalog:
    """Every text of the code and of the templates."""
    catalogue = Catalog(charset="utf-8")
    for folder, methods in SOURCES.items():
        for _path, _line, text, _comments, _context in extract_from_dir(
            folder, method_map=methods, options_map=OPTIONS, keywords=KEYWORDS, comment_tags=()
        ):
            catalogue.add(text)
    return catalogue


def path_of(language: str) -> Path:
    return FOLDER / language / "LC_MESSAGES" / "messages.po"


def known(language: str) -> Catalog:
    """The catalogue of a language; an empty one where there is none yet."""
    path = path_of(language)
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def updated(language: str) -> Catalog:
    """A language's catalogue with every text of today and no other. Nothing is guessed from texts that look alike."""
    before = known(language)
    catalogue = Catalog(locale=language, project="loyalty", charset="utf-8", fuzzy=False)
    catalogue._num_plurals, catalogue._plural_expr = 1, "0"  # Chinese has one form for every number
    for message in extracted():
        if message.id:
            mine = before.get(message.id)
            catalogue.add(message.id, string=mine.string if mine is not None else None)
    return catalogue


def written(catalogue: Catalog) -> bytes:
    """The file: in the order of the texts, without places and dates, so that two branches seldom touch the same line."""
    file = BytesIO()
    write_po(file, catalogue, omit_header=True, no_location=True, sort_output=True, width=0)
    head = (
        'msgid ""\nmsgstr ""\n'
        f'"Language: {catalogue.locale}\\n"\n"Plural-Forms: nplurals=1; plural=0;\\n"\n'
        '"MIME-Version: 1.0\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n\n'
    )
    return head.encode() + file.getvalue()


def untranslated(catalogue: Catalog) -> Iterator[str]:
    """The texts without a translation."""
    for message in catalogue:
        if message.id and not all(message.string if isinstance(message.string, tuple) else [message.string]):
            yield message.id if isinstance(message.id, str) else message.id[0]


def main() -> None:
    for language in LANGUAGES:
        path = path_of(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        catalogue = updated(language)
        path.write_bytes(written(catalogue))
        missing = list(untranslated(catalogue))
        print(f"{path.relative_to(ROOT)}: {len(catalogue)} texts, {len(missing)} without a translation")
        for text in missing:
            print(f"  {text}")


if __name__ == "__main__":
    main()
