"""What happens to public specifications, one change at a time, and what has to be said and done about it.

Each is a function that changes a specification in place. `found` is what the report has to say of the public documents
as they are: kind, class and flags. `synced` is what comes of a sync: `same` (the rules absorb it: not a byte of
openapi.yaml changes), `new` (a client is generated, imported, and reads the payloads) or, in words, why not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tools.spec.documents import Node

JSON = "application/json"
SAME, NEW = "same", "new"


@dataclass(frozen=True)
class Case:
    """One change, what the report says, and what comes of a sync."""

    name: str
    change: Callable[[Node], None]
    found: frozenset[str]
    synced: str


CASES: list[Case] = []


def case(*found: str, synced: str) -> Callable[[Callable[[Node], None]], Callable[[Node], None]]:
    """Make a case of a function; its name, in words, is that of the case."""

    def add(change: Callable[[Node], None]) -> Callable[[Node], None]:
        CASES.append(Case(change.__name__.replace("_", " "), change, frozenset(found), synced))
        return change

    return add


def operation(document: Node, address: str) -> Node:
    """An operation by its address."""
    method, _, path = address.partition(" ")
    found: Node = document["paths"][path][method.lower()]
    return found


def schema(document: Node, name: str) -> Node:
    """A named schema."""
    found: Node = document["components"]["schemas"][name]
    return found


def fields(document: Node, name: str) -> Node:
    """The fields of a named schema."""
    found: Node = schema(document, name)["properties"]
    return found


def body(document: Node, address: str) -> Node:
    """The schema of an operation's body."""
    found: Node = operation(document, address)["requestBody"]["content"][JSON]["schema"]
    return found


def contents(document: Node, address: str) -> Node:
    """The forms of an operation's response."""
    found: Node = operation(document, address)["responses"]["200"]["content"]
    return found


def parameter(document: Node, address: str, name: str) -> Node:
    """A parameter of an operation."""
    found: Node = next(one for one in operation(document, address)["parameters"] if one["name"] == name)
    return found


def replaced(node: object, old: str, new: str) -> None:
    """Let every reference to one schema lead to another."""
    if isinstance(node, dict):
        if node.get("$ref") == f"#/components/schemas/{old}":
            node["$ref"] = f"#/components/schemas/{new}"
        for part in node.values():
            replaced(part, old, new)
    elif isinstance(node, list):
        for part in node:
            replaced(part, old, new)


# Operations -----------------------------------------------------------------------------------------------------


@case(
    "operation-removed breaking",
    synced=r"delete_fine_tune \(DELETE /fine-tunes/\{id\}\): no other operation is similar.*remove its line there",
)
def an_operation_is_removed(document: Node) -> None:
    del document["paths"]["/fine-tunes/{id}"]["delete"]


@case(
    "operation-moved breaking",
    synced=r"write `list_fine_tune_events: \['GET /fine-tunes/\{id\}/event-log', 'GET /fine-tunes/\{id\}/events'\]`",
)
def an_operation_is_moved(document: Node) -> None:
    document["paths"]["/fine-tunes/{id}/event-log"] = document["paths"].pop("/fine-tunes/{id}/events")


@case("operation-added additive", synced=SAME)
def an_operation_is_added_beside_ours(document: Node) -> None:
    job = operation(document, "GET /fine-tunes/{id}/events")
    document["paths"]["/fine-tunes/{id}/logs"] = {"get": {**job, "summary": "Logs"}}


@case(synced=SAME)
def an_operation_is_added_elsewhere(document: Node) -> None:
    document["paths"]["/weather"] = {"get": {"tags": ["Weather"], "responses": {"200": {"description": "Fine."}}}}


@case("operation-deprecated neutral", synced=NEW)
def an_operation_is_deprecated(document: Node) -> None:
    operation(document, "GET /fine-tunes")["deprecated"] = True


@case("module-moved breaking source", synced=SAME)
def a_tag_is_renamed(document: Node) -> None:
    operation(document, "GET /fine-tunes")["tags"] = ["Jobs"]


@case("function-renamed breaking source", synced=SAME)
def an_operation_gets_an_id(document: Node) -> None:
    operation(document, "GET /fine-tunes")["operationId"] = "listTheJobs"


@case("server-changed breaking", synced=NEW)
def the_server_is_moved(document: Node) -> None:
    document["servers"] = [{"url": "https://api.elsewhere.example/v1"}]


@case("prefix-moved neutral", synced=SAME)
def the_version_is_moved_from_the_server_into_the_paths(document: Node) -> None:
    document["servers"] = [{"url": document["servers"][0]["url"].removesuffix("/v1")}]
    document["paths"] = {f"/v1{path}": item for path, item in document["paths"].items()}


@case("security-changed breaking", synced=NEW)
def the_key_is_sent_in_another_header(document: Node) -> None:
    document["components"]["securitySchemes"]["bearerAuth"] = {"type": "apiKey", "in": "header", "name": "X-Key"}


@case("security-changed breaking", synced=NEW)
def the_key_is_sent_without_a_word_before_it(document: Node) -> None:
    scheme = {"type": "apiKey", "in": "header", "name": "Authorization"}
    document["components"]["securitySchemes"]["bearerAuth"] = scheme


@case("security-restated neutral", synced=NEW)
def the_same_header_is_described_as_a_key(document: Node) -> None:
    scheme = {"type": "apiKey", "in": "header", "name": "authorization", "description": "`Bearer` and the key."}
    document["components"]["securitySchemes"]["bearerAuth"] = scheme


@case("security-restated neutral", synced=NEW)
def the_same_header_is_described_as_open_id(document: Node) -> None:
    scheme = {"type": "openIdConnect", "openIdConnectUrl": "https://id.example/.well-known/openid-configuration"}
    document["components"]["securitySchemes"]["bearerAuth"] = scheme


@case("security-restated neutral", synced=NEW)
def the_scheme_is_written_in_another_letter_case(document: Node) -> None:
    document["components"]["securitySchemes"]["bearerAuth"]["scheme"] = "Bearer"


@case("error-responses neutral", synced=SAME)
def another_refusal_is_described(document: Node) -> None:
    operation(document, "GET /fine-tunes")["responses"]["418"] = {"description": "A teapot."}


# Parameters -----------------------------------------------------------------------------------------------------


@case("parameter-added additive", synced=NEW)
def a_parameter_is_added(document: Node) -> None:
    one = {"name": "limit", "in": "query", "schema": {"type": "integer", "default": 20}}
    operation(document, "GET /fine-tunes").setdefault("parameters", []).append(one)


@case("parameter-added-required breaking", synced=NEW)
def a_required_parameter_is_added(document: Node) -> None:
    one = {"name": "project", "in": "query", "required": True, "schema": {"type": "string"}}
    operation(document, "GET /fine-tunes").setdefault("parameters", []).append(one)


@case("parameter-removed breaking", synced=r"describes what is not in the specification now: delete_fine_tune\.force")
def a_parameter_is_dropped(document: Node) -> None:
    delete = operation(document, "DELETE /fine-tunes/{id}")
    delete["parameters"] = [one for one in delete["parameters"] if one["name"] != "force"]


@case("now-required breaking", synced=NEW)
def a_parameter_becomes_required(document: Node) -> None:
    parameter(document, "GET /finetune/download", "checkpoint")["required"] = True


@case("parameter-renamed breaking source", synced=SAME)
def a_parameter_of_the_path_is_renamed(document: Node) -> None:
    item = document["paths"].pop("/fine-tunes/{id}/events")
    document["paths"]["/fine-tunes/{job_id}/events"] = item
    parameter(document, "GET /fine-tunes/{job_id}/events", "id")["name"] = "job_id"


# What is sent ---------------------------------------------------------------------------------------------------


@case("field-added additive", synced=NEW)
def a_field_is_added_to_a_request(document: Node) -> None:
    body(document, "POST /fine-tunes")["properties"]["curriculum"] = {"type": "string"}


@case("field-added-required breaking", synced=NEW)
def a_required_field_is_added_to_a_request(document: Node) -> None:
    estimate = body(document, "POST /fine-tunes/estimate-price")
    estimate["properties"]["region"] = {"type": "string"}
    estimate["required"].append("region")


@case(
    "field-added-required breaking",
    synced=r"matches nothing\. Its reason is: .*needs no model.* If the specification says so itself now",
)
def a_required_field_is_added_where_we_say_what_is_required(document: Node) -> None:
    create = body(document, "POST /fine-tunes")
    create["properties"]["region"] = {"type": "string"}
    create["required"].append("region")


@case(
    "field-removed breaking",
    synced=r"not in the specification now: FinetuneCreateRequest\.suffix\. Rename or remove these words; or",
)
def a_field_is_removed_from_a_request(document: Node) -> None:
    del body(document, "POST /fine-tunes")["properties"]["suffix"]


@case("now-required breaking", synced=NEW)
def a_field_of_a_request_becomes_required(document: Node) -> None:
    body(document, "POST /fine-tunes/estimate-price")["required"].append("model")


@case("type-changed breaking", synced=r"suffix is str .*, and annotated as list\[str\] \| Unset")
def a_field_of_a_request_is_retyped(document: Node) -> None:
    body(document, "POST /fine-tunes")["properties"]["suffix"] = {"type": "array", "items": {"type": "string"}}


@case("value-added additive", synced=NEW)
def a_value_is_added_to_a_request(document: Node) -> None:
    parameter(document, "GET /finetune/download", "checkpoint")["schema"]["enum"].append("best")


@case(
    "value-removed breaking", synced=r"uses MODEL_OUTPUT_PATH of together_generated\.models\.DownloadCheckpoint, which"
)
def a_value_that_we_use_is_removed_from_a_request(document: Node) -> None:
    parameter(document, "GET /finetune/download", "checkpoint")["schema"]["enum"].remove("model_output_path")


@case("value-removed breaking", synced=r"names the types of places that have none now: download_fine_tune\.checkpoint")
def an_enum_of_a_request_becomes_a_constant(document: Node) -> None:
    parameter(document, "GET /finetune/download", "checkpoint")["schema"] = {"const": "merged"}


@case("bounds-tightened breaking", synced=SAME)
def a_bound_is_added_to_a_request(document: Node) -> None:
    body(document, "POST /fine-tunes")["properties"]["suffix"]["maxLength"] = 40


@case("default-changed neutral", synced=SAME)
def a_default_is_changed(document: Node) -> None:
    body(document, "POST /fine-tunes")["properties"]["n_epochs"]["default"] = 3


@case("body-removed breaking", synced=r"names the types of places that have none .*: estimate_fine_tune_price\.body")
def a_body_is_removed(document: Node) -> None:
    del operation(document, "POST /fine-tunes/estimate-price")["requestBody"]


@case("now-optional additive", synced=NEW)
def a_body_may_be_left_out(document: Node) -> None:
    operation(document, "POST /fine-tunes/estimate-price")["requestBody"]["required"] = False


# What is from_server -----------------------------------------------------------------------------------------------


@case("field-added additive", synced=NEW)
def a_field_is_added_to_a_response(document: Node) -> None:
    fields(document, "FinetuneResponse")["carbon_grams"] = {"type": "number"}


@case("field-added-required additive tighter", synced=NEW)
def a_required_field_is_added_to_a_response(document: Node) -> None:
    fields(document, "FinetuneResponse")["carbon_grams"] = {"type": "number"}
    schema(document, "FinetuneResponse")["required"].append("carbon_grams")


@case("field-removed breaking", synced=r"not in the specification now: FinetuneResponse\.queue_depth")
def a_field_is_removed_from_a_response(document: Node) -> None:
    del fields(document, "FinetuneResponse")["queue_depth"]


@case(
    "field-removed breaking",
    "field-added additive",
    synced=r"not in the specification now: FinetuneResponse\.queue_depth",
)
def a_field_of_a_response_is_renamed(document: Node) -> None:
    fields(document, "FinetuneResponse")["queue_depths"] = fields(document, "FinetuneResponse").pop("queue_depth")


@case("type-changed breaking tighter", synced=r"param_count is int .*, and annotated as None \| str \| Unset")
def a_field_of_a_response_is_retyped(document: Node) -> None:
    fields(document, "FinetuneResponse")["param_count"] = {"type": "string"}


@case("type-widened breaking", synced=NEW)
def a_field_of_a_response_is_widened(document: Node) -> None:
    fields(document, "FinetuneResponse")["param_count"] = {"type": "number"}


@case("type-narrowed neutral tighter", synced=r"learning_rate is float .*, and annotated as int \| None \| Unset")
def a_field_of_a_response_is_narrowed(document: Node) -> None:
    fields(document, "FinetuneResponse")["learning_rate"] = {"type": "integer"}


@case("format-changed breaking tighter", synced=NEW)
def a_date_becomes_any_string(document: Node) -> None:
    del fields(document, "FinetuneResponse")["created_at"]["format"]


@case("now-required neutral tighter", synced=SAME)
def a_field_of_a_response_becomes_required(document: Node) -> None:
    schema(document, "FinetuneResponse")["required"].append("learning_rate")


@case("now-optional breaking", synced=SAME)
def a_field_of_a_response_becomes_optional(document: Node) -> None:
    schema(document, "FinetuneResponse")["required"].remove("status")


@case("null-added breaking", synced=SAME)
def a_field_of_a_response_may_be_null(document: Node) -> None:
    fields(document, "FinetuneResponse")["learning_rate"]["nullable"] = True


@case("value-added additive open", synced=NEW)
def a_value_is_added_to_a_response(document: Node) -> None:
    schema(document, "FinetuneJobStatus")["enum"].append("hibernating")


@case("value-removed breaking tighter", synced=NEW)
def a_value_is_removed_from_a_response(document: Node) -> None:
    schema(document, "FinetuneJobStatus")["enum"].remove("compressing")


@case("values-opened additive open", synced=r"not in the specification now: FinetuneEventLevels")
def an_enum_of_a_response_becomes_any_string(document: Node) -> None:
    schema(document, "FinetuneEventLevels").pop("enum")
    schema(document, "FinetuneEventLevels")["nullable"] = True


@case("kind-added additive open", synced=NEW)
def an_object_becomes_a_union(document: Node) -> None:
    other = {"type": "object", "required": ["rank"], "properties": {"rank": {"type": "integer"}}}
    field = fields(document, "FinetuneResponse")["multimodal_params"]
    fields(document, "FinetuneResponse")["multimodal_params"] = {"oneOf": [field, other]}


@case("kind-added additive open", synced=NEW)
def a_kind_is_added_to_a_union(document: Node) -> None:
    kind = {"type": "string", "enum": ["Prefix"]}
    prefix = {"type": "object", "required": ["type"], "properties": {"type": kind, "tokens": {"type": "integer"}}}
    document["components"]["schemas"]["PrefixTrainingType"] = prefix
    member = {"$ref": "#/components/schemas/PrefixTrainingType"}
    fields(document, "FinetuneResponse")["training_type"]["oneOf"].append(member)


@case("kind-removed breaking source tighter", synced=NEW)
def a_kind_is_removed_from_a_union(document: Node) -> None:
    fields(document, "FinetuneResponse")["training_type"]["oneOf"].pop()


@case(
    "content-changed breaking tighter",
    synced=r"not in the specification now: FinetuneDeleteResponse",
)
def a_response_of_json_becomes_bytes(document: Node) -> None:
    found = contents(document, "DELETE /fine-tunes/{id}")
    del found[JSON]
    found["application/octet-stream"] = {"schema": {"type": "string", "format": "binary"}}


@case("content-added neutral", synced=SAME)
def a_response_may_be_a_stream(document: Node) -> None:
    contents(document, "GET /fine-tunes")["text/event-stream"] = {"schema": {"type": "string"}}


@case("status-added breaking", synced=NEW)
def another_success_is_described(document: Node) -> None:
    responses = operation(document, "DELETE /fine-tunes/{id}")["responses"]
    responses["202"] = responses["200"]


@case("class-renamed breaking source", synced=SAME)
def a_type_gets_a_title(document: Node) -> None:
    schema(document, "FineTuneProgress")["title"] = "How far it is"


@case("class-renamed breaking source", synced=r"under types:\n  `JobProgress: FineTuneProgress`$")
def a_type_is_renamed(document: Node) -> None:
    document["components"]["schemas"]["JobProgress"] = document["components"]["schemas"].pop("FineTuneProgress")
    replaced(document, "FineTuneProgress", "JobProgress")


@case("class-renamed breaking source", synced=SAME)
def a_body_gets_a_title(document: Node) -> None:
    body(document, "POST /fine-tunes")["title"] = "Job creation"


# The same in other words ----------------------------------------------------------------------------------------


@case(synced=SAME)
def null_is_written_in_the_way_of_3_1(document: Node) -> None:
    seed = body(document, "POST /fine-tunes")["properties"]["random_seed"]
    seed.pop("nullable")
    seed["type"] = ["integer", "null"]


@case(synced=SAME)
def null_is_written_as_a_member(document: Node) -> None:
    body(document, "POST /fine-tunes")["properties"]["random_seed"] = {"anyOf": [{"type": "integer"}, {"type": "null"}]}


@case(synced=SAME)
def a_constant_is_written_as_an_enum(document: Node) -> None:
    fields(document, "FineTuneEvent")["object"] = {"type": "string", "enum": ["fine-tune-event"]}


@case(synced=SAME)
def a_reference_is_wrapped(document: Node) -> None:
    field = fields(document, "FinetuneResponse")["progress"]
    fields(document, "FinetuneResponse")["progress"] = {"allOf": [field], "description": "In other words."}


@case(synced=SAME)
def an_operations_parameter_is_moved_to_its_path(document: Node) -> None:
    item = document["paths"]["/fine-tunes/{id}/events"]
    item["parameters"] = item["get"].pop("parameters")


# What cannot be -------------------------------------------------------------------------------------------------


@case("problem", synced=r"#/components/schemas/NowhereToBeFound does not exist")
def a_reference_leads_nowhere(document: Node) -> None:
    fields(document, "FinetuneResponse")["progress"] = {"$ref": "#/components/schemas/NowhereToBeFound"}


@case("problem", synced=r"#/components/schemas/FineTuneProgress consists of itself")
def a_type_consists_of_itself(document: Node) -> None:
    document["components"]["schemas"]["FineTuneProgress"] = {
        "anyOf": [{"$ref": "#/components/schemas/FineTuneProgress"}]
    }


@case("problem", synced=r"does not have the structure of OpenAPI")
def something_has_another_shape(document: Node) -> None:
    operation(document, "GET /fine-tunes")["responses"] = ["200"]
