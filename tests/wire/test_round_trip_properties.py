"""Whatever a server leaves out, nulls or adds: it parses, and writes back with the same meaning."""

from __future__ import annotations

import json
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from together_generated.models.fine_tune_checkpoint import FineTuneCheckpoint
from together_generated.models.fine_tune_event import FineTuneEvent
from together_generated.models.finetune_response import FinetuneResponse
from together_generated.models.finetune_response_truncated import FinetuneResponseTruncated
from together_generated.models.finetune_truncated_list import FinetuneTruncatedList

from .payloads import CHECKPOINT_SAVE, CHECKPOINTS, FULL_JOB, JOB_START, LORA_JOB, ODD_JOB, SHORT_JOB
from .semantics import Json, meaning

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
    if name in {"created_at", "updated_at", "started_at"}:
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


# A busy machine is no failure.
unhurried = settings(deadline=None)


def assert_nothing_is_lost(model: type[Model], document: Document) -> None:
    """Read what came over the wire, write it back, and read that again."""
    received = json.loads(json.dumps(document))
    parsed = model.from_dict(received)
    written = json.loads(json.dumps(parsed.to_dict()))
    assert meaning(written) == meaning(document)
    assert model.from_dict(written) == parsed


@unhurried
@given(document=JOBS)
def test_a_job_reads_and_writes_back(document: Document) -> None:
    assert_nothing_is_lost(FinetuneResponse, document)


@unhurried
@given(document=SHORT_JOBS)
def test_a_job_in_its_short_form_reads_and_writes_back(document: Document) -> None:
    assert_nothing_is_lost(FinetuneResponseTruncated, document)


@unhurried
@given(document=EVENTS)
def test_an_event_reads_and_writes_back(document: Document) -> None:
    assert_nothing_is_lost(FineTuneEvent, document)


@unhurried
@given(document=documents(CHECKPOINTS, always=frozenset({"step"})))
def test_a_checkpoint_reads_and_writes_back(document: Document) -> None:
    assert_nothing_is_lost(FineTuneCheckpoint, document)


@unhurried
@given(jobs=st.lists(SHORT_JOBS, max_size=4))
def test_a_list_has_all_its_jobs_however_odd_they_are(jobs: list[Document]) -> None:
    parsed = FinetuneTruncatedList.from_dict({"data": jobs})
    assert isinstance(parsed.data, list)
    assert [type(job) for job in parsed.data] == [FinetuneResponseTruncated] * len(jobs)
    assert meaning(parsed.to_dict()) == meaning({"data": jobs})


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
