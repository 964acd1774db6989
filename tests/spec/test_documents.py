"""Reading specifications and the recipe, and what is said of those that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.spec.addresses import ALIKE, by_key, likeness
from tools.spec.documents import Node, SpecError, followed, parse, read_openapi, resolve, well_formed
from tools.spec.prune import prune
from tools.spec.surface import Kept, Surface, read_surface
from tools.spec.words import described, read_words, undescribed
from tools.spec.write import dump


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 2025-02-04 10:43:55", {"a": "2025-02-04 10:43:55"}),
        ("a: on", {"a": "on"}),
        ("no: yes", {"no": "yes"}),
        ("a: true", {"a": True}),
        ("a: [falsehood, True, false]", {"a": ["falsehood", "True", False]}),
        ("200: x", {"200": "x"}),
        ("null: ~", {"null": None}),
        ("version: 1.10", {"version": 1.1}),
        ('{"a": [1, 2.5, null]}', {"a": [1, 2.5, None]}),
        ('{"a": [1e-05, -1E5, 0, -0.5]}', {"a": [1e-05, -1e5, 0, -0.5]}),
        ("a: [010, 12:30, 1_000, 0x1f]", {"a": ["010", "12:30", "1_000", "0x1f"]}),
        ("base: &b {x: 1}\nmore: {<<: *b, y: 2}", {"base": {"x": 1}, "more": {"x": 1, "y": 2}}),
    ],
)
def test_yaml_is_read_as_json_would_have_said_it(text: str, value: object) -> None:
    assert parse(text, "it") == value


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: [", "it is not YAML: line 2: did not find expected node content"),
        ("a: 1\nb: 2\na: 3", "it is not YAML: line 3: the key 'a' occurs twice"),
        ("[" * 3000, "it is nested too deeply|it is not YAML"),
        ("a: !!python/object:os.system {}", "it is not YAML: line 1: could not determine a constructor"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_line(text: str, sentence: str) -> None:
    with pytest.raises(SpecError, match=sentence):
        parse(text, "it")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"swagger: '2.0'", "is not an OpenAPI 3 document"),
        (b"- 1", "is not an OpenAPI 3 document"),
        (b"", "is not an OpenAPI 3 document"),
        (b"openapi: 3.1.0", "has no paths"),
        (b"\xff\xfe\x00", "is not UTF-8 text"),
    ],
)
def test_what_is_no_specification_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    file = tmp_path / "spec.yaml"
    file.write_bytes(content)
    with pytest.raises(SpecError, match=f"spec.yaml {sentence}"):
        read_openapi(file)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="cannot be read: No such file"):
        read_openapi(tmp_path / "gone.yaml")


def test_references_are_followed_and_those_that_lead_nowhere_are_told() -> None:
    document = {"a": {"b/c": {"~": 7}}, "x": {"$ref": "#/y"}, "y": {"$ref": "#/a"}, "o": {"$ref": "#/o"}}
    assert resolve(document, "#/a/b~1c/~0") == 7
    assert followed(document, document["x"]) == document["a"]
    with pytest.raises(SpecError, match="#/a/gone does not exist"):
        resolve(document, "#/a/gone")
    with pytest.raises(SpecError, match="is in another document"):
        resolve(document, "other.yaml#/a")
    with pytest.raises(SpecError, match="#/o refers to itself"):
        followed(document, document["o"])


def test_what_refers_to_itself_without_end_is_a_fault_of_the_specification() -> None:
    with (
        pytest.raises(SpecError, match=r"^The list refers to itself without end: report it to the owner"),
        well_formed("The list"),
    ):
        raise RecursionError


# The recipe -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{}", "lists no operations"),
        (
            "operations: {Jobs: {list_jobs: /jobs}}",
            "list_jobs has the address '/jobs'; use a method and a path, such as GET",
        ),
        ("operations: {A: {x: GET /a}, B: {x: GET /b}}", "lists the operationId x twice"),
        (
            "operations: {A: {x: GET /a}}\nforms: {x.response: text/csv, x.limit: text/csv, y.body: text/csv}",
            r"media types for what is not the body or response of an operation in it: x\.limit, y\.body\. Remove",
        ),
    ],
)
def test_a_surface_that_makes_no_sense_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "surface.yaml"
    file.write_text(text)
    with pytest.raises(SpecError, match=sentence):
        read_surface(file)


def test_words_are_given_and_what_has_none_comes_last_by_name(tmp_path: Path) -> None:
    file = tmp_path / "words.yaml"
    file.write_text("info: {}\ntags: {}\noperations: {}\ntypes: {Job: {about: A job., fields: {z: Last., a: }}}")
    properties = {name: {"type": "string"} for name in ("new", "a", "fresh", "z")}
    schemas = {"Other": {"type": "string"}, "Job": {"type": "object", "properties": properties}}
    document = {"openapi": "3.1.0", "info": {}, "paths": {}, "components": {"schemas": schemas}}
    words = read_words(file)
    found = described(document, words)["components"]["schemas"]
    assert list(found) == ["Job", "Other"]
    assert list(found["Job"]["properties"]) == ["z", "a", "fresh", "new"]
    assert found["Job"]["properties"]["z"] == {"type": "string", "description": "Last."}
    assert found["Job"]["description"] == "A job."
    assert list(undescribed(document, words)) == ["Other", "Job.new", "Job.fresh"]


def test_words_for_what_is_gone_are_an_error(tmp_path: Path) -> None:
    file = tmp_path / "words.yaml"
    file.write_text("info: {}\ntags: {}\noperations: {x: {}}\ntypes: {Gone: Words., Job: {fields: {y: Words.}}}")
    document = {"openapi": "3.1.0", "paths": {}, "components": {"schemas": {"Job": {"type": "object"}}}}
    with pytest.raises(SpecError, match=r"describes what is not in the specification now: x, Gone, Job\.y\. Rename"):
        described(document, read_words(file))
    file.write_text("[]")
    with pytest.raises(SpecError, match="is not a mapping of mappings"):
        read_words(file)


def test_words_for_what_may_have_another_name_come_with_it(tmp_path: Path) -> None:
    file = tmp_path / "words.yaml"
    file.write_text(
        "operations: {list_jobs: {parameters: {ft_id: An ID.}}}\n"
        "types: {Job: {fields: {queue_depth: Words., y: Words.}}}\n"
    )
    parameters = [{"name": "id", "in": "query"}, {"name": "limit", "in": "query"}]
    document = {
        "paths": {"/jobs": {"get": {"operationId": "list_jobs", "parameters": parameters}}},
        "components": {"schemas": {"Job": {"type": "object", "properties": {"queue_position": {}, "size": {}}}}},
    }
    words = read_words(file)
    with pytest.raises(SpecError) as refused:
        described(document, words)
    assert str(refused.value) == (
        "tools/spec/words.yaml describes what is not in the specification now: list_jobs.ft_id (is it called id now?), "
        "Job.queue_depth (is it called queue_position now?), Job.y. Rename or remove these words; or, if servers still "
        "send or accept them, describe them in openapi.overlay.yaml."
    )
    assert [*undescribed(document, words)] == ["list_jobs.id", "list_jobs.limit", "Job.queue_position", "Job.size"]


def test_a_name_that_has_nothing_left_is_no_error(tmp_path: Path) -> None:
    """As where the last line below it was removed, which an advice may ask for."""
    surface, words = tmp_path / "surface.yaml", tmp_path / "words.yaml"
    surface.write_text("operations: {Jobs: {list_jobs: GET /jobs}, Account: }\ntypes:\nforms:")
    words.write_text("operations: {a: {parameters: }}\ntypes: {B: {fields: }, C: }\ntags: ")
    read = read_surface(surface)
    assert ([one.id for one in read.operations], read.types, read.forms) == (["list_jobs"], {}, {})
    found = read_words(words)
    assert (found.operations, found.types, found.tags) == ({"a": {}}, {"B": {}, "C": {}}, {})


# Pruning and writing --------------------------------------------------------------------------------------------


def test_what_a_path_says_for_all_its_operations_is_said_by_each() -> None:
    common = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    own = {**common, "schema": {"type": "integer"}}
    item = {"parameters": [common], "get": {"responses": {}}, "delete": {"parameters": [own], "responses": {}}}
    document = {"openapi": "3.1.0", "paths": {"/jobs/{id}": item}}
    kept = (Kept("retrieve", "Jobs", "get", "/jobs/{id}"), Kept("remove", "Jobs", "delete", "/jobs/{id}"))
    found = prune(document, Surface(kept, {}, {}))["paths"]["/jobs/{id}"]
    assert list(found) == ["get", "delete"]
    assert found["get"]["parameters"] == [common]
    assert found["delete"]["parameters"] == [own]
    assert (found["get"]["operationId"], found["get"]["tags"]) == ("retrieve", ["Jobs"])


def test_an_operation_of_a_specification_without_any_is_gone_all_the_same() -> None:
    with pytest.raises(SpecError, match=r"x \(GET /x\): no other operation is similar"):
        prune({"openapi": "3.1.0", "paths": {}}, Surface((Kept("x", "T", "get", "/x"),), {}, {}))


def test_what_is_written_can_be_read_by_any_parser_and_has_no_long_lines() -> None:
    text = "Words, many of them, and a colon: so that they have to be folded somewhere. " * 3
    document = {
        "a": ["on", "1.0", "1e5", "010", "null", "2025-02-04", {"200": text.strip()}],
        "tags": ["x"],
        "b": {"c": {"tags": ["y"]}},
    }
    written = dump(document)
    assert parse(written, "it") == document
    assert max(map(len, written.splitlines())) <= 120
    assert "'on'" in written
    assert "'1e5'" in written
    assert "'2025-02-04'" in written
    assert "tags: [y]" in written


# Servers, paths and former addresses ----------------------------------------------------------------------------


def test_an_operation_may_have_addresses_that_it_had_before(tmp_path: Path) -> None:
    file = tmp_path / "surface.yaml"
    file.write_text("operations: {Jobs: {events: ['GET /jobs/{id}/log', 'GET /jobs/{id}/events']}}")
    (kept,) = read_surface(file).operations
    assert (kept.address, kept.former) == ("GET /jobs/{id}/log", ("GET /jobs/{id}/events",))
    file.write_text("operations: {Jobs: {events: ['GET /jobs/{id}/log', '/jobs/{id}/events']}}")
    with pytest.raises(SpecError, match=r"events has the address '/jobs/{id}/events'; use a method and a path"):
        read_surface(file)


def test_an_address_of_the_surface_may_begin_with_the_prefix(tmp_path: Path) -> None:
    """As where the whole API moves to the version that an operation had before."""
    file = tmp_path / "surface.yaml"
    file.write_text("prefix: /v2\noperations: {Jobs: {events: [GET /v2/jobs, GET /v2/tasks, GET /v3/jobs]}}")
    (kept,) = read_surface(file).operations
    assert (kept.address, kept.former) == ("GET /jobs", ("GET /tasks", "GET /v3/jobs"))


def test_an_operation_that_returns_bytes_is_not_like_one_that_returns_json() -> None:
    """Two that take an ID alone would be the same otherwise."""
    one = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    responses: list[Node] = [
        {"200": {"content": {kind: {"schema": {}}}}} for kind in ("application/zip", "application/json")
    ]
    paths = {
        "/files/{id}/content": {"get": {"parameters": [one], "responses": responses[0]}},
        "/deployments/{id}": {"delete": {"parameters": [one], "responses": responses[1]}},
    }
    assert likeness(*by_key({"paths": paths}, "/v1").values()) < ALIKE


@pytest.mark.parametrize(
    ("server", "path"),
    [
        ("https://api.example.com/v1", "/jobs/{job_id}"),
        ("https://api.example.com", "/v1/jobs/{id}"),
        ("https://api.example.com/", "/v1/jobs/{the-job}"),
        ("/v1", "/jobs/{id}"),
        ("", "/jobs/{id}"),
        ("", "/v1/jobs/{id}"),
        ("https://{region}.example.com/{version}", "/jobs/{id}"),
    ],
)
def test_an_address_is_the_same_however_it_is_divided(server: str, path: str) -> None:
    name = path.partition("{")[2].rstrip("}")
    one = {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    variables = {"region": {"default": "api"}, "version": {"default": "v1"}}
    document = {
        "openapi": "3.1.0",
        "servers": [{"url": server, "variables": variables}] if server else [],
        "paths": {path: {"get": {"parameters": [one], "responses": {}}}},
    }
    found = prune(document, Surface((Kept("retrieve", "Jobs", "get", "/jobs/{id}"),), {}, {}))
    assert found["paths"]["/jobs/{id}"]["get"]["parameters"][0]["name"] == "id"
    assert [one["url"] for one in found.get("servers", [])] in ([], ["https://api.example.com/v1"], ["/v1"])


def test_a_reference_into_a_path_or_a_list_is_followed() -> None:
    document = {"paths": {"/a": {"get": {"parameters": [{"schema": {"type": "string"}}]}}}}
    assert resolve(document, "#/paths/~1a/get/parameters/0/schema") == {"type": "string"}
    with pytest.raises(SpecError, match="parameters/1 does not exist"):
        resolve(document, "#/paths/~1a/get/parameters/1")
