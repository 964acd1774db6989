"""Kinds of changes at which the report or a sync once failed, each in several variants; as in `cases.py`.

`number` is that of the kind. `found` is what the report says of the public documents; `synced` is what comes of a sync.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from tools.spec.documents import Node, operations

from .cases import JSON, NEW, SAME, body, contents, fields, operation, parameter, replaced, schema

STRING: Node = {"type": "string"}
SCHEMAS = "#/components/schemas/"
CHECKED = "checked: "
"""Begins what a sync says after it has generated a client."""


@dataclass(frozen=True)
class Kind:
    """One change of a kind, what the report says, and what comes of a sync."""

    number: int
    name: str
    change: Callable[[Node], None]
    found: frozenset[str]
    synced: str
    used: str


KINDS: list[Kind] = []


def kind(
    number: int, *found: str, synced: str, used: str = ""
) -> Callable[[Callable[[Node], None]], Callable[[Node], None]]:
    """Make a case of a function; its name, in words, is that of the case.

    Args:
        number: The number of the kind.
        found: What the report says.
        synced: What comes of a sync: `SAME`, `NEW`, or the message that refuses it.
        used: What a sync of the public specification says instead of `NEW`: `together_ext` uses what is gone.
    """

    def add(change: Callable[[Node], None]) -> Callable[[Node], None]:
        KINDS.append(Kind(number, change.__name__.replace("_", " "), change, frozenset(found), synced, used))
        return change

    return add


def split(document: Node, name: str, base: str, *shared: str) -> None:
    """Divide a named object into a base type with the shared fields, and what it adds to it."""
    whole = schema(document, name)
    required = whole.get("required", [])
    parts = [
        {
            "type": "object",
            "properties": {field: it for field, it in whole["properties"].items() if (field in shared) == is_base},
            "required": [field for field in required if (field in shared) == is_base],
        }
        for is_base in (True, False)
    ]
    document["components"]["schemas"][base] = parts[0]
    rest = {key: value for key, value in whole.items() if key not in {"type", "properties", "required"}}
    document["components"]["schemas"][name] = {**rest, "allOf": [{"$ref": SCHEMAS + base}, parts[1]]}


def without_required(document: Node, name: str, field: str) -> None:
    """Let a field of a named object be optional."""
    schema(document, name)["required"] = [one for one in schema(document, name)["required"] if one != field]


def tagged(field: str, value: str, **more: Any) -> Node:  # noqa: ANN401 -- schemas
    """An object on the spot that extends a base type by a constant field, which it does not require."""
    own = {"type": "object", "properties": {field: {"const": value}, **more}}
    return {"allOf": [{"$ref": SCHEMAS + "ParamsBase"}, own]}


# 1: unknown fields ----------------------------------------------------------------------------------------------


@kind(1, "others-closed neutral tighter", synced=SAME)
def a_type_of_a_response_is_closed(document: Node) -> None:
    schema(document, "FineTuneProgress")["additionalProperties"] = False


@kind(1, "others-closed neutral tighter", synced=SAME)
def a_list_and_its_items_are_closed(document: Node) -> None:
    for name in ("FinetuneTruncatedList", "FinetuneResponseTruncated"):
        schema(document, name)["additionalProperties"] = False


@kind(1, "others-closed neutral tighter", synced=SAME)
def a_response_is_closed_in_the_way_of_3_1(document: Node) -> None:
    schema(document, "FinetuneResponse")["unevaluatedProperties"] = False


@kind(1, "others-closed neutral tighter", synced=SAME)
def a_part_of_a_response_is_closed(document: Node) -> None:
    split(document, "FineTuneProgress", "ProgressBase", "estimate_available")
    schema(document, "FineTuneProgress")["allOf"][1]["additionalProperties"] = False


@kind(1, "others-closed breaking", synced=NEW)
def a_request_is_closed(document: Node) -> None:
    body(document, "POST /fine-tunes/estimate-price")["additionalProperties"] = False


@kind(1, "others-closed breaking", synced=NEW)
def a_request_is_closed_in_the_way_of_3_1(document: Node) -> None:
    body(document, "POST /fine-tunes/estimate-price")["unevaluatedProperties"] = False


@kind(1, "others-closed breaking", synced=NEW)
def no_value_satisfies_the_other_fields_of_a_request(document: Node) -> None:
    body(document, "POST /fine-tunes/estimate-price")["additionalProperties"] = {"not": {}}


@kind(1, "others-closed neutral tighter", "class-renamed breaking source", synced=SAME)
def a_response_is_closed_beside_a_reference(document: Node) -> None:
    fields(document, "FinetuneResponse")["progress"]["additionalProperties"] = False


@kind(1, "type-narrowed neutral tighter", synced=SAME)
def the_other_fields_of_a_response_get_a_type(document: Node) -> None:
    schema(document, "FinetuneResponse")["additionalProperties"] = {"$ref": SCHEMAS + "FineTuneProgress"}


# 2: allOf -------------------------------------------------------------------------------------------------------


@kind(2, synced=SAME)
def a_job_extends_a_base_type(document: Node) -> None:
    split(document, "FinetuneResponse", "JobBase", "id", "status", "created_at")


@kind(2, synced=SAME)
def kinds_of_training_extend_a_base_type(document: Node) -> None:
    base = {"type": "object", "required": ["type"], "properties": {"type": {"type": "string"}}}
    document["components"]["schemas"]["TrainingTypeBase"] = base
    for name in ("FullTrainingType", "LoRATrainingType"):
        document["components"]["schemas"][name] = {
            "allOf": [{"$ref": SCHEMAS + "TrainingTypeBase"}, schema(document, name)]
        }


@kind(2, synced=SAME)
def arguments_of_schedules_extend_a_base_type(document: Node) -> None:
    for name in ("LinearLRSchedulerArgs", "CosineLRSchedulerArgs"):
        split(document, name, f"{name}Base", "min_lr_ratio")


@kind(2, synced=SAME)
def a_body_extends_a_base_type(document: Node) -> None:
    create = body(document, "POST /fine-tunes")
    base = {"type": "object", "properties": {"model": create["properties"].pop("model")}, "required": ["model"]}
    document["components"]["schemas"]["CreateBase"] = base
    create["required"] = [name for name in create["required"] if name != "model"]
    content = operation(document, "POST /fine-tunes")["requestBody"]["content"][JSON]
    content["schema"] = {"allOf": [{"$ref": SCHEMAS + "CreateBase"}, create]}


@kind(2, synced=SAME)
def a_base_type_lists_its_descendants(document: Node) -> None:
    """As discriminators are often written: the union is in the base type that its members extend."""
    kinds_of_training_extend_a_base_type(document)
    members = [{"$ref": SCHEMAS + name} for name in ("FullTrainingType", "LoRATrainingType")]
    schema(document, "TrainingTypeBase").update(oneOf=members, discriminator={"propertyName": "type"})


@kind(2, "now-optional breaking", "now-optional additive", synced=SAME)
def tags_are_optional(document: Node) -> None:
    for name in ("FullTrainingType", "LoRATrainingType"):
        without_required(document, name, "type")


@kind(2, "null-added breaking", "null-added additive", synced=SAME)
def tags_may_be_null(document: Node) -> None:
    for name in ("FullTrainingType", "LoRATrainingType"):
        tag = fields(document, name)["type"]
        fields(document, name)["type"] = {"oneOf": [tag, {"type": "null"}]}


@kind(2, "field-added additive", synced=NEW)
def a_union_of_extended_objects_without_names(document: Node) -> None:
    document["components"]["schemas"]["ParamsBase"] = {"type": "object", "properties": {"scale": {"type": "number"}}}
    members = [tagged("kind", "red", size=STRING), tagged("kind", "blue", depth={"type": "integer"})]
    fields(document, "FinetuneResponse")["cluster"] = {"oneOf": members}


@kind(2, "field-added additive", synced=NEW)
def tags_of_several_values(document: Node) -> None:
    kinds = [
        {"type": "object", "required": ["kind"], "properties": {"kind": {"enum": values}, "size": STRING}}
        for values in (["warm", "hot"], ["cool", "cold"])
    ]
    fields(document, "FinetuneResponse")["cluster"] = {"type": "array", "items": {"oneOf": kinds}}


def beside_a_union(document: Node, *members: Node) -> None:
    """Put a union beside the fields of a body."""
    body(document, "POST /fine-tunes/estimate-price")["anyOf"] = [*members]


@kind(2, "bounds-tightened breaking", synced=SAME)
def a_union_says_what_is_required(document: Node) -> None:
    beside_a_union(document, {"required": ["model"]}, {"required": ["n_epochs"]})


@kind(2, "field-added additive", synced=NEW)
def a_union_of_one_adds_fields(document: Node) -> None:
    beside_a_union(document, {"properties": {"region": STRING}})


@kind(2, "bounds-tightened neutral", synced=SAME)
def a_union_says_what_is_required_in_a_response(document: Node) -> None:
    either = [{"required": ["estimate_available"]}, {"required": ["seconds_remaining"]}]
    schema(document, "FineTuneProgress")["oneOf"] = either


@kind(2, "problem", synced=r"no value is both string and integer, as an allOf requires")
def parts_contradict_each_other(document: Node) -> None:
    field = {"allOf": [{"type": "string"}, {"type": "integer"}]}
    fields(document, "FinetuneResponse")["param_count"] = field


# 3: moved operations --------------------------------------------------------------------------------------------


@kind(
    3,
    "operation-moved breaking",
    "parameter-moved breaking",
    synced=r"write `download_fine_tune: \['GET /fine-tunes/\{ft_id\}/download', 'GET /finetune/download'\]`",
)
def an_operation_is_moved_and_a_parameter_with_it(document: Node) -> None:
    found = document["paths"].pop("/finetune/download")
    document["paths"]["/fine-tunes/{ft_id}/download"] = found
    parameter(document, "GET /fine-tunes/{ft_id}/download", "ft_id")["in"] = "path"


@kind(
    3,
    "operation-moved breaking",
    "field-added-required breaking",
    synced=r"write `estimate_fine_tune_price: \['POST /fine-tunes/price', 'POST /fine-tunes/estimate-price'\]`",
)
def an_operation_is_moved_and_requires_more(document: Node) -> None:
    document["paths"]["/fine-tunes/price"] = document["paths"].pop("/fine-tunes/estimate-price")
    request = body(document, "POST /fine-tunes/price")
    request["properties"]["region"] = STRING
    request["required"] = [*request["required"], "region"]


@kind(
    3,
    "operation-moved breaking",
    synced=r"write `delete_fine_tune: \['POST /fine-tunes/\{id\}/delete', 'DELETE /fine-tunes/\{id\}'\]`",
)
def an_operation_gets_another_method(document: Node) -> None:
    item = document["paths"]["/fine-tunes/{id}"]
    shared = {name: value for name, value in item.items() if name == "parameters"}
    document["paths"]["/fine-tunes/{id}/delete"] = {**shared, "post": item.pop("delete")}


@kind(3, "operation-described neutral", synced=SAME)
def an_addition_is_described(document: Node) -> None:
    responses = {"200": {"description": "The owner of the key."}}
    document["paths"]["/v3/whoami"] = {"get": {"tags": ["Account"], "responses": responses}}


@kind(3, "parameter-moved breaking", "now-required breaking", synced=NEW)
def a_parameter_is_moved_and_required(document: Node) -> None:
    parameter(document, "GET /finetune/download", "checkpoint").update({"in": "header", "required": True})


@kind(3, "parameter-moved breaking", "value-removed breaking", synced=NEW, used="uses ADAPTER of .*DownloadCheckpoint")
def a_parameter_is_moved_and_loses_a_value(document: Node) -> None:
    checkpoint = parameter(document, "GET /finetune/download", "checkpoint")
    checkpoint["in"] = "header"
    checkpoint["schema"]["enum"].remove("adapter")


@kind(3, "parameter-added-required breaking", synced=NEW, used="uses the keyword id of .*list_fine_tune_events")
def a_parameter_of_the_query_has_the_name_of_one_of_the_path(document: Node) -> None:
    one = {"name": "id", "in": "query", "required": True, "schema": STRING}
    operation(document, "GET /fine-tunes/{id}/events")["parameters"].append(one)


# 4: a response without a status ---------------------------------------------------------------------------------


def restated(document: Node, address: str, status: str) -> None:
    """Describe the success of an operation under another status."""
    responses = operation(document, address)["responses"]
    responses[status] = responses.pop("200")


@kind(4, "status-restated neutral", synced=SAME)
def a_list_is_described_under_default(document: Node) -> None:
    operation(document, "GET /fine-tunes")["responses"] = {
        "200": operation(document, "GET /fine-tunes")["responses"]["200"]
    }
    restated(document, "GET /fine-tunes", "default")


@kind(4, "status-restated neutral", synced=SAME)
def a_response_is_described_under_default_beside_errors(document: Node) -> None:
    restated(document, "DELETE /fine-tunes/{id}", "default")


@kind(4, "error-responses neutral", synced=SAME)
def default_describes_the_errors(document: Node) -> None:
    operation(document, "DELETE /fine-tunes/{id}")["responses"]["default"] = {"description": "An error."}


@kind(
    4,
    "response-removed breaking",
    synced=r"GET /fine-tunes describes no successful response \(described: 404\): add one with the status 200",
)
def no_success_is_described(document: Node) -> None:
    operation(document, "GET /fine-tunes")["responses"] = {"404": {"description": "Not there."}}


@kind(4, "status-added breaking", synced=NEW)
def other_successes_are_described_beside_200(document: Node) -> None:
    other = {"description": "", "content": {JSON: {"schema": {"$ref": SCHEMAS + "FinetuneDeleteResponse"}}}}
    operation(document, "GET /fine-tunes")["responses"]["2XX"] = other


@kind(
    4,
    "status-added breaking",
    "status-removed neutral tighter",
    "field-removed breaking",
    "field-added additive",
    synced=r"not in the specification now: FinetuneDeleteResponse\.message",
)
def a_success_gets_another_status_and_another_field(document: Node) -> None:
    restated(document, "DELETE /fine-tunes/{id}", "202")
    deleted = fields(document, "FinetuneDeleteResponse")
    deleted["about"] = deleted.pop("message")


# 5: values that are replaced ------------------------------------------------------------------------------------


def renamed_value(values: list[Any], old: str, new: str) -> None:
    """Put another value in the place of one."""
    values[values.index(old)] = new


@kind(5, "value-removed breaking tighter", "value-added additive open", synced=NEW)
def a_status_is_replaced(document: Node) -> None:
    renamed_value(schema(document, "FinetuneJobStatus")["enum"], "completed", "succeeded")


@kind(5, "value-removed breaking tighter", "value-added additive open", synced=NEW)
def a_level_is_replaced(document: Node) -> None:
    renamed_value(schema(document, "FinetuneEventLevels")["enum"], "warning", "warn")


@kind(5, "value-removed breaking", "value-added additive", synced=NEW, used="uses MERGED of .*DownloadCheckpoint")
def a_value_of_a_request_is_replaced(document: Node) -> None:
    renamed_value(parameter(document, "GET /finetune/download", "checkpoint")["schema"]["enum"], "merged", "combined")


# 6: security ----------------------------------------------------------------------------------------------------

X_KEY: Node = {"type": "apiKey", "in": "header", "name": "X-Key"}


def also(document: Node, name: str, scheme: Node) -> None:
    """Describe another security scheme."""
    document["components"]["securitySchemes"][name] = scheme


@kind(6, "security-alternative-added additive", synced=NEW)
def a_key_is_accepted_as_well(document: Node) -> None:
    also(document, "xKey", X_KEY)
    document["security"] = [{"bearerAuth": []}, {"xKey": []}]


@kind(6, "security-alternative-added additive", synced=NEW)
def a_key_is_optional(document: Node) -> None:
    document["security"] = [{"bearerAuth": []}, {}]


@kind(6, "security-restated neutral", synced=NEW)
def the_same_header_comes_from_a_login(document: Node) -> None:
    also(document, "login", {"type": "oauth2", "flows": {}})
    document["security"] = [{"login": []}]


@kind(6, "security-changed breaking", synced=NEW)
def two_keys_are_required_together(document: Node) -> None:
    also(document, "xKey", X_KEY)
    document["security"] = [{"bearerAuth": [], "xKey": []}]


@kind(6, "security-changed breaking", synced=NEW)
def one_alternative_is_replaced(document: Node) -> None:
    also(document, "xKey", X_KEY)
    document["security"] = [{"xKey": []}]


@kind(6, synced=SAME)
def each_operation_says_what_it_requires(document: Node) -> None:
    required = document.pop("security")
    for _, _, _, one in operations(document):
        one.setdefault("security", deepcopy(required))


@kind(6, "security-removed additive", synced=NEW)
def one_operation_requires_nothing(document: Node) -> None:
    operation(document, "GET /fine-tunes")["security"] = []


# 7: servers -----------------------------------------------------------------------------------------------------


@kind(7, "server-changed breaking", synced=r"GET /fine-tunes has a separate server, https://other\.example\.com/v1")
def an_operation_has_a_server_of_its_own(document: Node) -> None:
    operation(document, "GET /fine-tunes")["servers"] = [{"url": "https://other.example.com/v1"}]


@kind(7, "server-changed breaking", synced=r"GET /finetune/download has a separate server, https://files\.example\.com")
def a_path_has_a_server_of_its_own(document: Node) -> None:
    document["paths"]["/finetune/download"]["servers"] = [{"url": "https://files.example.com"}]


@kind(7, synced=SAME)
def an_operation_repeats_the_server(document: Node) -> None:
    operation(document, "GET /fine-tunes")["servers"] = deepcopy(document["servers"])


@kind(7, synced=SAME)
def an_operation_has_the_version_in_its_path(document: Node) -> None:
    item = document["paths"].pop("/fine-tunes/{id}/events")
    root = {"servers": [{"url": document["servers"][0]["url"].removesuffix("/v1")}]}
    document["paths"]["/v1/fine-tunes/{id}/events"] = {**item, **root}


@kind(7, synced=SAME)
def the_server_has_a_variable(document: Node) -> None:
    url = document["servers"][0]["url"].replace("https://api.", "https://{region}.")
    document["servers"] = [{"url": url, "variables": {"region": {"default": "api"}}}]


@kind(7, "server-changed breaking", synced=r"do not begin with /v1: if the API has moved, change `prefix`")
def all_addresses_get_another_version(document: Node) -> None:
    document["servers"] = [{"url": document["servers"][0]["url"].replace("/v1", "/v2")}]


@kind(7, "prefix-moved neutral", "field-added additive", synced=NEW)
def the_version_is_moved_into_the_paths_and_something_is_new(document: Node) -> None:
    document["servers"] = [{"url": document["servers"][0]["url"].removesuffix("/v1")}]
    document["paths"] = {f"/v1{path}": item for path, item in document["paths"].items()}
    fields(document, "FinetuneResponse")["carbon_grams"] = {"type": "number"}


@kind(7, "server-restated neutral", synced=SAME)
def the_server_is_a_relative_url(document: Node) -> None:
    document["servers"] = [{"url": "/v1"}]


@kind(7, "server-restated neutral", synced=SAME)
def the_server_is_the_host_of_the_specification(document: Node) -> None:
    document["servers"] = [{"url": "/"}]
    document["paths"] = {f"/v1{path}": item for path, item in document["paths"].items()}


@kind(7, synced=SAME)
def an_operation_repeats_the_server_as_a_relative_url(document: Node) -> None:
    operation(document, "GET /fine-tunes")["servers"] = [{"url": "/v1"}]


@kind(7, "operation-moved breaking", synced=r"write `list_fine_tunes: \['GET /v2/fine-tunes', 'GET /fine-tunes'\]`")
def an_operation_has_another_version_by_a_relative_url(document: Node) -> None:
    operation(document, "GET /fine-tunes")["servers"] = [{"url": "/v2"}]


@kind(
    7,
    "prefix-moved neutral",
    "server-changed breaking",
    synced=r"GET /fine-tunes/\{id\}/events has a separate server, https://api\.\S+, but the client",
)
def the_version_is_moved_into_all_paths_but_one(document: Node) -> None:
    document["servers"] = [{"url": document["servers"][0]["url"].removesuffix("/v1")}]
    document["paths"] = {
        path if path == "/fine-tunes/{id}/events" else f"/v1{path}": item for path, item in document["paths"].items()
    }


# 8: path items by reference -------------------------------------------------------------------------------------


@kind(8, synced=SAME)
def a_path_is_described_elsewhere(document: Node) -> None:
    document["components"]["pathItems"] = {"Jobs": document["paths"]["/fine-tunes"]}
    document["paths"]["/fine-tunes"] = {"$ref": "#/components/pathItems/Jobs"}


@kind(8, "parameter-added additive", synced=NEW)
def a_path_is_described_elsewhere_and_takes_more(document: Node) -> None:
    one = {"name": "limit", "in": "query", "schema": {"type": "integer"}}
    operation(document, "GET /fine-tunes").setdefault("parameters", []).append(one)
    a_path_is_described_elsewhere(document)


@kind(8, "operation-removed breaking", synced=r"list_fine_tunes \(GET /fine-tunes\): no other operation is similar")
def a_path_is_described_elsewhere_and_lacks_a_method(document: Node) -> None:
    del document["paths"]["/fine-tunes"]["get"]
    a_path_is_described_elsewhere(document)


# 9: contents, and references into types -------------------------------------------------------------------------


@kind(9, "content-added neutral", synced=SAME)
def a_download_may_also_be_json(document: Node) -> None:
    contents(document, "GET /finetune/download")[JSON] = {"schema": {"type": "object", "properties": {"url": STRING}}}


@kind(9, "content-added neutral", synced=SAME)
def a_list_may_also_be_an_archive(document: Node) -> None:
    contents(document, "GET /fine-tunes")["application/zip"] = {"schema": {"type": "string", "format": "binary"}}


@kind(9, synced=SAME)
def a_list_has_any_media_type(document: Node) -> None:
    found = contents(document, "GET /fine-tunes")
    found["*/*"] = found.pop(JSON)


def other_bytes(document: Node, kind: str, **content: Any) -> None:  # noqa: ANN401 -- schemas
    """Let the download be of another media type."""
    found = contents(document, "GET /finetune/download")
    found.clear()
    found[kind] = content


@kind(9, "bytes-restated neutral", synced=SAME)
def a_download_is_a_tar(document: Node) -> None:
    other_bytes(document, "application/x-tar", schema={"type": "string", "format": "binary"})


@kind(9, "bytes-restated neutral", synced=SAME)
def a_download_is_anything(document: Node) -> None:
    other_bytes(document, "*/*", schema={"type": "string", "format": "binary"})


@kind(9, "bytes-restated neutral", synced=SAME)
def a_download_has_no_schema(document: Node) -> None:
    other_bytes(document, "application/zstd")


@kind(9, "bytes-restated neutral", synced=SAME)
def a_download_is_described_in_the_way_of_3_1(document: Node) -> None:
    other_bytes(document, "application/gzip", schema={"type": "string", "contentMediaType": "application/octet-stream"})


@kind(9, synced=SAME)
def a_download_says_nothing_of_its_bytes(document: Node) -> None:
    other_bytes(document, "application/octet-stream")


@kind(9, synced=SAME)
def a_download_is_said_to_be_base64(document: Node) -> None:
    other_bytes(document, "application/octet-stream", schema={"type": "string", "format": "byte"})


@kind(9, "bytes-restated neutral", synced=SAME)
def a_download_is_one_of_two_archives(document: Node) -> None:
    other_bytes(document, "application/vnd.weights+zip", schema={"type": "string", "format": "binary"})
    contents(document, "GET /finetune/download")["application/zstd"] = {"schema": {"type": "string"}}


@kind(
    9,
    "content-changed breaking tighter",
    synced=r"under forms, .*: download_fine_tune\.response \(application/json\)\. Change what uses",
)
def a_download_is_json_alone(document: Node) -> None:
    other_bytes(document, JSON, schema={"type": "object", "properties": {"url": STRING}})


@kind(
    9,
    "content-changed breaking tighter",
    synced=r"under forms, .*: download_fine_tune\.response \(text/plain\)\. Change what uses",
)
def a_download_is_text(document: Node) -> None:
    other_bytes(document, "text/plain", schema=STRING)


@kind(9, synced=SAME)
def a_field_refers_to_that_of_another_type(document: Node) -> None:
    reference = {"$ref": f"{SCHEMAS}FinetuneResponse/properties/status"}
    fields(document, "FinetuneResponseTruncated")["status"] = reference


@kind(9, synced=SAME)
def a_parameter_refers_to_the_schema_of_another(document: Node) -> None:
    address = "#/paths/~1finetune~1download/get/parameters/0/schema"
    one = {"name": "id", "in": "path", "required": True, "schema": {"$ref": address}}
    operation(document, "GET /fine-tunes/{id}/events")["parameters"] = [one]


# 10: constants --------------------------------------------------------------------------------------------------


def as_constants(values: list[Any], union: str = "oneOf", **more: Any) -> Node:  # noqa: ANN401 -- keywords
    """A union of constants."""
    return {union: [{"type": "null"} if value is None else {"const": value, **more} for value in values]}


@kind(10, synced=SAME)
def a_status_is_a_union_of_constants(document: Node) -> None:
    document["components"]["schemas"]["FinetuneJobStatus"] = as_constants(schema(document, "FinetuneJobStatus")["enum"])


@kind(10, synced=SAME)
def levels_are_a_union_of_constants_and_null(document: Node) -> None:
    values = schema(document, "FinetuneEventLevels")["enum"]
    levels = as_constants([value for value in values if value is not None], type="string", description="A level.")
    levels["oneOf"] += [{"type": "null"}] if None in values else []
    document["components"]["schemas"]["FinetuneEventLevels"] = levels


@kind(10, synced=SAME)
def a_parameter_is_a_union_of_constants(document: Node) -> None:
    checkpoint = parameter(document, "GET /finetune/download", "checkpoint")
    checkpoint["schema"] = as_constants(checkpoint["schema"]["enum"], "anyOf", title="A form")


@kind(10, "value-added additive open", synced=NEW)
def a_constant_is_added_to_a_union_of_them(document: Node) -> None:
    values = [*schema(document, "FinetuneJobStatus")["enum"], "hibernating"]
    document["components"]["schemas"]["FinetuneJobStatus"] = as_constants(values)


def named_constants(document: Node, name: str, at: int = 1) -> list[Node]:
    """References to a named constant for each of the first values of a named enum, and an enum of the others."""
    values, schemas = schema(document, name)["enum"], document["components"]["schemas"]
    for value in values[:at]:
        schemas[f"Value{value}"] = {"type": "string", "const": value}
    schemas["OtherValues"] = {"type": "string", "enum": values[at:]}
    return [{"$ref": f"{SCHEMAS}{called}"} for called in (*(f"Value{value}" for value in values[:at]), "OtherValues")]


@kind(10, synced=SAME)
def a_status_is_a_union_of_named_constants(document: Node) -> None:
    members = named_constants(document, "FinetuneJobStatus", at=3)
    document["components"]["schemas"]["FinetuneJobStatus"] = {"oneOf": members}


@kind(10, synced=SAME)
def a_status_is_a_union_of_unions(document: Node) -> None:
    first, *others = named_constants(document, "FinetuneJobStatus", at=2)
    document["components"]["schemas"]["FinetuneJobStatus"] = {"anyOf": [{"oneOf": [first]}, {"oneOf": others}]}


@kind(10, "default-changed neutral", synced=SAME)
def a_constant_is_one_of_several_types(document: Node) -> None:
    properties = body(document, "POST /fine-tunes")["properties"]
    properties["batch_size"] = {"oneOf": [{"type": "integer"}, {"const": "max"}]}


# 11: names ------------------------------------------------------------------------------------------------------


def rename(document: Node, old: str, new: str) -> None:
    """Call a named schema by another name."""
    document["components"]["schemas"][new] = document["components"]["schemas"].pop(old)
    replaced(document, old, new)


@kind(11, "class-renamed breaking source", synced=r"under types:\n  `FineTuningJob: FinetuneResponse`$")
def the_job_is_renamed(document: Node) -> None:
    rename(document, "FinetuneResponse", "FineTuningJob")


@kind(11, "class-renamed breaking source", synced=r"under types:\n  `JobState: FinetuneJobStatus`$")
def the_status_is_renamed(document: Node) -> None:
    rename(document, "FinetuneJobStatus", "JobState")


@kind(
    11,
    "class-renamed breaking source",
    "field-added additive",
    synced=r"`(FineTuningJob: FinetuneResponse|ShortJob: FinetuneResponseTruncated)`\n  `(FineTuningJob|ShortJob): ",
)
def two_types_are_renamed_and_changed(document: Node) -> None:
    fields(document, "FinetuneResponse")["carbon_grams"] = {"type": "number"}
    rename(document, "FinetuneResponse", "FineTuningJob")
    rename(document, "FinetuneResponseTruncated", "ShortJob")


@kind(11, "class-renamed breaking source", synced=r"under types:\n  `FinetuneResponse\.progress: FineTuneProgress`")
def a_type_is_described_on_the_spot(document: Node) -> None:
    progress = document["components"]["schemas"].pop("FineTuneProgress")
    for name in ("FinetuneResponse", "FinetuneResponseTruncated"):
        if "progress" in fields(document, name):
            fields(document, name)["progress"] = deepcopy(progress)


@kind(11, "class-renamed breaking source", synced=SAME)
def a_body_gets_a_name(document: Node) -> None:
    content = operation(document, "POST /fine-tunes")["requestBody"]["content"][JSON]
    document["components"]["schemas"]["JobRequest"] = content["schema"]
    content["schema"] = {"$ref": SCHEMAS + "JobRequest"}


@kind(11, "class-renamed breaking source", synced=SAME)
def an_enum_gets_a_name(document: Node) -> None:
    checkpoint = parameter(document, "GET /finetune/download", "checkpoint")
    document["components"]["schemas"]["WeightsForm"] = checkpoint["schema"]
    checkpoint["schema"] = {"$ref": SCHEMAS + "WeightsForm"}


@kind(11, "status-restated neutral", synced=SAME)
def a_success_is_described_for_all_statuses(document: Node) -> None:
    restated(document, "GET /fine-tunes", "2XX")


@kind(
    11,
    "operation-moved breaking",
    "operation-added additive",
    "parameter-added additive",
    "parameter-renamed breaking source",
    "field-added additive",
    synced=r"list_fine_tune_events \(.*\): if it has moved to GET /fine-tunes/\{job\}/log, write",
)
def an_operation_is_moved_and_changed_beside_another_that_is_new(document: Node) -> None:
    item = document["paths"].pop("/fine-tunes/{id}/events")
    document["paths"]["/fine-tunes/{job}/log"] = item
    parameter(document, "GET /fine-tunes/{job}/log", "id")["name"] = "job"
    item["get"]["parameters"].append({"name": "after", "in": "query", "schema": STRING})
    fields(document, "FineTuneEvent")["node"] = STRING
    other = {**item["get"], "responses": {"200": {"description": "", "content": {JSON: {"schema": STRING}}}}}
    document["paths"]["/fine-tunes/{id}/eventually"] = {"get": deepcopy(other)}


@kind(
    11, "class-renamed breaking source", synced=r"under types:\n  `FinetuneResponse\w*: FinetuneResponse\w*`\n  `\w+: "
)
def two_types_exchange_their_names(document: Node) -> None:
    rename(document, "FinetuneResponse", "Neither")
    rename(document, "FinetuneResponseTruncated", "FinetuneResponse")
    rename(document, "Neither", "FinetuneResponseTruncated")


@kind(11, "class-renamed breaking source", synced=r"  `FinetuneResponse: FinetuneResponseTruncated`")
def a_type_gets_the_name_that_another_had(document: Node) -> None:
    rename(document, "FinetuneResponse", "JobDetail")
    rename(document, "FinetuneResponseTruncated", "FinetuneResponse")


@kind(
    11,
    "operation-removed breaking",
    synced=r"no other operation is similar.*\(download_fine_tune\.checkpoint, download_fine_tune\.response\)",
)
def an_operation_is_removed_that_others_resemble_in_name(document: Node) -> None:
    del document["paths"]["/finetune/download"]


# 12: payloads against annotations -------------------------------------------------------------------------------


@kind(12, "type-changed breaking tighter", synced=CHECKED + r"created_at is str \('2026-.*\), and annotated as int")
def a_date_becomes_a_number(document: Node) -> None:
    fields(document, "FinetuneResponse")["created_at"] = {"type": "integer"}


@kind(12, "type-changed breaking tighter", synced=CHECKED + r"queue_depth is int \(\d+\), and annotated as .*bool")
def a_number_becomes_a_flag(document: Node) -> None:
    fields(document, "FinetuneResponse")["queue_depth"] = {"type": "boolean"}


@kind(
    12,
    "type-changed breaking tighter",
    synced=CHECKED + r"(message is str|payload \w+ \w+: events\[0\]\.message is str)",
)
def a_text_in_a_list_becomes_a_list(document: Node) -> None:
    fields(document, "FineTuneEvent")["message"] = {"type": "array", "items": STRING}


# 13: the overlay ------------------------------------------------------------------------------------------------


@kind(
    13, "format-changed breaking tighter", synced=r"removes, and action \d+ .* adds again, .* now: .*FinetuneResponse"
)
def an_id_is_corrected(document: Node) -> None:
    fields(document, "FinetuneResponse")["id"] = {"type": "string"}


@kind(13, "type-changed breaking tighter", synced=r"id\) matches nothing\. Its reason is: It .* UUID")
def a_type_that_the_overlay_replaces_is_another(document: Node) -> None:
    fields(document, "FinetuneResponse")["id"] = {"type": "integer"}


@kind(13, "value-added additive open", synced=r"FinetuneJobStatus\.enum\) says what the specification says itself now")
def a_status_that_we_know_is_described(document: Node) -> None:
    schema(document, "FinetuneJobStatus")["enum"].append("user_error")


@kind(13, "now-optional additive", synced=r"matches nothing\. Its reason is: ")
def what_is_required_is_corrected(document: Node) -> None:
    body(document, "POST /fine-tunes")["required"].remove("model")


# 14: what is named ----------------------------------------------------------------------------------------------


@kind(14, "operation-removed breaking", synced=r"2 operations of .*delete_fine_tune .*list_fine_tune_events ")
def two_operations_are_removed(document: Node) -> None:
    del document["paths"]["/fine-tunes/{id}"]["delete"]
    del document["paths"]["/fine-tunes/{id}/events"]


@kind(
    14,
    "parameter-removed breaking",
    "parameter-added additive",
    synced=r"not in the specification now: download_fine_tune\.checkpoint_step",
)
def a_parameter_of_the_query_is_renamed(document: Node) -> None:
    parameter(document, "GET /finetune/download", "checkpoint_step")["name"] = "checkpoint_steps"


@kind(14, "field-added additive", "problem", synced=r"#/components/schemas/NowhereToBeFound does not exist")
def a_new_field_leads_nowhere(document: Node) -> None:
    fields(document, "FinetuneResponse")["cluster"] = {"$ref": SCHEMAS + "NowhereToBeFound"}


@kind(14, "field-added additive", "problem", synced=r"other\.yaml#/X is in another document: bundle the specification")
def a_new_field_leads_to_another_file(document: Node) -> None:
    fields(document, "FinetuneResponse")["cluster"] = {"$ref": "other.yaml#/X"}


@kind(14, "class-renamed breaking source", "module-moved breaking source", synced=SAME)
def only_what_is_absorbed_has_changed(document: Node) -> None:
    schema(document, "FineTuneProgress")["title"] = "How far it is"
    operation(document, "GET /fine-tunes")["tags"] = ["Jobs"]


# 15: several bodies, several types ------------------------------------------------------------------------------


@kind(15, "content-added additive", synced=SAME)
def a_request_may_also_be_a_form(document: Node) -> None:
    content = operation(document, "POST /fine-tunes")["requestBody"]["content"]
    content["multipart/form-data"] = {"schema": {"type": "object", "properties": {"file": STRING}}}


@kind(15, "content-added additive", synced=SAME)
def an_estimate_may_also_be_encoded_in_a_url(document: Node) -> None:
    content = operation(document, "POST /fine-tunes/estimate-price")["requestBody"]["content"]
    content["application/x-www-form-urlencoded"] = {"schema": deepcopy(content[JSON]["schema"])}


@kind(
    15,
    "type-widened additive",
    synced=r"FinetuneCreateRequest\.batch_size is a union of 2 types .*`FinetuneCreateRequest\.batch_size\(1\): NAME`",
)
def a_place_that_has_a_name_becomes_a_union(document: Node) -> None:
    create = body(document, "POST /fine-tunes")["properties"]
    per_device = {"type": "object", "properties": {"per_device": {"type": "integer"}}}
    create["batch_size"]["oneOf"].append(per_device)


# 17: restrictions -----------------------------------------------------------------------------------------------


def restricted(document: Node, **keywords: Any) -> None:  # noqa: ANN401 -- keywords
    """Restrict what a body may be."""
    body(document, "POST /fine-tunes/estimate-price").update(keywords)


@kind(17, "bounds-tightened breaking", synced=SAME)
def some_fields_may_not_be_sent_together(document: Node) -> None:
    restricted(document, **{"not": {"required": ["model", "n_epochs"]}})


@kind(17, "bounds-tightened breaking", synced=SAME)
def one_field_requires_another(document: Node) -> None:
    restricted(document, dependentRequired={"model": ["n_epochs"]})


@kind(17, "bounds-tightened breaking", synced=SAME)
def names_of_fields_are_restricted(document: Node) -> None:
    restricted(document, propertyNames={"pattern": "^[a-z_]+$"})


@kind(17, "bounds-tightened breaking", synced=SAME)
def a_number_has_to_be_a_multiple(document: Node) -> None:
    body(document, "POST /fine-tunes")["properties"]["n_epochs"]["multipleOf"] = 2


@kind(17, "bounds-tightened neutral", synced=SAME)
def a_response_is_restricted(document: Node) -> None:
    schema(document, "FineTuneProgress")["if"] = {"required": ["seconds_remaining"]}


@kind(17, "bounds-tightened breaking", synced=NEW)
def a_text_gets_a_format(document: Node) -> None:
    body(document, "POST /fine-tunes")["properties"]["suffix"]["format"] = "hostname"


@kind(17, "field-removed breaking", synced=r"not in the specification now: FinetuneCreateRequest\.suffix\.")
def a_field_of_a_request_is_forbidden(document: Node) -> None:
    body(document, "POST /fine-tunes")["properties"]["suffix"] = False


@kind(17, "field-removed breaking", synced=NEW)
def a_field_of_a_request_becomes_read_only(document: Node) -> None:
    body(document, "POST /fine-tunes")["properties"]["suffix"]["readOnly"] = True


@kind(17, "field-removed breaking", synced=NEW)
def a_field_of_a_response_becomes_write_only(document: Node) -> None:
    fields(document, "FinetuneResponse")["queue_depth"]["writeOnly"] = True


# 15: a name of ours is taken ------------------------------------------------------------------------------------


@kind(
    15,
    "field-added additive",
    synced=r"has a type BatchSizeMax, .* gives the type of \w+\.batch_size",
)
def a_new_type_takes_the_name_of_a_place(document: Node) -> None:
    document["components"]["schemas"]["BatchSizeMax"] = {"type": "object", "properties": {"size": STRING}}
    fields(document, "FinetuneResponse")["odd"] = {"$ref": SCHEMAS + "BatchSizeMax"}


@kind(
    15,
    "field-added additive",
    "class-renamed breaking source",
    synced=r"has a type LRSchedulerType, .* gives the name LRSchedulerType to its type Schedules, by its place",
)
def a_new_type_takes_the_name_of_another_that_gets_one(document: Node) -> None:
    document["components"]["schemas"] |= {
        "LRSchedulerType": {"type": "object", "properties": {"size": STRING}},
        "Schedules": fields(document, "LRScheduler")["lr_scheduler_type"],
    }
    fields(document, "LRScheduler")["lr_scheduler_type"] = {"$ref": SCHEMAS + "Schedules"}
    fields(document, "FinetuneResponse")["odd"] = {"$ref": SCHEMAS + "LRSchedulerType"}


@kind(
    15,
    "value-removed breaking",
    "value-added additive",
    "value-added additive open",
    "class-renamed breaking source",
    synced=r"Words of the specification is the type of places .*: give them the same name there, in `\S+: \w+` and `",
)
def one_type_is_found_where_two_names_are_ours(document: Node) -> None:
    document["components"]["schemas"]["Words"] = {"type": "string", "enum": ["cosine", "linear", "max"]}
    fields(document, "LRScheduler")["lr_scheduler_type"] = {"$ref": SCHEMAS + "Words"}
    parameter(document, "GET /finetune/download", "checkpoint")["schema"] = {"$ref": SCHEMAS + "Words"}


# 18: how parameters are sent ------------------------------------------------------------------------------------


def takes(document: Node, **parameter: Any) -> None:  # noqa: ANN401 -- a parameter
    """Let the list of jobs take another parameter."""
    operation(document, "GET /fine-tunes").setdefault("parameters", []).append({"in": "query", **parameter})


@kind(18, "parameter-added additive", synced=NEW)
def a_parameter_is_sent_as_json(document: Node) -> None:
    takes(document, name="filter", content={JSON: {"schema": {"type": "object", "properties": {"suffix": STRING}}}})


@kind(18, "parameter-added additive", synced=NEW)
def a_parameter_is_a_list_with_commas(document: Node) -> None:
    takes(document, name="tags", explode=False, schema={"type": "array", "items": STRING})


@kind(
    18,
    "parameter-restated breaking",
    synced=r"names the types of places that have none now: download_fine_tune\.checkpoint",
)
def a_parameter_becomes_json(document: Node) -> None:
    checkpoint = parameter(document, "GET /finetune/download", "checkpoint")
    checkpoint["content"] = {JSON: {"schema": checkpoint.pop("schema")}}


@kind(18, synced=SAME)
def a_text_gets_a_style(document: Node) -> None:
    parameter(document, "GET /finetune/download", "ft_id").update(style="form", explode=False, allowReserved=True)
