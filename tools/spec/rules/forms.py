"""Rules about how a schema is written: one form for one meaning."""

from __future__ import annotations

from tools.spec.documents import SCHEMAS, Node
from tools.spec.rules.places import UNIONS, Place, or_null, rewrite
from tools.spec.surface import Surface

WORDS = frozenset({"title", "description", "example", "examples", "externalDocs", "discriminator"})
BOUNDS = frozenset(
    {
        *(
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "multipleOf",
            "minLength",
            "maxLength",
            "pattern",
        ),
        *("minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"),
    }
)
NUMBER_FORMATS = frozenset({"int32", "int64", "float", "double"})


def no_foreign_words(document: Node, _surface: Surface) -> None:
    """The specification's wording is not ours, and a title would rename the class."""

    def wordless(node: Node, words: frozenset[str] = WORDS) -> None:
        for name in [name for name in node if name in words or name.startswith("x-")]:
            del node[name]

    def change(schema: Node, _place: Place) -> Node:
        wordless(schema)
        return schema

    rewrite(document, change)
    for node in (document["info"], *document.get("servers", []), *document["components"]["securitySchemes"].values()):
        wordless(node)
    for item in document["paths"].values():
        for operation in item.values():
            wordless(operation, WORDS | {"summary"})
            contents = [*operation["responses"].values()]
            contents += [operation["requestBody"]] if "requestBody" in operation else []
            for holder in (*operation["parameters"], *contents):
                wordless(holder)
                for content in holder.get("content", {}).values():
                    wordless(content)


def no_siblings_of_unions(document: Node, _surface: Surface) -> None:
    """A type beside `oneOf`, `anyOf` or `$ref` makes the generator drop the operation or the class, in silence."""

    def change(schema: Node, _place: Place) -> Node:
        if any(name in schema for name in (*UNIONS, "$ref")):
            schema.pop("type", None)
        return schema

    rewrite(document, change)


def one_form_of_null(document: Node, _surface: Surface) -> None:
    """`nullable` means nothing in 3.1, and null in an enum or a list of types is read otherwise: a member says it."""
    nullable: set[str] = set()

    def change(schema: Node, place: Place) -> Node:
        schema, may_be_null = _without_null(schema)
        # A type that may be null is a type of its own, and null beside it wherever it is used.
        if may_be_null and place.role == "type":
            nullable.add(SCHEMAS + place.name)
        return or_null(schema) if may_be_null and place.role != "type" else schema

    def follow(schema: Node, _place: Place) -> Node:
        return or_null(schema) if schema.get("$ref") in nullable else schema

    rewrite(document, change)
    rewrite(document, follow)


def _without_null(schema: Node) -> tuple[Node, bool]:
    """The schema for what is not null, and whether null is allowed besides."""
    may_be_null = schema.pop("nullable", False) is True
    if isinstance(schema.get("type"), list):
        types = schema.pop("type")
        may_be_null |= "null" in types
        kinds = [{**schema, "type": kind} for kind in types if kind != "null"]
        schema = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    if None in schema.get("enum", []):
        may_be_null = True
        schema["enum"] = [value for value in schema["enum"] if value is not None]
    return schema, may_be_null


def no_unions_of_one(document: Node, _surface: Surface) -> None:
    """A union or intersection of one member says what its member says, and would get a class of its own."""

    def change(schema: Node, _place: Place) -> Node:
        for union in (*UNIONS, "allOf"):
            if len(schema.get(union, [])) == 1:
                (only,) = schema.pop(union)
                return {**schema, **only}
        flat = [inner for member in schema.get("anyOf", []) for inner in member.get("anyOf", [member])]
        return {**schema, "anyOf": flat} if "anyOf" in schema else schema

    rewrite(document, change)


def no_defaults(document: Node, _surface: Surface) -> None:
    """The generated client would send every default, deprecated ones too: the server has its own."""

    def change(schema: Node, _place: Place) -> Node:
        schema.pop("default", None)
        return schema

    rewrite(document, change)


def no_bounds(document: Node, _surface: Surface) -> None:
    """Servers check them, the generated client does not; nor does `deprecated: false` say anything."""

    def change(schema: Node, _place: Place) -> Node:
        for name in BOUNDS & schema.keys():
            del schema[name]
        if schema.get("deprecated") is False:
            del schema["deprecated"]
        return schema

    rewrite(document, change)
    for item in document["paths"].values():
        for operation in item.values():
            for holder in (operation, *operation["parameters"]):
                if holder.get("deprecated") is False:
                    del holder["deprecated"]


def no_order_without_meaning(document: Node, _surface: Surface) -> None:
    """Required fields and known values are sets: the specification lists them in another order one day."""

    def change(schema: Node, _place: Place) -> Node:
        for name in {"required", "enum"} & schema.keys():
            schema[name] = sorted(schema[name], key=str)
        return schema

    rewrite(document, change)


def no_formats_of_numbers(document: Node, _surface: Surface) -> None:
    """They change no code, but they come and go."""

    def change(schema: Node, _place: Place) -> Node:
        if schema.get("format") in NUMBER_FORMATS:
            del schema["format"]
        return schema

    rewrite(document, change)
