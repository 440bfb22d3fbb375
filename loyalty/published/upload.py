"""What somebody sent as an edition: a ZIP or its files, taken only where it is an edition and nothing else. Pure."""

import io
import stat
import zipfile
from collections.abc import Iterable, Iterator, Sequence

from loyalty.errors import Refused
from loyalty.i18n import Text, _
from loyalty.program.load import EDITION_FILES
from loyalty.program.problems import listed, nearest

#: Bytes of one file, and entries of a ZIP, at most. A program's files are a fraction of it.
MOST_BYTES, MOST_ENTRIES = 256 * 1024, 40
#: Bytes of everything that is sent, at most.
MOST_SENT = (len(EDITION_FILES) + 1) * MOST_BYTES
#: What the Finder puts into a ZIP beside what was meant.
LITTER = ("__MACOSX/", ".DS_Store")

BESIDE = Text(_("files beside each other, at the top or in one folder"))

#: A file's name and its bytes.
Sent = tuple[str, bytes]


def read_upload(sent: Sequence[Sent]) -> dict[str, str]:
    """The text of each file of an edition by name, from one ZIP or from the files themselves.

    In a ZIP they may stand in one folder. Raises Refused: `bad_upload` for anything else: an unknown name, a path, a link, two
    of one name, what is too large, encrypted, no ZIP, or no UTF-8 (with the line); `missing_field` for nothing at all.
    """
    given = [one for one in sent if one[0]]
    if not given:
        raise Refused("missing_field", field="files", allowed=listed(EDITION_FILES))
    zipped = [one for one in given if one[0].lower().endswith(".zip")]
    if zipped and len(given) > 1:
        raise _bad(zipped[0][0], Text(_("there are other files beside it")), Text(_("one ZIP alone, or the files themselves")))
    found: dict[str, str] = {}
    for name, content in _entries(*zipped[0]) if zipped else given:
        _named(name)
        if name in found:
            raise _bad(name, Text(_("it is there twice")), Text(_("each file once")))
        if len(content) > MOST_BYTES:
            raise _too_large(name)
        found[name] = _text(name, content)
    return found


def _bad(file: str, why: str, allowed: str, near: str = "") -> Refused:
    return Refused("bad_upload", file=file[:80], why=why, allowed=allowed, nearest=near)


def _too_large(name: str) -> Refused:
    return _bad(name, Text(_("it is too large")), Text(_("at most {bytes} bytes"), bytes=str(MOST_BYTES)))


def _named(name: str) -> None:
    if name not in EDITION_FILES:
        near = nearest(name, EDITION_FILES)
        raise _bad(name, Text(_("no edition has such a file")), listed(EDITION_FILES), near)


def _text(name: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _bad(f"{name}:{line}", Text(_("this is no UTF-8 text")), Text(_("UTF-8"))) from None


def _entries(name: str, content: bytes) -> Iterator[Sent]:
    """The files of a ZIP, by their names without the folder. Nothing is ever written to disk, and no more is unpacked than is
    allowed."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = [one for one in archive.infolist() if not one.is_dir() and not _litter(one.filename)]
            if len(infos) > MOST_ENTRIES:
                raise _bad(name, Text(_("there are too many files in it")), listed(EDITION_FILES))
            _one_folder(name, (one.filename for one in infos))
            for info in infos:
                yield info.filename.rpartition("/")[2], _unpacked(archive, info)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError) as error:
        raise _bad(name, Text(_("it cannot be opened ({error})"), error=str(error)[:80]), Text(_("a ZIP"))) from None


def _litter(path: str) -> bool:
    return path.startswith(LITTER[0]) or path.rpartition("/")[2] == LITTER[1]


def _one_folder(name: str, paths: Iterable[str]) -> None:
    """All files stand beside each other, at the top or in one folder; a path that leads elsewhere is refused."""
    folders = set()
    for path in paths:
        folder, _stroke, _file = path.rpartition("/")
        if "\\" in path or "/" in folder or folder in (".", "..") or path.startswith("/"):
            raise _bad(path, Text(_("a path is refused")), BESIDE)
        folders.add(folder)
    if len(folders) > 1:
        raise _bad(name, Text(_("its files stand in several folders")), BESIDE)


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if stat.S_ISLNK(info.external_attr >> 16):
        raise _bad(info.filename, Text(_("a link is refused")), Text(_("a file")))
    if info.flag_bits & 1:
        raise _bad(info.filename, Text(_("it is encrypted")), Text(_("a file that anybody can open")))
    with archive.open(info) as file:
        content = file.read(MOST_BYTES + 1)  # whatever size the ZIP claims
    if len(content) > MOST_BYTES:
        raise _too_large(info.filename)
    return content
