"""Whatever a server leaves out, nulls or adds: it parses, and writes back with the same meaning."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_generated import models
from together_generated.models.fine_tune_checkpoint import FineTuneCheckpoint
from together_generated.models.fine_tune_event import FineTuneEvent
from together_generated.models.finetune_response import FinetuneResponse
from together_generated.models.finetune_response_truncated import FinetuneResponseTruncated
from together_generated.models.finetune_truncated_list import FinetuneTruncatedList
from tools.spec.documents import read_openapi

from .payloads import CHECKPOINT_SAVE, CHECKPOINTS, FULL_JOB, JOB_START, LORA_JOB, ODD_JOB, SHORT_JOB
from .semantics import DATED, Json, meaning

Model: TypeAlias = FinetuneResponse | FinetuneResponseTruncated | FineTuneEvent | FineTuneCheckpoint
Document: TypeAlias = dict[str, Json]

# Strategies -----------------------------------------------------------------------------------------------------

ANY_JSON: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
DATES = st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat()) | st.sampled_from(
    [
        "2026-04-27T08:14:02.117Z",
        "2026-04-27T08:14:02",
        "2026-04-27",
        "never",
    ]
)
OBJECTS_OF_SOME_KIND: dict[str, list[Document]] = {
    "training_type": [{"type": "Full"}, {"type": "Lora", "lora_r": 8}, {"type": "Prefix"}],
    "training_method": [{"method": "sft"}, {"method": "dpo", "dpo_beta": 0.1}, {"method": "grpo"}],
    "lr_scheduler": [
        {"lr_scheduler_type": "linear", "lr_scheduler_args": {"min_lr_ratio": 0.0}},
        {"lr_scheduler_type": "cosine", "lr_scheduler_args": {"num_cycles": 1}},
        {"lr_scheduler_type": "steps", "lr_scheduler_args": {"at": [1, 2]}},
    ],
    "multimodal_params": [{"train_vision": True}],
    "progress": [{"estimate_available": True, "seconds_remaining": 1.5}],
}


def documents(examples: list[Document], *, always: frozenset[str]) -> st.SearchStrategy[Document]:
    """Documents with any of the examples' fields absent, null, strange or as in an example, and with other fields."""
    known = {name: [example[name] for example in examples if name in example] for name in set().union(*examples)}
    optional = {name: values(name, usual) for name, usual in sorted(known.items()) if name not in always}
    required = {name: st.sampled_from(known[name]) for name in always}
    extras = st.dictionaries(st.text(max_size=12).filter(lambda name: name not in known), ANY_JSON, max_size=3)
    return st.builds(
        lambda fields, more: {**more, **fields}, st.fixed_dictionaries(required, optional=optional), extras
    )


def values(name: str, usual: list[Json]) -> st.SearchStrategy[Json]:
    """Values for the field `name`, among them its usual ones."""
    if name == "events":
        return st.none() | st.lists(EVENTS, max_size=2)
    if name in DATED:
        return st.none() | DATES | ANY_JSON
    if name in OBJECTS_OF_SOME_KIND:
        kinds = st.sampled_from(OBJECTS_OF_SOME_KIND[name])
        return st.none() | ANY_JSON | st.builds(lambda kind, more: {**more, **kind}, kinds, OBJECTS)
    return st.none() | st.sampled_from(usual) | ANY_JSON


OBJECTS = st.dictionaries(st.text(max_size=8), ANY_JSON, max_size=2)
EVENTS = documents([JOB_START, CHECKPOINT_SAVE], always=frozenset())
JOBS = documents([LORA_JOB, FULL_JOB, ODD_JOB], always=frozenset({"id"}))
SHORT_JOBS = documents([SHORT_JOB, ODD_JOB], always=frozenset({"id"}))


# Properties -----------------------------------------------------------------------------------------------------


def assert_nothing_is_lost(model: type[Model], document: Document) -> None:
    """Read what came over the wire, write it back, and read that again."""
    received = json.loads(json.dumps(document))
    parsed = model.from_dict(received)
    written = json.loads(json.dumps(parsed.to_dict()))
    assert meaning(written) == meaning(document)
    assert model.from_dict(written) == parsed


@given(document=JOBS)
def test_a_job_reads_and_writes_back(document: Document) -> None:
    assert_nothing_is_lost(FinetuneResponse, document)


@given(document=SHORT_JOBS)
def test_a_job_in_its_short_form_reads_and_writes_back(document: Document) -> None:
    assert_nothing_is_lost(FinetuneResponseTruncated, document)


@given(document=EVENTS)
def test_an_event_reads_and_writes_back(document: Document) -> None:
    assert_nothing_is_lost(FineTuneEvent, document)


@given(document=documents(CHECKPOINTS, always=frozenset({"step"})))
def test_a_checkpoint_reads_and_writes_back(document: Document) -> None:
    assert_nothing_is_lost(FineTuneCheckpoint, document)


@given(jobs=st.lists(SHORT_JOBS, max_size=4))
def test_a_list_has_all_its_jobs_whatever_their_fields(jobs: list[Document]) -> None:
    parsed = FinetuneTruncatedList.from_dict({"data": jobs})
    assert isinstance(parsed.data, list)
    assert [type(job) for job in parsed.data] == [FinetuneResponseTruncated] * len(jobs)
    assert meaning(parsed.to_dict()) == meaning({"data": jobs})


# Every model ----------------------------------------------------------------------------------------------------

SPECIFICATION = read_openapi(Path(__file__).parents[2] / "openapi.yaml")
SCHEMAS: dict[str, Any] = SPECIFICATION["components"]["schemas"]
"""The schemas of the specification, by the names of their models."""


def referenced(part: object) -> set[str]:
    """The schemas that a part of the specification refers to, at any depth."""
    names = {name.rpartition("/")[2] for name in re.findall(r"#/components/schemas/\w+", json.dumps(part))}
    return names.union(*(referenced(SCHEMAS[name]) for name in names))


OPERATIONS = [operation for path in SPECIFICATION["paths"].values() for operation in path.values()]
RECEIVED = sorted(
    name for name in referenced([operation["responses"] for operation in OPERATIONS]) if "properties" in SCHEMAS[name]
)
"""The models of what servers send, which have to be readable whatever it is."""

OF_A_KIND: dict[str, st.SearchStrategy[Json]] = {
    "boolean": st.booleans(),
    "integer": st.integers(),
    "null": st.none(),
    "number": st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    "object": OBJECTS,
    "string": st.text(max_size=8),
}


def usual(schema: dict[str, Any]) -> st.SearchStrategy[Json]:
    """Values that follow a schema, but for the items of lists and the optional fields of objects."""
    if "$ref" in schema:
        return usual(SCHEMAS[schema["$ref"].rpartition("/")[2]])
    if members := schema.get("anyOf", schema.get("oneOf")):
        return st.one_of([usual(member) for member in members])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema.get("format") == "date-time":
        return DATES
    return usual_of_its_type(schema)


def usual_of_its_type(schema: dict[str, Any]) -> st.SearchStrategy[Json]:
    """Lists with odd items, objects whose optional fields are odd, and plain values."""
    if schema.get("type") == "array":
        return st.lists(usual(schema["items"]) | ANY_JSON, max_size=3)
    if "properties" not in schema:
        return OF_A_KIND.get(schema.get("type", ""), ANY_JSON)
    fields, required = schema["properties"], frozenset(schema.get("required", ()))
    return st.fixed_dictionaries(
        {name: usual(field) for name, field in fields.items() if name in required},
        optional={name: usual(field) | ANY_JSON for name, field in fields.items() if name not in required},
    ).map(dict)


@cache
def documents_of(name: str) -> st.SearchStrategy[Json]:
    """Documents for one of them. Made once, since that takes longer than to draw one."""
    return usual(SCHEMAS[name])


@pytest.mark.parametrize("name", RECEIVED)
@given(data=st.data())
def test_whatever_a_model_reads_it_writes_back(name: str, data: st.DataObject) -> None:
    """Odd items of lists and odd members of unions, too."""
    document = data.draw(documents_of(name))
    parsed = getattr(models, name).from_dict(document)
    assert meaning(json.loads(json.dumps(parsed.to_dict()))) == meaning(document)


def test_a_checkpoint_without_a_step_is_written_back_among_the_others() -> None:
    document: Document = {"data": [*CHECKPOINTS, {"path": "here"}, None, [], "text"]}
    assert models.FinetuneListCheckpoints.from_dict(document).to_dict() == document


# The helper these tests stand on --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"created_at": "2026-04-27T08:14:02.5Z"}, {"created_at": "2026-04-27T08:14:02.500000+00:00"}),
        ({"created_at": "2026-04-27T08:14:02Z"}, {"created_at": "2026-04-27T10:14:02+02:00"}),
        ({"a": 1, "b": [None]}, {"b": [None], "a": 1}),
    ],
)
def test_two_spellings_of_one_document_mean_the_same(left: Json, right: Json) -> None:
    assert meaning(left) == meaning(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"created_at": "2026-04-27T08:14:02.5Z"}, {"created_at": "2026-04-27T08:14:02.6Z"}),
        ({"created_at": "2026-04-27T08:14:02.123456789Z"}, {"created_at": "2026-04-27T08:14:02.123456Z"}),
        ({"created_at": "2026-04-27T08:14:02Z"}, {"created_at": "2026-04-27T08:14:02"}),
        ({"name": "2026-04-27T08:14:02Z"}, {"name": "2026-04-27T08:14:02+00:00"}),
        ({"a": True}, {"a": 1}),
        ({"a": None}, {}),
        ({"a": None}, {"a": ""}),
        ([1, 2], [2, 1]),
    ],
)
def test_two_documents_that_differ_do_not_mean_the_same(left: Json, right: Json) -> None:
    assert meaning(left) != meaning(right)
