"""The tree of exceptions, what they carry, and the text of servers in them."""

from __future__ import annotations

import copy
import errno
import inspect
import json
import pickle
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_ext import errors
from together_ext.api import connection  # noqa: F401 -- makes `UNSET` of the generated code survive pickling
from together_ext.errors import (
    ApiConnectionError,
    ApiError,
    ApiResponseError,
    ApiStatusError,
    ApiTimeoutError,
    AuthenticationError,
    BadRequestError,
    CheckpointNotFoundError,
    InternalServerError,
    JobFailedError,
    JobNotReadyError,
    LockTimeoutError,
    MissingExtraError,
    MissingKeyError,
    MissingSocksError,
    ModelLimitError,
    NoBestCheckpointError,
    NotEnoughSpaceError,
    NotInRegistryError,
    OutOfMemoryError,
    OutOfThreadsError,
    RuleError,
    StorageError,
    TargetExistsError,
    TogetherExtError,
    TrainingFileError,
    TransferCancelledError,
    TransferError,
    UnknownTrainingTypeError,
    WaitTimeoutError,
    status_error,
)
from together_ext.text import BODY_LIMIT, READ_LIMIT
from together_generated.models import FineTuneEvent, FinetuneResponse

ALL = [
    found
    for _, found in inspect.getmembers(errors, inspect.isclass)
    if issubclass(found, TogetherExtError) and found.__module__ == errors.__name__
]

EXAMPLES: dict[type[TogetherExtError], Callable[[], TogetherExtError]] = {
    UnknownTrainingTypeError: lambda: UnknownTrainingTypeError("ft-x", "Novel"),
    JobNotReadyError: lambda: JobNotReadyError("ft-x", "running", ended=False),
    JobFailedError: lambda: JobFailedError(
        "ft-x", "error", "line 1\x1b is no JSON", job=FinetuneResponse("ft-x"), event=FineTuneEvent()
    ),
    LockTimeoutError: lambda: LockTimeoutError("w.lock", holder="process 1", purpose="writes", seconds=1),
    WaitTimeoutError: lambda: WaitTimeoutError("ft-x", "running", 60, job=FinetuneResponse("ft-x")),
    TrainingFileError: lambda: TrainingFileError("train.jsonl", ["line 3 is not JSON"]),
    ModelLimitError: lambda: ModelLimitError("acme/Tiny", "n_epochs", "is 21; the maximum for acme/Tiny is 20"),
    NoBestCheckpointError: lambda: NoBestCheckpointError("ft-x", "eval_loss", "it has recorded no metrics"),
    NotInRegistryError: lambda: NotInRegistryError("ft-x", "the job has no model_object_id"),
    CheckpointNotFoundError: lambda: CheckpointNotFoundError("ft-x", 5, [10, 20]),
    ApiConnectionError: lambda: ApiConnectionError("list the jobs", "no route"),
    ApiTimeoutError: lambda: ApiTimeoutError("list the jobs", "no answer"),
    ApiResponseError: lambda: ApiResponseError("list the jobs", "it is not JSON"),
    TransferCancelledError: TransferCancelledError,
    OutOfMemoryError: lambda: OutOfMemoryError("read /data"),
    OutOfThreadsError: OutOfThreadsError,
    NotEnoughSpaceError: lambda: NotEnoughSpaceError("/data", needed=5_000_000, free=1_000),
    MissingKeyError: MissingKeyError,
    MissingExtraError: lambda: MissingExtraError("--plot", "plot"),
    MissingSocksError: lambda: MissingSocksError("ALL_PROXY", "socks"),
}


def example(kind: type[TogetherExtError]) -> TogetherExtError:
    """One of each kind."""
    if kind in EXAMPLES:
        return EXAMPLES[kind]()
    if issubclass(kind, ApiStatusError):
        return kind("list the jobs", status=418, body='{"error": "tea"}', request_id="r-1")
    return kind("it is so")


EACH = pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)


# The tree -------------------------------------------------------------------------------------------------------------


def test_the_tree_in_the_docstring_is_the_real_one() -> None:
    """A drawing that is wrong is worse than none."""
    drawn: dict[str, str] = {}
    path: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"([ │├└─]*)([A-Z]\w+)( \((\w+)\))?", line)
        if match is None or not match[2].endswith("Error"):
            continue
        depth = len(match[1])
        while path and path[-1][0] >= depth:
            path.pop()
        if path:
            drawn[match[2]] = path[-1][1]
            if match[4]:
                assert match[4] in {base.__name__ for base in getattr(errors, match[2]).__mro__}
        path.append((depth, match[2]))
    real = {kind.__name__: kind.__bases__[0].__name__ for kind in ALL if kind is not TogetherExtError}
    del real["MissingKeyError"]
    assert drawn == real


def test_errors_are_subclasses_of_the_matching_builtin() -> None:
    assert issubclass(RuleError, ValueError)
    assert issubclass(ApiTimeoutError, TimeoutError)
    assert issubclass(StorageError, OSError)
    assert issubclass(TargetExistsError, FileExistsError)
    assert not issubclass(ApiError, (ValueError, TransferError))


def test_each_code_belongs_to_one_kind() -> None:
    """Programs distinguish errors by it; a missing key has the code of a refused one."""
    codes = [kind.code for kind in ALL if kind not in {MissingKeyError, MissingSocksError}]
    assert len(codes) == len(set(codes))
    assert MissingKeyError.code == AuthenticationError.code == "authentication_failed"
    assert all(re.fullmatch("[a-z]+(_[a-z]+)*", code) for code in codes)


# Each of them ---------------------------------------------------------------------------------------------------------


@EACH
def test_a_message_is_one_sentence_on_one_line(kind: type[TogetherExtError]) -> None:
    text = str(example(kind))
    assert text.isprintable()
    assert text == text.strip()
    assert ". " not in text
    assert not text.endswith(".")
    assert "None" not in text


@EACH
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_every_error_survives_pickling(kind: type[TogetherExtError], protocol: int) -> None:
    """Process pools send them that way."""
    error = example(kind)
    again = pickle.loads(pickle.dumps(error, protocol))  # noqa: S301 -- our own
    assert type(again) is kind
    assert (str(again), repr(again), again.args, vars(again)) == (str(error), repr(error), error.args, vars(error))


@EACH
def test_every_error_can_be_copied(kind: type[TogetherExtError]) -> None:
    error = example(kind)
    error.add_note("by the way")
    for again in (copy.copy(error), copy.deepcopy(error)):
        assert type(again) is kind
        assert str(again) == str(error)
        assert vars(again) == vars(error)


@pytest.mark.parametrize("kind", [StorageError, NotEnoughSpaceError, TargetExistsError])
def test_the_number_of_the_systems_error_survives_pickling(kind: type[StorageError]) -> None:
    """It is kept by `OSError` itself, where pickling by attributes used to lose it."""
    error = example(kind)
    assert isinstance(error, StorageError)
    error.errno = errno.ENOSPC
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 -- our own
    assert again.errno == errno.ENOSPC
    assert str(again) == str(error)


def test_values_are_attributes() -> None:
    missing = CheckpointNotFoundError("ft-x", 5, [10, 20])
    assert (missing.job_id, missing.step, missing.available) == ("ft-x", 5, (10, 20))
    assert "steps 10, 20" in str(missing)
    space = NotEnoughSpaceError("/data", needed=5_000_000, free=1_000)
    assert (space.folder, space.needed, space.free) == ("/data", 5_000_000, 1_000)
    assert "1,000 bytes free and 5,000,000 are needed" in str(space)
    unknown = UnknownTrainingTypeError("ft-x", None)
    assert "no training type" in str(unknown)
    assert (unknown.job_id, unknown.training_type) == ("ft-x", None)


# Text of servers ------------------------------------------------------------------------------------------------------


@given(
    body=st.binary(max_size=600) | st.text(max_size=300).map(lambda text: json.dumps({"error": text}).encode()),
    status=st.integers(300, 999),
    request_id=st.none() | st.text(max_size=200),
)
def test_any_response_becomes_a_printable_error(body: bytes, status: int, request_id: str | None) -> None:
    headers = {} if request_id is None else {"x-request-id": request_id}
    error = status_error("do it", status=status, body=body, headers=headers, secrets=["secret"])
    assert error.status == status
    assert str(error).isprintable()
    assert error.body.isprintable()
    assert len(error.body) <= BODY_LIMIT
    assert len(str(error)) < 600
    assert str(status) in str(error)
    assert isinstance(error, InternalServerError) == (500 <= status < 600)


@pytest.mark.parametrize("between", ["", "\0", "\n" * 5000])
@pytest.mark.parametrize("gap", [*range(BODY_LIMIT - 12, BODY_LIMIT + 2), *range(READ_LIMIT - 12, READ_LIMIT + 2)])
@pytest.mark.parametrize("filler", ["x", " "])
def test_a_secret_that_is_cut_is_not_shown(gap: int, filler: str, between: str) -> None:
    body = (filler * gap + between.join("0123456789") + filler * 1000).encode()
    error = status_error("do it", status=400, body=body, secrets=["0123456789"])
    assert "012" not in str(error) + error.body


def test_a_response_without_headers_or_secrets_is_accepted() -> None:
    error = status_error("do it", status=400, body=b"x" * (READ_LIMIT + 1))
    assert isinstance(error, BadRequestError)
    assert error.request_id is None
    assert len(error.body) == BODY_LIMIT
