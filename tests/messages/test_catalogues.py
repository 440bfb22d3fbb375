"""The catalogues of Chinese: complete, current, with the same placeholders; Traditional as it is written in Taiwan."""

import re
from string import Formatter

import pytest
from babel.messages.catalog import Message

from tests.messages.catalogue import LANGUAGES, extracted, known, path_of, untranslated, updated, written

EXTRACTED = extracted()


def texts(language: str) -> list[tuple[Message, str]]:
    """(message, translation) of a catalogue."""
    return [(one, one.string[0] if isinstance(one.string, tuple) else one.string) for one in known(language) if one.id]


def ids(message: Message) -> tuple[str, ...]:
    return tuple(message.id) if isinstance(message.id, tuple | list) else (message.id,)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated_and_none_is_stale(language: str) -> None:
    """Of the templates and of Python; what is missing is told by `make messages`."""
    catalogue = known(language)
    assert list(untranslated(updated(language))) == []
    assert {ids(one) for one in catalogue if one.id} == {ids(one) for one in EXTRACTED if one.id}
    assert [one.id for one in catalogue if one.fuzzy] == [] and not catalogue.obsolete
    assert written(updated(language)) == path_of(language).read_bytes(), "run: make messages"


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_is_one_form_for_every_number(language: str) -> None:
    catalogue = known(language)
    assert (catalogue.num_plurals, catalogue.plural_expr) == (1, "0")
    assert all(len(one.string) == 1 for one in catalogue if isinstance(one.string, tuple))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_placeholders_agree(language: str) -> None:
    for message, text in texts(language):
        assert placeholders(text) == placeholders(ids(message)[-1]), message.id
        assert re.sub(r"%\((\w+)\)s", "", text).count("%") == 0, message.id


def placeholders(text: str) -> list[str]:
    if "%(" in text:
        return sorted(re.findall(r"%\((\w+)\)s", text))
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name)


def test_each_script_is_its_own() -> None:
    """Simplified letters all stand in GB 2312, Traditional ones in Big5: each has none of the forms that only the other has."""
    for language, charset in (("zh_Hans", "gb2312"), ("zh_Hant", "cp950")):
        for message, text in texts(language):
            letters = "".join(letter for letter in text if "\u4e00" <= letter <= "\u9fff")
            assert letters.encode(charset, "ignore").decode(charset) == letters, (message.id, text)


#: Words of the mainland that are not said so in Taiwan, in Traditional letters, with what is said there.
MAINLAND = {
    "賬": "帳", "裏程": "哩程", "里程獎勵": "哩程", "昇艙": "升等", "升艙": "升等", "登錄": "登入", "郵箱": "信箱",
    "信息": "訊息", "設置": "設定", "短信": "簡訊", "激活": "啟用", "默認": "預設", "鏈接": "連結", "值機": "報到",
    "會員號": "會員編號", "批准": "核准", "保級": "續卡", "計劃": "計畫", "有效期至": "效期至",
}  # fmt: skip


def test_traditional_is_that_of_taiwan() -> None:
    told = [text for _, text in texts("zh_Hant")]
    for word, instead in MAINLAND.items():
        assert [text for text in told if word in text] == [], f"{word}; said there: {instead}"
    for word in ("會員", "卡籍", "續卡", "升等", "效期", "會員編號", "對帳單"):
        assert any(word in text for text in told), word


def test_it_was_written_and_not_converted() -> None:
    """Letter for letter the two would have the same length everywhere."""
    pairs = dict(zip([ids(one) for one, _ in texts("zh_Hans")], [text for _, text in texts("zh_Hans")], strict=True))
    other = [(pairs[ids(one)], text) for one, text in texts("zh_Hant")]
    assert sum(len(one) != len(two) for one, two in other) > len(other) // 10
