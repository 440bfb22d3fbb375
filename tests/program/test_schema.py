"""The JSON Schemas of a program's files: JSON Schema of 2020-12 that takes what the loader takes."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from loyalty.cli.main import main
from loyalty.members.mapping import MappingFile
from loyalty.program.load import EDITION_FILES
from loyalty.program.models import ProgramFile
from loyalty.program.reader import read
from loyalty.program.schema import keys_at, schema_of

SCHEMAS = {file: schema_of(shape, file) for file, shape in {"program.yaml": ProgramFile, **EDITION_FILES}.items()}
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}
BASE, PROMISED = Path(__file__).parent / "base", Path(__file__).parent / "promised"

# --- as much of JSON Schema as the schemas of a program use -------------------------------------------------------


def is_type(name: str, value: Any) -> bool:
    return isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


#: Of a keyword: whether its value accepts a value that has the type it speaks of.
MEANINGS: dict[str, tuple[type, Callable[[Any, Any], bool]]] = {
    "type": (object, is_type),
    "enum": (object, lambda allowed, value: value in allowed),
    "const": (object, lambda allowed, value: value == allowed),
    "pattern": (str, lambda pattern, value: re.search(pattern, value) is not None),
    "required": (dict, lambda names, value: set(names) <= set(value)),
    "minProperties": (dict, lambda least, value: len(value) >= least),
    "minItems": (list, lambda least, value: len(value) >= least),
    "minimum": (int, lambda least, value: value >= least),
    "maximum": (int, lambda most, value: value <= most),
    "exclusiveMaximum": (int, lambda limit, value: value < limit),
}
SAID = {"$schema", "$defs", "title", "description", "default", "format"}
NESTED = {"$ref", "anyOf", "oneOf", "items", "properties", "patternProperties", "additionalProperties"}


def fits(value: Any, schema: Any, root: dict[str, Any]) -> bool:
    """Whether a value is valid against a schema."""
    if isinstance(schema, bool):
        return schema
    plain = all(
        accepts(schema[keyword], value)
        for keyword, (kind, accepts) in MEANINGS.items()
        if keyword in schema and isinstance(value, kind)
    )
    return (
        plain and _fits_choices(value, schema, root) and all(fits(inner, below, root) for inner, below in _below(value, schema))
    )


def _fits_choices(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    named = root["$defs"][schema["$ref"].removeprefix("#/$defs/")] if "$ref" in schema else True
    any_of = [fits(value, option, root) for option in schema.get("anyOf", [True])]
    one_of = [fits(value, option, root) for option in schema.get("oneOf", [True])]
    return fits(value, named, root) and any(any_of) and sum(one_of) == 1


def _below(value: Any, schema: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, list):
        yield from ((item, schema.get("items", True)) for item in value)
    elif isinstance(value, dict):
        yield from ((inner, _of_key(key, schema)) for key, inner in value.items())


def _of_key(key: str, schema: dict[str, Any]) -> Any:
    if key in schema.get("properties", {}):
        return schema["properties"][key]
    patterns = [inner for pattern, inner in schema.get("patternProperties", {}).items() if re.search(pattern, key)]
    return patterns[0] if patterns else schema.get("additionalProperties", True)


def parts(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A schema and every schema within it."""
    yield schema
    named = [schema.get(keyword, {}) for keyword in ("$defs", "properties", "patternProperties")]
    within = [inner for block in named for inner in block.values()]
    within += [*schema.get("anyOf", ()), *schema.get("oneOf", ()), schema.get("items"), schema.get("additionalProperties")]
    for inner in within:
        if isinstance(inner, dict):
            yield from parts(inner)


# --- what they must be ----------------------------------------------------------------------------------------------


def value_of(file: str) -> Any:
    """A file of the valid program, as read."""
    folders = {"program.yaml": BASE, "benefits.yaml": PROMISED, "requests.yaml": PROMISED, "messages.yaml": PROMISED}
    folder = folders.get(file, BASE / "editions" / "2024-01-01")
    return read(file, (folder / file).read_text(encoding="utf-8")).value


@pytest.mark.parametrize("file", SCHEMAS)
def test_a_schema_is_json_schema_of_2020_12(file: str) -> None:
    schema = SCHEMAS[file]
    assert (schema["$schema"], schema["title"], schema["type"]) == (
        "https://json-schema.org/draft/2020-12/schema", file, "object",
    )  # fmt: skip
    for part in parts(schema):
        assert set(part) <= {*MEANINGS, *NESTED, *SAID}
        assert part.get("type", "null") in TYPES
        assert part.get("$ref", "#/$defs/").startswith("#/$defs/")
        assert part.get("$ref", "").removeprefix("#/$defs/") in {"", *schema.get("$defs", {})}
        assert set(part.get("required", ())) <= set(part.get("properties", {}))
        assert all(re.compile(pattern) for pattern in [*part.get("patternProperties", {}), part.get("pattern", "")])


@pytest.mark.parametrize("file", SCHEMAS)
def test_a_schema_takes_the_valid_program(file: str) -> None:
    assert fits(value_of(file), SCHEMAS[file], SCHEMAS[file])


@pytest.mark.parametrize(
    ("file", "way", "value"),
    [
        ("program.yaml", ("money",), "euro"),
        ("program.yaml", ("colour",), "blue"),
        ("program.yaml", ("members", "number", "digits"), 3),
        ("units.yaml", ("units", "miles", "kind"), "miles"),
        ("units.yaml", ("units", "miles", "decimals"), "1"),
        ("activities.yaml", ("activities", "flight", "earns_when"), {}),
        ("earning.yaml", ("lines", 0, "from"), 2024),
        ("earning.yaml", ("lines", 0, "steps", 1, "minimum"), "2,5"),
        ("earning.yaml", ("lines", 0, "steps", 3, "bonus", "tier", "gold"), True),
        ("earning.yaml", ("lines", 0, "steps", 2, "rate", "tabel"), "cabin_rate"),
        ("ladder.yaml", ("tiers", 1, "reach"), [{}]),
        ("ladder.yaml", ("validity", "through_end_of", "month"), 13),
        ("ladder.yaml", ("tiers",), []),
        ("benefits.yaml", ("benefits", 0, "kind"), "number"),
        ("benefits.yaml", ("benefits", 0, "cells"), {}),
        ("benefits.yaml", ("benefits", 0, "colour"), "red"),
        ("benefits.yaml", ("choices", 0, "picks", "gold"), 0),
        ("benefits.yaml", ("like", 0, "same"), "gold"),
        ("requests.yaml", ("requests", 0, "queues"), []),
        ("requests.yaml", ("requests", 0, "closes"), "2d"),
        ("requests.yaml", ("requests", 0, "queues", 0, "order", 0, "ranked"), []),
        ("messages.yaml", ("messages", 0, "of"), "join"),
        ("messages.yaml", ("messages", 3, "near"), 100),
        ("messages.yaml", ("messages", 0, "within"), -1),
    ],
)
def test_a_schema_refuses_what_the_loader_refuses(file: str, way: tuple[str | int, ...], value: Any) -> None:
    whole = block = value_of(file)
    for step in way[:-1]:
        block = block[step]
    block[way[-1]] = value
    assert not fits(whole, SCHEMAS[file], SCHEMAS[file])


def test_every_block_of_an_editor_s_hints_refuses_unknown_keys() -> None:
    open_blocks = [
        (file, part.get("title"))
        for file, schema in SCHEMAS.items()
        for part in parts(schema)
        if "properties" in part and part.get("additionalProperties") is not False
    ]
    assert open_blocks == []


def test_the_keys_of_a_block_are_found_by_its_path() -> None:
    ladder, earning = EDITION_FILES["ladder.yaml"], EDITION_FILES["earning.yaml"]
    assert keys_at(ladder, ("tiers", 7)) == ["id", "name", "reach", "keep", "invitation", "layer_on", "validity"]
    assert keys_at(ladder, ("validity", "through_end_of")) == ["month", "years_after"]
    assert keys_at(ladder, ("waiver", "within")) == []
    assert keys_at(earning, ("lines", 0, "steps", 0, "rate", "rows", 2)) == ["below", "value"]
    assert "from" in keys_at(earning, ("lines", 0))
    assert keys_at(earning, ("lines", "no", "way")) == []
    assert keys_at(EDITION_FILES["benefits.yaml"], ("like", 0)) == ["tier", "as", "but"]
    assert "at_once" in keys_at(EDITION_FILES["requests.yaml"], ("requests", 1))
    assert keys_at(MappingFile, ("members", "attributes", "card", "values")) == []
    assert keys_at(MappingFile, ("members", "attributes", "card")) == [
        "column", "format", "values", "empty", "year", "month", "after",
    ]  # fmt: skip


def test_the_command_writes_them_all(tmp_path: Path) -> None:
    out = tmp_path / "new" / "schemas"
    result = CliRunner().invoke(main, ["program", "schema", "--out", str(out)])
    assert result.exit_code == 0, result.output
    written = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in out.iterdir()}
    assert sorted(result.output.split()) == sorted(str(out / name) for name in written)
    for file, schema in SCHEMAS.items():
        assert written[file.replace(".yaml", ".schema.json")] == schema
