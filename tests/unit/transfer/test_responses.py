"""Checks of responses: a table of what servers send, and the result."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_ext.errors import IntegrityError, TransferError
from together_ext.transfer.failures import ViolationError
from together_ext.transfer.network.headers import Validator
from together_ext.transfer.responses import (
    Content,
    RangesIgnoredError,
    RemoteChangeError,
    announced,
    check_same,
    is_retryable,
)

STRONG = {"etag": '"a"'}
NO_VALIDATOR = Validator()


def content(
    start: int = 0,
    stop: int | None = 100,
    size: int | None = 100,
    *,
    etag: str | None = None,
    partial: bool = True,
    encoded: bool = False,
) -> Content:
    strong = etag if etag is not None and not etag.startswith("W/") else None
    return Content(start, stop, size, Validator(etag, None, strong), partial=partial, encoded=encoded, media_type="")


class TestAnnounced:
    @pytest.mark.parametrize(
        ("status", "headers", "expected"),
        [
            # The part that was asked for.
            (206, {"content-range": "bytes 10-49/100", "content-length": "40"}, content(10, 50, 100)),
            # A shorter part: RFC 9110, 15.3.7 allows it, and the rest is asked for again.
            (206, {"content-range": "bytes 10-19/100", "content-length": "10"}, content(10, 20, 100)),
            # Chunked, so without a length: the range tells it.
            (206, {"content-range": "bytes 10-49/100", "transfer-encoding": "chunked"}, content(10, 50, 100)),
            # The server does not know how long the whole is.
            (206, {"content-range": "bytes 10-49/*"}, content(10, 50, None)),
            # A length that makes no sense says nothing.
            (206, {"content-range": "bytes 10-49/100", "content-length": "many"}, content(10, 50, 100)),
            # The whole file, since the server knows no ranges, or the condition did not hold.
            (200, {"content-length": "100"}, content(0, 100, 100, partial=False)),
            (200, {"transfer-encoding": "chunked"}, content(0, None, None, partial=False)),
            (200, {"transfer-encoding": " Chunked "}, content(0, None, None, partial=False)),
            # The length of a compressed form says nothing about the file's own.
            (
                200,
                {"content-length": "60", "content-encoding": "gzip"},
                content(0, None, None, partial=False, encoded=True),
            ),
            (200, {"content-length": "100", "content-encoding": "identity"}, content(0, 100, 100, partial=False)),
            (200, {"content-length": "100", "content-encoding": " "}, content(0, 100, 100, partial=False)),
            (200, {"content-length": "100", "content-encoding": "aws-chunked"}, content(0, 100, 100, partial=False)),
        ],
    )
    def test_a_valid_response_is_read(self, status: int, headers: dict[str, str], expected: Content) -> None:
        assert announced(status, headers, start=10, stop=50) == expected

    @pytest.mark.parametrize("coding", ["gzip", "zstd", "br", "none", "binary", "aws-chunked"])
    def test_a_part_is_one_of_the_stored_object_whatever_its_coding(self, coding: str) -> None:
        headers = {"content-range": "bytes 10-49/100", "content-encoding": coding}
        assert announced(206, headers, start=10, stop=50) == content(10, 50, 100)

    @pytest.mark.parametrize("coding", ["zstd", "br", "none", "binary"])
    def test_a_coding_that_was_not_offered_is_how_the_object_was_stored(self, coding: str) -> None:
        headers = {"content-length": "100", "content-encoding": coding}
        assert announced(200, headers, start=0, stop=None) == content(0, 100, 100, partial=False)

    @pytest.mark.parametrize("headers", [{}, {"content-length": "-1"}, {"transfer-encoding": "gzip"}])
    def test_a_body_may_end_with_its_connection(self, headers: dict[str, str]) -> None:
        found = announced(200, headers, start=0, stop=None)
        assert (found.size, found.delimited) == (None, False)

    @pytest.mark.parametrize(
        ("status", "headers", "reason"),
        [
            (206, {}, "without a valid Content-Range \\(none\\)"),
            (206, {"content-range": "bytes 10-49"}, "without a valid Content-Range"),
            (206, {"content-type": "multipart/byteranges; boundary=x"}, "without a valid Content-Range"),
            (206, {"content-range": "bytes 9-49/100"}, "bytes 10-49 were requested, and 9-49 were sent"),
            (206, {"content-range": "bytes 11-49/100"}, "and 11-49 were sent"),
            (206, {"content-range": "bytes 10-50/100"}, "and 10-50 were sent"),
            (206, {"content-range": "bytes 10-49/40"}, "without a valid Content-Range"),
            (206, {"content-range": "bytes 10-49/100", "content-length": "39"}, "of 39 bytes claims to contain"),
            (206, {"content-range": "bytes 10-49/100", "content-length": "41"}, "of 41 bytes claims to contain"),
        ],
    )
    def test_a_part_that_does_not_fit_its_request_is_a_violation(
        self, status: int, headers: dict[str, str], reason: str
    ) -> None:
        with pytest.raises(ViolationError, match=reason):
            announced(status, headers, start=10, stop=50)

    @pytest.mark.parametrize(
        ("status", "headers", "reason"),
        [
            (204, {"content-length": "0"}, "responded with status 204, which contains no file"),
            (201, {"content-length": "100"}, "responded with status 201"),
            (304, {}, "responded with status 304"),
            (300, {"content-length": "100"}, "responded with status 300"),
        ],
    )
    def test_an_invalid_response_is_refused(self, status: int, headers: dict[str, str], reason: str) -> None:
        with pytest.raises(IntegrityError, match=reason):
            announced(status, headers, start=10, stop=50)

    def test_a_range_without_an_end_reaches_the_end_of_the_file(self) -> None:
        assert announced(206, {"content-range": "bytes 0-99/100"}, start=0, stop=None) == content(0, 100, 100)
        for said in ("0-98/100", "0-99/*", "1-99/100"):
            with pytest.raises(ViolationError, match="bytes 0- were requested"):
                announced(206, {"content-range": f"bytes {said}"}, start=0, stop=None)

    @pytest.mark.parametrize("headers", [{}, {"content-range": "bytes */100"}, {"content-range": "bytes */0"}])
    def test_no_bytes_after_the_front_mean_a_shorter_file(self, headers: dict[str, str]) -> None:
        with pytest.raises(RemoteChangeError, match="before byte 10"):
            announced(416, headers, start=10, stop=50)

    def test_no_range_of_an_empty_file_can_be_satisfied(self) -> None:
        found = announced(416, {"content-range": "bytes */0", "content-length": "300"}, start=0, stop=50)
        assert (found.start, found.stop, found.size, found.partial) == (0, 0, 0, False)

    @pytest.mark.parametrize("headers", [{}, {"content-range": "bytes */100"}, {"content-range": "bytes */*"}])
    def test_a_416_for_the_front_is_refused(self, headers: dict[str, str]) -> None:
        with pytest.raises(IntegrityError, match="416"):
            announced(416, headers, start=0, stop=50)

    def test_the_media_type_comes_without_its_parameters(self) -> None:
        headers = {"content-length": "1", "content-type": " Text/HTML ; charset=utf-8"}
        assert announced(200, headers, start=0, stop=None).media_type == "text/html"

    def test_a_server_cannot_control_the_terminal(self) -> None:
        with pytest.raises(ViolationError) as raised:
            announced(206, {"content-range": "bytes \x1b[2J" + "x" * 500}, start=0, stop=1)
        assert "\x1b" not in str(raised.value)
        assert len(str(raised.value)) < 200

    @given(
        status=st.sampled_from([200, 204, 206, 300, 416]),
        headers=st.fixed_dictionaries(
            {},
            optional={
                "content-length": st.integers(-5, 200).map(str) | st.text(max_size=5),
                "content-range": st.builds(
                    "bytes {}-{}/{}".format,
                    st.integers(0, 100),
                    st.integers(0, 100),
                    st.integers(0, 120) | st.just("*"),
                )
                | st.text(max_size=10),
                "content-encoding": st.sampled_from(["gzip", "identity", "br", ""]),
                "transfer-encoding": st.sampled_from(["chunked", "gzip, chunked", ""]),
                "etag": st.text(max_size=5),
                "last-modified": st.text(max_size=5),
            },
        ),
        start=st.integers(0, 100),
        length=st.none() | st.integers(1, 100),
    )
    def test_any_response_is_refused_or_starts_at_a_usable_position(
        self, status: int, headers: dict[str, str], start: int, length: int | None
    ) -> None:
        stop = None if length is None else start + length
        try:
            found = announced(status, headers, start=start, stop=stop)
        except TransferError:
            return
        assert found.start == (start if found.partial else 0)
        if found.partial:
            assert found.stop is not None
            assert stop is None or found.stop <= stop
        if found.stop is not None:
            assert found.start <= found.stop
            assert found.size is None or found.stop <= found.size


class TestRetryable:
    @pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 529, 599])
    def test_temporary_failures_are_retried(self, status: int) -> None:
        assert is_retryable(status)

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 416, 418, 422, 451])
    def test_permanent_failures_are_not_retried(self, status: int) -> None:
        assert not is_retryable(status)


class TestSameVersion:
    @pytest.mark.parametrize(
        ("expected", "found"),
        [
            (content(etag='"a"'), content(50, 100, etag='"a"')),
            # A part without a validator: If-Range was obeyed, else it would be a 200.
            (content(etag='"a"'), content(50, 100)),
            # It has forgotten how long the whole is.
            (content(etag='"a"'), content(50, 100, None, etag='"a"')),
        ],
    )
    def test_parts_of_one_version_go_together(self, expected: Content, found: Content) -> None:
        check_same(expected, found, start=50)

    @pytest.mark.parametrize(
        ("expected", "found"),
        [
            (content(etag='"a"'), content(50, 100, etag='"b"')),
            (content(etag='"a"'), content(50, 100, etag='W/"a"')),
            (content(etag='"a"'), content(50, 101, 101, etag='"a"')),
            (content(etag='"a"'), content(0, 100, etag='"b"', partial=False)),
            # A 200 without the tag says that the condition failed.
            (content(etag='"a"'), content(0, 100, partial=False)),
        ],
    )
    def test_parts_of_two_versions_do_not(self, expected: Content, found: Content) -> None:
        with pytest.raises(RemoteChangeError):
            check_same(expected, found, start=50)

    @pytest.mark.parametrize("etag", ['"a"', None])
    def test_a_complete_file_is_not_a_part_of_the_same_version(self, etag: str | None) -> None:
        with pytest.raises(RangesIgnoredError):
            check_same(content(etag=etag), content(0, 100, etag=etag, partial=False), start=50)

    def test_the_whole_is_as_good_as_its_front(self) -> None:
        check_same(content(etag='"a"'), content(0, 100, etag='"a"', partial=False), start=0)

    def test_dates_distinguish_versions_without_tags(self) -> None:
        now = datetime(2026, 11, 20, tzinfo=UTC)
        one = Validator(None, format_datetime(now), format_datetime(now))
        other = replace(one, last_modified=format_datetime(now + timedelta(seconds=1)))
        with pytest.raises(RemoteChangeError, match="the validator of the remote file has changed"):
            check_same(replace(content(), validator=one), replace(content(50), validator=other), start=50)
