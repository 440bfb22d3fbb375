"""The texts of an edition: none may be missing in a language of the program."""

from collections.abc import Mapping

from loyalty.program.conditions import Tell
from loyalty.program.problems import listed, nearest
from loyalty.program.reader import Way


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
