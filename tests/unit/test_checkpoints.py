"""The rules without a server: names, types, states, names of files, and their properties."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_ext.checkpoints import (
    FAILED,
    MAX_STEP,
    UNFINISHED,
    Checkpoint,
    CheckpointName,
    CheckpointType,
    TrainingKind,
    archive_stem,
    check_ready,
    checkpoint_name,
    is_step,
    newest_first,
    parse_checkpoint_name,
    parse_checkpoint_type,
    parse_job_id,
    requested_checkpoint,
    training_kind,
    type_of,
)
from together_ext.errors import CheckpointNameError, CheckpointTypeError, JobNotReadyError, UnknownTrainingTypeError
from together_ext.text import NAME_BYTES
from together_generated.models import FinetuneJobStatus

steps = st.integers(0, MAX_STEP)
job_ids = st.from_regex(r"ft-[A-Za-z0-9._~?#&%=é日-]{1,40}", fullmatch=True)


# Names ----------------------------------------------------------------------------------------------------------------


@given(job_id=job_ids, step=st.none() | steps)
def test_a_name_is_read_back_as_it_was_written(job_id: str, step: int | None) -> None:
    name = CheckpointName(job_id, step)
    assert parse_checkpoint_name(str(name)) == name
    assert parse_checkpoint_name(job_id, step) == name


@given(job_id=job_ids)
def test_best_is_a_name_without_a_step(job_id: str) -> None:
    name = parse_checkpoint_name(f"{job_id}:best")
    assert (name.job_id, name.step, name.best, str(name)) == (job_id, None, True, f"{job_id}:best")
    with pytest.raises(CheckpointNameError, match="contains a step"):
        parse_checkpoint_name(f"{job_id}:best", 500)
    with pytest.raises(CheckpointNameError, match="names a checkpoint"):
        parse_job_id(f"{job_id}:best")
    for wrong in ("BEST", "best:1", "bes", "best "):
        with pytest.raises(CheckpointNameError):
            parse_checkpoint_name(f"{job_id}:{wrong}")


@given(job_id=job_ids, inner=steps, outer=steps)
def test_two_steps_are_refused_by_name(job_id: str, inner: int, outer: int) -> None:
    with pytest.raises(CheckpointNameError) as caught:
        parse_checkpoint_name(f"{job_id}:{inner}", outer)
    assert f"'{job_id}:{inner}'" in str(caught.value)
    assert f"checkpoint_step is {outer}:" in str(caught.value)


@given(text=st.text(max_size=60) | st.text(max_size=60).map("ft-".__add__))
def test_any_text_is_a_name_or_an_error_that_can_be_printed(text: str) -> None:
    refusal = ""
    try:
        name = parse_checkpoint_name(text)
    except CheckpointNameError as error:
        refusal = str(error)
    if refusal:
        assert refusal.isprintable()
        assert "expected 'ft-...', 'ft-...:<step>' or 'ft-...:best'" in refusal
    else:
        assert name.job_id.startswith("ft-")
        assert not re.search(r"[:/\s]", name.job_id)
        assert text.startswith(name.job_id)


@pytest.mark.parametrize(
    ("text", "step"),
    [("ft-x:0", 0), ("ft-x:007", 7), (f"ft-x:{MAX_STEP}", MAX_STEP), (f"ft-x:{'0' * 5000}5", 5), ("ft-x", None)],
)
def test_the_step_is_a_decimal_number(text: str, step: int | None) -> None:
    assert parse_checkpoint_name(text).step == step


@given(step=st.integers(2**63) | st.just(10**5000 - 1))
def test_a_step_that_needs_more_than_64_bits_is_refused_with_the_limit(step: int) -> None:
    for name, beside in ((f"ft-x:{Decimal(step):f}", None), ("ft-x", step)):
        with pytest.raises(ValueError, match=r"9,223,372,036,854,775,807$") as caught:
            parse_checkpoint_name(name, beside)
        assert len(str(caught.value)) < 250


@pytest.mark.parametrize("step", [-1, 2**63, 10**5000, True, "5", 5.0, [5]], ids=lambda step: type(step).__name__)
def test_an_invalid_step_is_refused_with_a_short_message(step: object) -> None:
    with pytest.raises(CheckpointNameError, match="checkpoint_step is") as caught:
        parse_checkpoint_name("ft-x", step)  # type: ignore[arg-type]
    assert len(str(caught.value)) < 120
    assert not is_step(step)


def test_a_job_id_alone_has_no_step() -> None:
    assert parse_job_id("ft-x") == "ft-x"
    with pytest.raises(CheckpointNameError, match="expected the job's ID alone, ft-x"):
        parse_job_id("ft-x:5")


# Types ----------------------------------------------------------------------------------------------------------------


@given(kind=st.sampled_from(CheckpointType), upper=st.lists(st.booleans(), min_size=7, max_size=7))
def test_a_type_is_known_in_any_letter_case(kind: CheckpointType, upper: list[bool]) -> None:
    text = "".join(char.upper() if up else char for char, up in zip(kind.value, upper, strict=False))
    assert parse_checkpoint_type(text) is kind
    make_enum: Any = Enum  # whose members type checkers want to know beforehand
    (foreign,) = make_enum("Foreign", {"A": text})
    assert parse_checkpoint_type(foreign) is kind


@given(value=st.text() | st.integers() | st.none() | st.binary())
def test_any_other_value_is_refused_with_the_choice(value: object) -> None:
    if isinstance(value, str) and value.lower() in set(CheckpointType):
        return
    with pytest.raises(CheckpointTypeError, match="choose one of default, merged, adapter"):
        parse_checkpoint_type(value)  # type: ignore[arg-type]


MATRIX = [
    ("Full", CheckpointType.DEFAULT, "model_output_path"),
    ("Full", CheckpointType.MERGED, CheckpointTypeError),
    ("Full", CheckpointType.ADAPTER, CheckpointTypeError),
    ("Lora", CheckpointType.DEFAULT, "merged"),
    ("Lora", CheckpointType.MERGED, "merged"),
    ("Lora", CheckpointType.ADAPTER, "adapter"),
    ("Novel", CheckpointType.DEFAULT, UnknownTrainingTypeError),
    ("Novel", CheckpointType.MERGED, "merged"),
    ("Novel", CheckpointType.ADAPTER, "adapter"),
    (None, CheckpointType.DEFAULT, UnknownTrainingTypeError),
    (None, CheckpointType.MERGED, "merged"),
    (None, CheckpointType.ADAPTER, "adapter"),
]


@pytest.mark.parametrize(("training", "wanted", "outcome"), MATRIX)
def test_the_form_follows_from_training_type_and_checkpoint_type(
    training: str | None, wanted: CheckpointType, outcome: str | type[Exception]
) -> None:
    if isinstance(outcome, str):
        assert requested_checkpoint(CheckpointName("ft-x"), wanted, training) == outcome
    else:
        with pytest.raises(outcome, match="ft-x"):
            requested_checkpoint(CheckpointName("ft-x"), wanted, training)


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("model_output_path", CheckpointType.DEFAULT),
        ("merged", CheckpointType.MERGED),
        ("adapter", CheckpointType.ADAPTER),
        (None, CheckpointType.DEFAULT),
    ],
)
def test_the_type_follows_from_the_form(form: str | None, kind: CheckpointType) -> None:
    assert type_of(form) is kind


words = st.none() | st.sampled_from(["Full", "FULL", "Lora", "lora"]) | st.text()


@given(word=words, wanted=st.sampled_from(CheckpointType), step=steps)
def test_a_step_needs_no_known_training_type(word: str | None, wanted: CheckpointType, step: int) -> None:
    """Only the default type of a step is left to the server, and only where the training type does not decide."""
    name, kind = CheckpointName("ft-x", step), training_kind(word)
    if kind is TrainingKind.FULL and wanted is not CheckpointType.DEFAULT:
        with pytest.raises(CheckpointTypeError):
            requested_checkpoint(name, wanted, word)
        return
    decided = kind is not None or wanted is not CheckpointType.DEFAULT
    assert (requested_checkpoint(name, wanted, word) is not None) == decided
    if decided:
        assert requested_checkpoint(name, wanted, word) == requested_checkpoint(CheckpointName("ft-x"), wanted, word)


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("Full", TrainingKind.FULL),
        ("full", TrainingKind.FULL),
        ("LORA", TrainingKind.LORA),
        ("QLora", None),
        ("", None),
        (None, None),
    ],
)
def test_the_training_type_is_recognized_by_its_label(word: str | None, kind: TrainingKind | None) -> None:
    assert training_kind(word) is kind


# States ---------------------------------------------------------------------------------------------------------------


def test_every_status_of_the_specification_is_recognized() -> None:
    assert {status.value for status in FinetuneJobStatus} == UNFINISHED | FAILED | {"completed"}
    assert not UNFINISHED & FAILED


@pytest.mark.parametrize("status", sorted(UNFINISHED | FAILED))
def test_a_status_without_final_weights_is_refused_without_a_step(status: str) -> None:
    with pytest.raises(
        JobNotReadyError, match=rf"ft-x (is {status} and|failed, so it|was cancelled, so it) has no final weights"
    ) as caught:
        check_ready(CheckpointName("ft-x"), status.upper())
    assert caught.value.status == status
    assert caught.value.ended is (status in FAILED)
    check_ready(CheckpointName("ft-x", 0), status)


@pytest.mark.parametrize("status", ["completed", "novel", "", None])
def test_any_other_status_lets_the_server_decide(status: str | None) -> None:
    check_ready(CheckpointName("ft-x"), status)


# Names of files -------------------------------------------------------------------------------------------------------

texts = st.text() | st.text(alphabet="./\\-~ \x00é日\u0301\u202e", max_size=300) | st.just("..")


@given(text=st.none() | texts, job_id=job_ids, step=st.none() | steps, adapter=st.booleans())
def test_any_text_gives_one_safe_path_component(
    text: str | None, job_id: str, step: int | None, *, adapter: bool
) -> None:
    """A server's string never decides a folder; 255 bytes are what file systems take."""
    stem = archive_stem(CheckpointName(job_id, step), text, adapter=adapter)
    assert stem == os.path.basename(stem)  # noqa: PTH119 -- the very function
    assert stem not in {"", ".", ".."}
    assert stem[0] not in ".-~"
    assert not set(stem) & set("/\\\0\n\r :*?\"'<>|$`;&")
    assert stem.isprintable()
    longest = f"{stem}.tar.zst.part.json.new"
    assert len(os.fsencode(longest)) <= 255


@given(text=st.text(min_size=1))
def test_the_model_part_of_a_name_is_limited_in_bytes(text: str) -> None:
    stem = archive_stem(CheckpointName("ft-x"), text, adapter=False)
    assert len(stem.encode()) <= NAME_BYTES


@pytest.mark.parametrize(
    ("text", "stem"),
    [
        ("account/Model-1.5_b", "account--Model-1.5_b"),
        ("../../evil", "evil"),
        ("a\\b", "a--b"),
        ("e\u0301", "é"),
        ("", "ft-x"),
        (None, "ft-x"),
        ("...", "ft-x"),
        ("日" * 100, "日" * 66),
    ],
)
def test_a_name_keeps_what_is_safe(text: str | None, stem: str) -> None:
    assert archive_stem(CheckpointName("ft-x"), text, adapter=False) == stem
    assert archive_stem(CheckpointName("ft-x", 5), text, adapter=True) == f"{stem}-checkpoint-5-adapter"


@given(one=steps, two=steps)
def test_steps_and_forms_never_share_a_name(one: int, two: int) -> None:
    names = {
        archive_stem(CheckpointName("ft-x", step), "m", adapter=adapter)
        for step in (None, one, two)
        for adapter in (True, False)
    }
    assert len(names) == 2 * len({None, one, two})


# Lists ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "name"),
    [("Intermediate", "ft-x:5"), ("INTERMEDIATE model", "ft-x:5"), ("Final", "ft-x"), ("", "ft-x"), ("model", "ft-x")],
)
def test_a_listed_checkpoint_is_named_for_download(label: str, name: str) -> None:
    assert checkpoint_name("ft-x", 5, label) == name


dates = st.none() | st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone.min]))


@given(items=st.lists(st.tuples(dates, steps)))
def test_the_newest_comes_first_and_the_undated_last(items: list[tuple[datetime | None, int]]) -> None:
    listed = newest_first([Checkpoint(step, "", "", date, "", "") for date, step in items])
    found = [checkpoint.created_at for checkpoint in listed]
    dated = [date for date in found if date is not None]
    assert dated == sorted(dated, reverse=True)
    assert found[: len(dated)] == dated or datetime.min.replace(tzinfo=UTC) in dated
    assert sorted(checkpoint.step for checkpoint in listed) == sorted(step for _, step in items)
