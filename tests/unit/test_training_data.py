"""What every line of training data has to be."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_ext.errors import TrainingFileError
from together_ext.training_data import LONGEST, MOST_PROBLEMS, check_lines

CHAT = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}
GOOD = [
    CHAT,
    {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "tool_calls": []}]},
    {"prompt": "2+2", "completion": "4"},
    {"text": "Once upon a time"},
    {
        "input": {"messages": [{"role": "user", "content": "Hi"}]},
        "preferred_output": [{"role": "assistant", "content": "Hello"}],
        "non_preferred_output": [{"role": "assistant", "content": "No"}],
    },
]


def lines(*examples: object) -> list[bytes]:
    return [example if isinstance(example, bytes) else json.dumps(example).encode() + b"\n" for example in examples]


@pytest.mark.parametrize("example", GOOD)
def test_each_form_is_taken(example: object) -> None:
    assert check_lines("train.jsonl", lines(example, example)) == 2


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"\n", "line 2 is empty"),
        (b"{\n", "line 2 is not JSON"),
        (b"\xff\n", "line 2 is not JSON"),
        (b"[" * 100_000, "line 2 is not JSON"),
        ([], "line 2 is no JSON object"),
        ({"question": "?"}, "line 2 has none of the forms that can be trained on; its keys are question"),
        ({"messages": []}, "line 2 has messages that are no list, or an empty one"),
        ({"messages": [{"content": "Hi"}]}, "line 2 has a message without a role"),
        ({"messages": [{"role": "assistant"}]}, "line 2 has a message without a content"),
        ({"messages": [{"role": "user", "content": "Hi"}]}, "line 2 has no message of the assistant"),
        ({"prompt": "2+2", "completion": 4}, "line 2 has a completion that is no text"),
        ({"text": None}, "line 2 has a text that is no text"),
        ({"input": "Hi", "preferred_output": [], "non_preferred_output": []}, "line 2 has an input that is no object"),
        ({"text": "x"}, "line 1 is a conversation and line 2 plain text: expected one form in all of it"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(line: object, said: str) -> None:
    with pytest.raises(TrainingFileError) as caught:
        check_lines("train.jsonl", lines(CHAT, line))
    assert said in str(caught.value)
    assert str(caught.value).startswith("train.jsonl cannot be trained on: ")


def test_not_more_than_the_first_few_problems_are_told() -> None:
    with pytest.raises(TrainingFileError) as caught:
        check_lines("train.jsonl", (b"no\n" for _ in range(10**9)))
    assert len(caught.value.problems) == MOST_PROBLEMS


def test_a_file_that_is_all_one_line_is_not_read_on() -> None:
    class Long(bytes):
        def __len__(self) -> int:
            return LONGEST + 1

    with pytest.raises(TrainingFileError, match=r"cannot be trained on: line 2 is longer than 256 MiB: expected one"):
        check_lines("train.jsonl", iter([*lines(CHAT), Long(b"x"), pytest]))  # type: ignore[arg-type]  # never reached


def test_nothing_at_all_is_empty() -> None:
    with pytest.raises(TrainingFileError, match="it is empty"):
        check_lines("train.jsonl", [])


@given(st.lists(st.binary(max_size=40) | st.sampled_from(lines(*GOOD)), max_size=6))
def test_any_bytes_are_taken_or_refused_in_a_sentence(found: list[bytes]) -> None:
    refusal = ""
    try:
        count = check_lines("x.jsonl", found)
    except TrainingFileError as error:
        refusal = str(error)
    if refusal:
        assert refusal.isprintable()
    else:
        assert count == len(found) > 0
