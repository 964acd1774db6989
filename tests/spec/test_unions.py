"""Unions whose members have no names: generated for real, and what they parse."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from tools.generate import generate
from tools.spec import rules
from tools.spec.documents import Node
from tools.spec.surface import Kept, Surface
from tools.spec.words import Words
from tools.spec.write import write

KEPT = (Kept("retrieve_machine", "Machines", "get", "/machine"),)
STRING: Node = {"type": "string"}
BASE: Node = {"type": "object", "required": ["made"], "properties": {"made": STRING, "kind": STRING}}


def extended(kind: str, **more: Node) -> Node:
    """A member that extends the base type by its kind, which it does not require."""
    own = {"type": "object", "properties": {"kind": {"const": kind}, **more}}
    return {"allOf": [{"$ref": "#/components/schemas/Base"}, own]}


def machine() -> Node:
    """Three unions: of members on the spot, of named ones, and of members that a discriminator alone tells apart."""
    mapping = {"hot": "#/components/schemas/Oven", "cold": "Fridge"}
    appliances = [{"$ref": "#/components/schemas/Oven"}, {"$ref": "#/components/schemas/Fridge"}]
    schemas = {
        "Base": BASE,
        "Machine": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "engine": {"oneOf": [extended("steam", coal=STRING), extended("petrol", oil=STRING)]},
                "drive": {"oneOf": [{"$ref": "#/components/schemas/Belt"}, {"$ref": "#/components/schemas/Chain"}]},
                "appliance": {"oneOf": appliances, "discriminator": {"propertyName": "is", "mapping": mapping}},
            },
        },
        "Belt": extended("belt", width=STRING),
        "Chain": extended("chain", links={"type": "integer"}),
        "Oven": {"type": "object", "required": ["is"], "properties": {"is": STRING, "size": STRING}},
        "Fridge": {"type": "object", "required": ["is"], "properties": {"is": STRING, "size": STRING}},
    }
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Machine"}}}
    operation = {
        "operationId": "retrieve_machine",
        "tags": ["Machines"],
        "parameters": [],
        "responses": {"200": {"description": "It.", "content": content}},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Machines", "version": "1"},
        "paths": {"/machine": {"get": operation}},
        "components": {"schemas": schemas, "securitySchemes": {}},
    }


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The models of a client that is generated for it."""
    folder = tmp_path_factory.mktemp("unions")
    spec = folder / "openapi.yaml"
    words = Words({"title": "Machines", "version": "1"}, {}, {}, {})
    spec.write_text(write(rules.apply(machine(), Surface(KEPT, {}, {})), words))
    generate(folder / "a_client_of_machines", spec)
    sys.path.insert(0, str(folder))
    yield importlib.import_module("a_client_of_machines.models")
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.split(".")[0] == "a_client_of_machines"]:
        del sys.modules[name]


def test_classes_are_named_by_their_tags_and_none_by_a_number(models: ModuleType) -> None:
    classes = {name for name in models.__all__ if not name.endswith(("Kind", "Is"))}
    assert classes == {
        *("Machine", "MachineEngineSteam", "MachineEnginePetrol", "Belt", "Chain", "Oven", "Fridge"),
        "UnknownObject",
    }


@pytest.mark.parametrize(
    ("payload", "class_"),
    [
        ({"engine": {"kind": "steam", "made": "1820"}}, "MachineEngineSteam"),
        ({"engine": {"kind": "petrol", "made": "1890", "oil": "much"}}, "MachineEnginePetrol"),
        ({"engine": {"kind": "fusion"}}, "UnknownObject"),
        ({"drive": {"kind": "belt"}}, "Belt"),
        ({"drive": {"kind": "chain", "links": 7}}, "Chain"),
        ({"appliance": {"is": "hot", "size": "big"}}, "Oven"),
        ({"appliance": {"is": "cold", "size": "big"}}, "Fridge"),
        ({"appliance": {"is": "broken"}}, "UnknownObject"),
    ],
    ids=json.dumps,
)
def test_each_kind_is_parsed_as_what_it_is_with_its_unknown_fields(
    models: ModuleType, payload: Node, class_: str
) -> None:
    sent = {**payload, "unknown": 1}
    read = models.Machine.from_dict(sent)
    ((name, _),) = payload.items()
    assert type(getattr(read, name)).__name__ == class_
    assert read.to_dict() == sent
    assert read["unknown"] == 1
