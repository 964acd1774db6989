"""One form for what a schema can say in several: `allOf` merged, and constants in a union joined to an enum.

The rules (`rules/forms.py`) and the report (`shape.py`) both call these functions, so that they agree on what is the
same.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from tools.spec.documents import FaultError, Node, SpecError, resolve

UNIONS = ("oneOf", "anyOf")
ANNOTATIONS = frozenset(
    {
        *("title", "description", "default", "deprecated", "nullable", "example", "examples", "externalDocs", "xml"),
        *("readOnly", "writeOnly", "discriminator", "$comment"),
    }
)
"""Keywords that do not restrict which values are allowed."""
ALTERNATIVES = "alternatives of required"
"""What we call a union that only says which fields are required: a restriction, not several types."""
LOWER = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"})
UPPER = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"})
TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
"""The JSON type of a Python value."""


STRUCTURE = ANNOTATIONS | {
    *("$ref", "type", "format", "enum", "const", "allOf", *UNIONS, "properties", "required"),
    *("additionalProperties", "unevaluatedProperties", "items", "prefixItems"),
}
"""Keywords that say what a type consists of."""


def restricts(keyword: str) -> bool:
    """Whether a keyword of a schema restricts the values of a type, such as a bound: any that is nothing else."""
    return keyword not in STRUCTURE and not keyword.startswith(("x-", "$"))


def one_schema(document: Node, schema: Node, within: tuple[str, ...] = ()) -> Node:
    """The schema without `allOf`, and without what is the same: restrictions beside a reference, fields beside a union.

    Raises:
        SpecError: As `merged`.
    """
    schema = _with_alternatives(schema)
    if "$ref" in schema and (beside := schema.keys() - ANNOTATIONS - {"$ref", "type"}) and beside - {*UNIONS}:
        rest = {key: value for key, value in schema.items() if key not in {"$ref", "allOf"}}
        schema = {"allOf": [{"$ref": schema["$ref"]}, *schema.get("allOf", []), rest]}
    elif "properties" in schema and (unions := [{union: schema[union]} for union in UNIONS if union in schema]):
        rest = {key: value for key, value in schema.items() if key not in {*UNIONS, "allOf"}}
        schema = {"allOf": [*schema.get("allOf", []), rest, *unions]}
    return merged(document, schema, within) if "allOf" in schema else schema


def _with_alternatives(schema: Node) -> Node:
    """The schema with a union that only says which fields are required as the restriction that it is."""
    for union in UNIONS:
        members = schema.get(union)
        if members and all(
            isinstance(one, dict) and {*one} - ANNOTATIONS - {"type"} == {"required"} for one in members
        ):
            required = sorted(sorted(one["required"]) for one in members)
            return {**{key: value for key, value in schema.items() if key != union}, ALTERNATIVES: required}
    return schema


def is_null(schema: Any) -> bool:  # noqa: ANN401 -- a schema may be true or false
    """Whether a schema allows null alone."""
    return isinstance(schema, dict) and (schema.get("type") == "null" or schema.get("const", "") is None)


def is_nothing(schema: Any) -> bool:  # noqa: ANN401 -- a schema may be true or false
    """Whether a schema allows no value: a field that has it may not be there."""
    return schema is False or (isinstance(schema, dict) and schema.get("not", False) in ({}, True))


def is_named(reference: str) -> bool:
    """Whether a reference leads to a named schema, not into one or elsewhere."""
    head, _, name = reference.rpartition("/")
    return head == "#/components/schemas" and bool(name)


def merged(document: Node, schema: Node, within: tuple[str, ...] = ()) -> Node:
    """A schema without `allOf`, that allows what all of its parts allow.

    Args:
        document: What references lead into.
        schema: One with `allOf`.
        within: The references that led to it.

    Raises:
        SpecError: A reference leads nowhere, a part is the schema itself, or no value can satisfy all of its parts.
    """
    rest = {key: value for key, value in schema.items() if key != "allOf"}
    marks = {key: value for key, value in rest.items() if key in ANNOTATIONS}
    parts = [part for part in [*schema["allOf"], rest] if isinstance(part, dict)]
    if any(part.get("nullable") is True for part in parts):
        marks["nullable"] = True
    telling = [part for part in parts if part.keys() - ANNOTATIONS]
    if len(telling) == 1:
        return one_schema(document, {**telling[0], **marks}, within)
    whole: Node = {}
    every = [_expanded(document, part, within) for part in telling]
    for expanded in every:
        if expanded.get("nullable") is True:
            marks["nullable"] = True
        whole = _both(document, whole, expanded, within)
    for part, expanded in zip(telling, every, strict=True):
        # The others say nothing more: it keeps its name, unless the whole has one.
        if not within and "$ref" in part and _bare(whole) == _bare(expanded):
            return {**part, **marks}
    return {**{key: value for key, value in whole.items() if key not in ANNOTATIONS}, **marks}


def joined(document: Node, schema: Node) -> Node:
    """The schema with the constants and enums of its union, whatever they are called, as one enum for each type.

    Raises:
        SpecError: A reference leads nowhere.
    """
    for union in UNIONS:
        members = schema.get(union)
        if not isinstance(members, list):
            continue
        values = [_constants(document, member) for member in members]
        if sum(known is not None for known in values) <= 1 and not any(map(_is_constant, members)):
            continue
        groups: dict[str, list[Any]] = {}
        found: list[Any] = []
        for member, known in zip(members, values, strict=True):
            if known is None:
                found.append(member)
            for value in known or ():
                type_ = TYPES.get(type(value), "null")
                if type_ not in groups:
                    groups[type_] = []
                    found.append({"type": type_} if type_ == "null" else {"type": type_, "enum": groups[type_]})
                if value not in groups[type_]:
                    groups[type_].append(value)
        return {**schema, union: found}
    return schema


def _is_constant(member: Any) -> bool:  # noqa: ANN401 -- a schema may be true or false
    return isinstance(member, dict) and "const" in member


def _constants(document: Node, member: Any, seen: tuple[str, ...] = ()) -> list[Any] | None:  # noqa: ANN401 -- a schema may be true or false
    """The values of a constant, of an enum, or of a union of these; None if it allows anything else."""
    while isinstance(member, dict) and isinstance(member.get("$ref"), str) and member["$ref"] not in seen:
        seen = (*seen, member["$ref"])
        member = resolve(document, member["$ref"])
    if not isinstance(member, dict) or member.get("nullable") is True:
        return None
    if "const" in member:
        return [member["const"]]
    if isinstance(member.get("enum"), list):
        return list(member["enum"])
    for union in UNIONS:
        if isinstance(member.get(union), list):
            inner = [_constants(document, one, seen) for one in member[union]]
            return None if None in inner else [value for known in inner for value in known or ()]
    return None


def _expanded(document: Node, part: Node, within: tuple[str, ...]) -> Node:
    """What a part says itself, without references and `allOf` at its top."""
    seen = within
    while "$ref" in part or "allOf" in part:
        if "$ref" in part:
            reference = part["$ref"]
            if reference in seen:
                raise FaultError(f"{reference} consists of itself")
            seen = (*seen, reference)
            beside = {key: value for key, value in part.items() if key != "$ref"}
            part = resolve(document, reference)
            if not isinstance(part, dict):
                return {}
            if beside.keys() - ANNOTATIONS - {"type"}:
                part = {"allOf": [part, beside]}
        else:
            part = merged(document, part, seen)
    # The union of a base type lists its own descendants: it is not a part of theirs.
    for union in UNIONS:
        members = part.get(union, [])
        if any(isinstance(member, dict) and member.get("$ref") in within for member in members):
            part = {key: value for key, value in part.items() if key != union}
    return part


def _both(document: Node, one: Node, other: Node, within: tuple[str, ...]) -> Node:
    """What two expanded schemas allow both."""
    for first, second in ((one, other), (other, one)):
        for union in UNIONS:
            if union in first:
                return _distributed(document, first, second, union, within)
    shared = one.keys() & other.keys()
    found: Node = {**one, **other}
    if "type" in shared:
        found["type"] = _types(one["type"], other["type"])
    found |= {name: max(one[name], other[name]) for name in LOWER & shared}
    found |= {name: min(one[name], other[name]) for name in UPPER & shared}
    if "properties" in shared:
        found["properties"] = {**one["properties"]}
        for name, field in other["properties"].items():
            known = one["properties"].get(name, True)
            found["properties"][name] = _fields(document, known, field, within)
    if "required" in shared:
        found["required"] = list(dict.fromkeys([*one["required"], *other["required"]]))
    if "items" in shared:
        found["items"] = _fields(document, one["items"], other["items"], within)
    if "additionalProperties" in shared:
        found["additionalProperties"] = _others(one["additionalProperties"], other["additionalProperties"])
    return _with_values(found, one, other)


def _others(one: Any, other: Any) -> Any:  # noqa: ANN401 -- schemas may be true or false
    """What fields that are not described may hold, of two such schemas."""
    return False if is_nothing(one) or is_nothing(other) else other if one is True else one


def _with_values(found: Node, one: Node, other: Node) -> Node:
    """The schema with the values that two schemas both allow."""
    values = [known for known in (_values(one), _values(other)) if known is not None]
    if not values:
        return found
    found.pop("const", None)
    found["enum"] = [value for value in values[0] if all(value in known for known in values)]
    if not found["enum"]:
        raise FaultError(f"no value satisfies both {_said(one)} and {_said(other)} of an allOf")
    return found


def _fields(document: Node, one: Any, other: Any, within: tuple[str, ...]) -> Any:  # noqa: ANN401 -- a schema may be true or false
    """What two schemas of the same field allow both: as it stands, where one of them says nothing more."""
    if is_nothing(one) or is_nothing(other):
        return False
    if not isinstance(one, dict) or one == other or not one.keys() - ANNOTATIONS:
        return other
    if not isinstance(other, dict) or not other.keys() - ANNOTATIONS:
        return one
    first, second = _expanded(document, one, within), _expanded(document, other, within)
    both = _both(document, first, second, within)
    marks = {key: value for it in (one, other) for key, value in it.items() if key in ANNOTATIONS}
    for it, expanded in ((one, first), (other, second)):
        if _bare(both) == _bare(expanded):
            return {**it, **marks}
    return {**both, **marks}


def _distributed(document: Node, union_of: Node, other: Node, union: str, within: tuple[str, ...]) -> Node:
    """A union of what each of its members and `other` allow both; members that allow nothing then are left out."""
    rest = {key: value for key, value in union_of.items() if key not in {union, "type"}}
    other = _both(document, rest, other, within) if rest.keys() - ANNOTATIONS else other
    members: list[Any] = []
    for member in union_of[union]:
        try:
            members.append(_fields(document, member, other, within))
        except SpecError:
            if not _excludes(document, member, other, within):
                raise
    if not members:
        raise FaultError(f"no member of a {union} satisfies the other parts of an allOf")
    return {union: members}


def _excludes(document: Node, member: Any, other: Node, within: tuple[str, ...]) -> bool:  # noqa: ANN401 -- a schema may be true or false
    """Whether a member of a union and another schema allow no value both."""
    one = _expanded(document, member, within) if isinstance(member, dict) else {}
    try:
        _both(document, one, other, within)
    except SpecError as error:
        return str(error).startswith("no ")
    return False


def _types(one: Any, other: Any) -> Any:  # noqa: ANN401 -- a name or a list of names
    ones, others = ([it] if isinstance(it, str) else list(it) for it in (one, other))
    found = [it for it in ones if it in others or (it == "integer" and "number" in others)]
    found += [it for it in others if it == "integer" and "number" in ones and it not in found]
    if not found:
        raise FaultError(f"no value is both {' or '.join(ones)} and {' or '.join(others)}, as an allOf requires")
    return found[0] if len(found) == 1 else found


def _values(schema: Node) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _said(schema: Node) -> str:
    return ", ".join(map(repr, _values(schema) or [schema.get("type", "anything")]))


def _bare(schema: Node) -> Node:
    """The schema without annotations, and without the order of its sets."""
    bare = {key: value for key, value in schema.items() if key not in ANNOTATIONS}
    if bare.get("type") == "object" and "properties" in bare:
        del bare["type"]
    return {**bare, "required": sorted(bare["required"])} if bare.get("required") else bare


def without_deep_references(document: Node, node: Any, seen: tuple[str, ...] = ()) -> Any:  # noqa: ANN401 -- any part of a document
    """A copy in which references that lead elsewhere than to a named schema are replaced by what they lead to.

    Raises:
        SpecError: A reference leads nowhere, or to something that contains it.
    """
    if isinstance(node, list):
        return [without_deep_references(document, item, seen) for item in node]
    if not isinstance(node, dict):
        return deepcopy(node)
    reference = node.get("$ref")
    if isinstance(reference, str) and not is_named(reference):
        if reference in seen:
            raise SpecError(
                f"{reference} contains a reference to itself: give it a name under components/schemas, "
                "in a copy of the specification"
            )
        beside = {key: value for key, value in node.items() if key != "$ref"}
        found = resolve(document, reference)
        whole = {**found, **beside} if isinstance(found, dict) else found
        return without_deep_references(document, whole, (*seen, reference))
    return {key: without_deep_references(document, value, seen) for key, value in node.items()}
