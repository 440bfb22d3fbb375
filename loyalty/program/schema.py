"""JSON Schemas of the files, for editors; and the keys that a block may have, read from the same schemas."""

from typing import Any

from loyalty.program.reader import Way
from loyalty.program.values import Part


def schema_of(shape: type[Part], title: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one file."""
    schema = shape.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": title}


def keys_at(shape: type[Part], way: Way) -> list[str]:
    """The keys allowed in the block at a path; empty where the block's keys are free."""
    schema = shape.model_json_schema(by_alias=True)
    nodes = [schema]
    for step in way:
        nodes = [below for node in nodes for option in _options(node, schema) for below in _below(option, step)]
    return [key for node in nodes for option in _options(node, schema) for key in option.get("properties", {})]


def _options(node: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    if "$ref" in node:
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[-1]]
    choices = node.get("anyOf", node.get("oneOf"))
    return [node] if choices is None else [option for choice in choices for option in _options(choice, schema)]


def _below(node: dict[str, Any], step: str | int) -> list[dict[str, Any]]:
    if isinstance(step, int):
        return [node["items"]] if "items" in node else []
    if step in node.get("properties", {}):
        return [node["properties"][step]]
    rest = node.get("additionalProperties")
    if not isinstance(rest, dict):
        rest = next(iter(node.get("patternProperties", {}).values()), None)
    return [rest] if isinstance(rest, dict) else []
