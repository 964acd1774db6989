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


def pipe(carries: list[str | None], type_: str | list[str] = "string") -> Node:
    """A member that is known by one of several values."""
    return {"type": "object", "properties": {"carries": {"type": type_, "enum": carries}, "width": STRING}}


def valve(*, opens: bool) -> Node:
    """A member that is known by a flag."""
    return {"type": "object", "required": ["opens"], "properties": {"opens": {"const": opens}, "width": STRING}}


def machine() -> Node:
    """Unions: of members on the spot, of named ones, and of members that a discriminator alone tells apart.

    A tag may have several values, or be a flag.
    """
    mapping = {"hot": "#/components/schemas/Oven", "warm": "Oven", "cold": "Fridge"}
    drives = [{"$ref": "#/components/schemas/Belt"}, {"$ref": "#/components/schemas/Chain"}]
    appliances = [{"$ref": "#/components/schemas/Oven"}, {"$ref": "#/components/schemas/Fridge"}]
    schemas = {
        "Base": BASE,
        "Machine": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "engine": {"oneOf": [extended("steam", coal=STRING), extended("petrol", oil=STRING)]},
                "drive": {"oneOf": drives},
                "appliance": {"oneOf": appliances, "discriminator": {"propertyName": "is", "mapping": mapping}},
                "pipe": {"oneOf": [pipe(["cold", "icy"]), pipe(["hot", "warm", None], ["string", "null"])]},
                "valve": {"oneOf": [valve(opens=True), valve(opens=False)]},
                "chimney": {"type": "object", "properties": {"made": STRING}, "anyOf": [{"required": ["made"]}]},
                "drives": {"type": "array", "items": {"oneOf": drives}},
                "rows": {"type": "array", "items": {"type": "array", "items": drives[0]}},
                "belts": {"type": "object", "additionalProperties": drives[0]},
                "stock": {"type": "object", "additionalProperties": {"type": "array", "items": drives[0]}},
                "spans": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
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


def test_classes_are_named_by_their_tags(models: ModuleType) -> None:
    classes = {name for name in models.__all__ if not name.endswith(("Kind", "Is", "Carries"))}
    assert classes == {
        *("Machine", "MachineEngineSteam", "MachineEnginePetrol", "Belt", "Chain", "Oven", "Fridge"),
        *("MachinePipe1", "MachinePipe2", "MachineValveTrue", "MachineValveFalse", "MachineChimney"),
        *("MachineBeltsType0", "MachineStockType0"),
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
        ({"appliance": {"is": "warm", "size": "big"}}, "Oven"),
        ({"appliance": {"is": "cold", "size": "big"}}, "Fridge"),
        ({"pipe": {"carries": "icy"}}, "MachinePipe1"),
        ({"pipe": {"carries": "hot", "width": "1"}}, "MachinePipe2"),
        ({"pipe": {"carries": "oil"}}, "UnknownObject"),
        ({"valve": {"opens": True}}, "MachineValveTrue"),
        ({"valve": {"opens": False, "width": "1"}}, "MachineValveFalse"),
        ({"chimney": {"made": "1820", "height": "much"}}, "MachineChimney"),
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


BELT: Node = {"kind": "belt", "width": "7"}


@pytest.mark.parametrize(
    ("name", "sent", "read"),
    [
        ("drives", [BELT, {"kind": "chain"}, "odd", {"kind": "none"}, None], "Belt Chain str UnknownObject NoneType"),
        ("rows", [[BELT, "odd"], "odd", [BELT], [7]], "[Belt str] str [Belt] [int]"),
        ("belts", {"a": BELT, "b": "odd", "c": None, "d": [7]}, "Belt str NoneType [int]"),
        ("stock", {"a": [BELT, 7], "b": "odd", "c": [BELT]}, "[Belt int] str [Belt]"),
        ("spans", [[1, 2], "odd", [3]], "[int int] str [int]"),
    ],
)
def test_an_odd_item_costs_no_other_its_type(models: ModuleType, name: str, sent: object, read: str) -> None:
    machine = models.Machine.from_dict({name: sent})
    found = getattr(machine, name)
    assert " ".join(map(types, getattr(found, "additional_properties", {}).values() or found)) == read
    assert machine.to_dict() == {name: sent}


def types(item: object) -> str:
    """The type of an item, or those of its items."""
    return f"[{' '.join(map(types, item))}]" if isinstance(item, list) else type(item).__name__
