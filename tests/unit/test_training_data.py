"""What every line of training data has to be."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_ext.errors import TrainingFileError
from together_ext.files.training_data import LONGEST, MOST_PROBLEMS, check_lines

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
def test_each_format_is_accepted(example: object) -> None:
    assert check_lines("train.jsonl", lines(example, example)) == 2


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{\n", "line 2 is not JSON"),
        (b"\xff\n", "line 2 is not UTF-8"),
        ('{"text": "x"}'.encode("utf-16"), "line 2 is not UTF-8"),
        ('{"text": "x"}'.encode("utf-16-le"), "line 2 is not JSON"),
        (b"[" * 100_000, "line 2 is not JSON"),
        ([], "line 2 is not a JSON object"),
        ({"question": "?"}, "line 2 has none of the supported forms; its keys are question"),
        ({"messages": []}, "line 2 has messages that are not a list, or an empty list"),
        ({"messages": [{"content": "Hi"}]}, "line 2 has a message without a role"),
        ({"messages": [{"role": "assistant"}]}, "line 2 has a message without a content"),
        ({"messages": [{"role": "user", "content": "Hi"}]}, "line 2 has no assistant message"),
        ({"prompt": "2+2", "completion": 4}, "line 2 has a completion that is not text"),
        ({"text": None}, "line 2 has a text that is not text"),
        (
            {"input": "Hi", "preferred_output": [], "non_preferred_output": []},
            "line 2 has an input that is not an object",
        ),
        ({"text": "x"}, "line 1 is a conversation and line 2 plain text: expected the same form in all lines"),
    ],
)
def test_problems_are_reported_with_their_line(line: object, said: str) -> None:
    with pytest.raises(TrainingFileError) as caught:
        check_lines("train.jsonl", lines(CHAT, line))
    assert said in str(caught.value)
    assert str(caught.value).startswith("'train.jsonl' is not valid training data: ")


def test_all_problems_are_reported_up_to_a_thousand_and_the_first_five_are_shown() -> None:
    with pytest.raises(TrainingFileError) as caught:
        check_lines("train.jsonl", (b"no\n" for _ in range(10**9)))
    assert len(caught.value.problems) == MOST_PROBLEMS
    assert "line 5 is not JSON; and 995 more, which `together-ext files check` lists" in str(caught.value)


def test_all_problems_of_a_line_are_reported_with_the_forms_that_exist() -> None:
    wrong = {"messages": [{"content": "Hi"}, {"role": "user"}]}
    with pytest.raises(TrainingFileError) as caught:
        check_lines("train.jsonl", lines(wrong, {"text": 1}, {"question": "?"}))
    assert caught.value.problems == (
        "line 1 has a message without a role",
        "line 1 has a message without a content",
        "line 1 has no assistant message to train on",
        "line 2 has a text that is not text",
        "line 3 has none of the supported forms; its keys are question",
        "line 1 is a conversation and line 2 plain text: expected the same form in all lines",
    )
    assert "one form: messages (a conversation); prompt and completion (an instruction); input" in str(caught.value)


def test_a_file_of_one_long_line_is_not_read_completely() -> None:
    class Long(bytes):
        def __len__(self) -> int:
            return LONGEST + 1

    with pytest.raises(
        TrainingFileError, match=r"is not valid training data: line 2 is longer than 256 MiB: expected one"
    ):
        check_lines("train.jsonl", iter([*lines(CHAT), Long(b"x"), pytest]))  # type: ignore[arg-type]  # never reached


@pytest.mark.parametrize("found", [[], [b"\n"], [b"\n", b" \t\r\n"]])
def test_an_empty_file_is_refused(found: list[bytes]) -> None:
    with pytest.raises(TrainingFileError, match="it is empty"):
        check_lines("train.jsonl", found)


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"  ", b"\n\n \n"])
def test_blank_lines_at_the_end_are_ignored(end: bytes) -> None:
    assert check_lines("train.jsonl", [*lines(CHAT, CHAT), *end.splitlines(keepends=True)]) == 2


@pytest.mark.parametrize(("blank", "said"), [(1, "line 1 is empty"), (2, "line 2 is empty")])
def test_blank_lines_before_the_end_are_refused(blank: int, said: str) -> None:
    found = lines(CHAT, CHAT)
    with pytest.raises(TrainingFileError, match=said):
        check_lines("train.jsonl", [*found[: blank - 1], b"\n", b"\n", *found[blank - 1 :]])


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-32", "UTF-32"),
        ("utf-32-le", "UTF-32"),
        ("utf-32-be", "UTF-32"),
        ("utf-8-sig", "UTF-8 with a byte order mark"),
    ],
)
@pytest.mark.parametrize("count", [1, 2])
def test_another_encoding_is_refused_and_named(encoding: str, name: str, count: int) -> None:
    data = "\n".join([json.dumps(CHAT)] * count).encode(encoding)
    with pytest.raises(TrainingFileError) as caught:
        check_lines("train.jsonl", data.splitlines(keepends=True))
    assert caught.value.problems == (f"it is encoded as {name}, and only UTF-8 without a byte order mark is accepted",)


@given(st.lists(st.binary(max_size=40) | st.sampled_from(lines(*GOOD)), max_size=6))
def test_any_bytes_are_accepted_or_refused_in_one_sentence(found: list[bytes]) -> None:
    refusal = ""
    try:
        count = check_lines("x.jsonl", found)
    except TrainingFileError as error:
        refusal = str(error)
    if refusal:
        assert refusal.isprintable()
    else:
        assert 0 < count <= len(found)
        assert all(map(bytes.strip, found[:count]))
        assert not any(map(bytes.strip, found[count:]))
