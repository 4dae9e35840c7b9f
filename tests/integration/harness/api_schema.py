# SPDX-License-Identifier: MIT
"""The documents of docs/api, and how something is held against a schema of theirs."""

import json

import jsonschema

from .process import ROOT

DOCS = ROOT / "docs/api"
OPENAPI = json.loads((DOCS / "openapi.json").read_text())
ASYNCAPI = json.loads((DOCS / "asyncapi.json").read_text())


def resolved(thing, document=OPENAPI):
    """What it refers to."""
    if "$ref" not in thing:
        return thing
    for part in thing["$ref"].removeprefix("#/").split("/"):
        document = document[part]
    return document


def closed(schema):
    """The schema, but with no property that it does not name."""
    if isinstance(schema, list):
        return [closed(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    made = {k: closed(v) for k, v in schema.items()}
    if isinstance(made.get("properties"), dict) and made.get("type") == "object":
        made.setdefault("additionalProperties", False)
    return made


def validator(schema, document):
    """For a schema that refers to components of the document."""
    whole = {"components": {"schemas": closed(document["components"]["schemas"])}, **closed(schema)}
    jsonschema.Draft202012Validator.check_schema(whole)
    return jsonschema.Draft202012Validator(whole)


def check(value, schema, document, what):
    problems = [
        f"{what}: {'/'.join(map(str, p.absolute_path))}: {p.message[:300]}"
        for p in validator(schema, document).iter_errors(value)
    ]
    assert not problems, "\n".join(problems)
