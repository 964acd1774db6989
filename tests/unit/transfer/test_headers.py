"""Header fields as values: the grammar of RFC 9110, and whatever else a server may send."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_ext.transfer.network.headers import (
    LONGEST_WAIT,
    ContentRange,
    Validator,
    parse_content_range,
    parse_length,
    parse_retry_after,
    parse_unsatisfied_size,
    range_header,
    validator_of,
)

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

offsets = st.integers(0, 10**18 - 2)
maybe_text = st.none() | st.text(max_size=60)
# Text that is nearly right finds more than text at random.
nearly_ranges = st.text(alphabet="bytes 0123456789-/*\t=", max_size=40)
nearly_dates = st.text(alphabet="Mon, 01Jan269:GMT+-Z", max_size=40)
tags = st.text(alphabet=st.characters(min_codepoint=0x23, max_codepoint=0x7E), max_size=12).map('"{}"'.format)
dates = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1)).map(  # noqa: DTZ001 -- gets UTC
    lambda date: format_datetime(date.replace(tzinfo=UTC, microsecond=0), usegmt=True)
)
validators = st.builds(
    lambda etag, modified, date: validator_of(_without_none({"etag": etag, "last-modified": modified, "date": date})),
    st.none() | tags | tags.map("W/{}".format),
    st.none() | dates,
    st.none() | dates,
)


def _without_none(headers: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if value is not None}


class TestContentRange:
    @given(start=offsets, length=st.integers(1, 10**9), rest=st.none() | st.integers(0, 10**9))
    def test_a_valid_header_is_read_correctly(self, start: int, length: int, rest: int | None) -> None:
        start = min(start, 10**17)
        stop = start + length
        size = None if rest is None else stop + rest
        written = f"bytes {start}-{stop - 1}/{'*' if size is None else size}"
        assert parse_content_range(written) == ContentRange(start, stop, size)

    @pytest.mark.parametrize("value", ["bytes 0-0/1", "BYTES 0-0/1", " bytes  0 - 0 / 1 ", "bytes\t0-0/1"])
    def test_case_and_blanks_do_not_matter(self, value: str) -> None:
        assert parse_content_range(value) == ContentRange(0, 1, 1)

    @pytest.mark.parametrize(
        "value",
        [
            None,
            "",
            "bytes",
            "bytes */10",  # of a 416
            "bytes 5-4/10",  # backwards
            "bytes 0-10/10",  # past its own end
            "bytes -5-4/10",
            "bytes 0-4",
            "bytes 0-/10",
            "bytes 0-4/",
            "bytes=0-4/10",  # the request's spelling
            "items 0-4/10",
            "bytes 0-4/10, 6-8/10",
            "bytes 0-4/10\n",
            "bytes 0-٤/10",  # digits of another script
            f"bytes 0-4/{'9' * 19}",  # larger than any file
        ],
    )
    def test_an_invalid_value_is_none(self, value: str | None) -> None:
        # A line end cannot reach us over HTTP; it is white space like any other.
        expected = ContentRange(0, 5, 10) if value is not None and value.endswith("\n") else None
        assert parse_content_range(value) == expected

    @given(value=maybe_text | nearly_ranges)
    def test_nothing_makes_it_raise_or_claim_an_impossible_span(self, value: str | None) -> None:
        found = parse_content_range(value)
        if found is not None:
            assert 0 <= found.start < found.stop <= (found.stop if found.size is None else found.size)

    @given(value=maybe_text | nearly_ranges)
    def test_a_value_is_a_span_or_the_end_of_a_file_and_never_both(self, value: str | None) -> None:
        assert parse_content_range(value) is None or parse_unsatisfied_size(value) is None

    @given(start=offsets, length=st.none() | st.integers(1, 10**9))
    def test_a_span_is_requested_with_an_inclusive_end(self, start: int, length: int | None) -> None:
        expected = f"bytes={start}-" if length is None else f"bytes={start}-{start + length - 1}"
        assert range_header(start, None if length is None else start + length) == expected


class TestUnsatisfiedSize:
    @given(size=offsets)
    def test_the_size_in_a_416_is_read(self, size: int) -> None:
        assert parse_unsatisfied_size(f"bytes */{size}") == size

    @pytest.mark.parametrize("value", [None, "", "bytes */*", "bytes 0-4/10", "*/10", "bytes */-1", "bytes */ten"])
    def test_an_invalid_size_is_none(self, value: str | None) -> None:
        assert parse_unsatisfied_size(value) is None


class TestLength:
    @given(length=offsets)
    def test_digits_are_a_length(self, length: int) -> None:
        assert parse_length(str(length)) == length

    @pytest.mark.parametrize("value", [None, "", "-1", "+1", "1.0", "1e3", "0x10", "1, 1", " 1", "1\n", "٣", "9" * 19])
    def test_everything_else_is_none(self, value: str | None) -> None:
        assert parse_length(value) is None


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("value", "seconds"),
        [
            ("0", 0.0),
            ("7", 7.0),
            (" 7 ", 7.0),
            ("1.5", 1.5),
            ("600", 600.0),
            ("86400", LONGEST_WAIT),
            ("9" * 18, LONGEST_WAIT),
            (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
            (format_datetime(NOW - timedelta(days=900), usegmt=True), 0.0),
            (format_datetime(NOW + timedelta(days=900), usegmt=True), LONGEST_WAIT),
            ("Friday, 20-Nov-26 12:00:30 GMT", 30.0),  # RFC 850's form, still valid
            ("Fri Nov 20 12:00:30 2026", 30.0),  # asctime's, which has no zone and means UTC
            ("Fri, 20 Nov 2026 13:00:30 +0100", 30.0),
        ],
    )
    def test_seconds_and_dates_become_a_bounded_wait(self, value: str, seconds: float) -> None:
        assert parse_retry_after(value, now=NOW) == seconds

    @pytest.mark.parametrize(
        "value", [None, "", "soon", "-1", "1e9", "inf", "nan", "9" * 19, "Fri, 99 Nov 2026 12:00:00 GMT", "٣"]
    )
    def test_an_invalid_retry_after_is_none(self, value: str | None) -> None:
        assert parse_retry_after(value, now=NOW) is None

    @given(value=maybe_text | nearly_dates | dates)
    def test_nothing_makes_it_raise_or_wait_too_long(self, value: str | None) -> None:
        seconds = parse_retry_after(value, now=NOW)
        assert seconds is None or 0.0 <= seconds <= LONGEST_WAIT


class TestValidators:
    """RFC 9110, 13.1.5: only a strong validator may stand in `If-Range`."""

    CHANGED = "Fri, 20 Nov 2026 12:00:00 GMT"

    @pytest.mark.parametrize(
        ("headers", "condition"),
        [
            ({"etag": '"a"'}, '"a"'),
            ({"etag": ' "a" '}, '"a"'),
            ({"etag": '""'}, '""'),
            ({"etag": '"a"', "last-modified": CHANGED}, '"a"'),
            ({"etag": 'W/"a"'}, None),
            ({"etag": 'w/"a"'}, None),  # the prefix is case-sensitive: this is no entity tag
            ({"etag": "a"}, None),  # without quotes it is none either
            ({"etag": '"a'}, None),
            ({"etag": '"a b"'}, None),
            ({"etag": '"a", "b"'}, None),
            ({}, None),
            # 8.8.2.2: a date counts if the answer is at least a minute younger than the change ...
            ({"last-modified": CHANGED, "date": "Fri, 20 Nov 2026 12:01:00 GMT"}, CHANGED),
            ({"last-modified": CHANGED, "date": "Fri, 20 Nov 2026 12:00:59 GMT"}, None),
            ({"last-modified": CHANGED, "date": "Fri, 20 Nov 2026 11:00:00 GMT"}, None),
            ({"last-modified": CHANGED}, None),
            ({"last-modified": "yesterday", "date": CHANGED}, None),
            ({"last-modified": CHANGED, "date": "today"}, None),
            # ... and, if the server bothers to send a weak tag, not even then.
            ({"etag": 'W/"a"', "last-modified": CHANGED, "date": "Sat, 21 Nov 2026 12:00:00 GMT"}, None),
            ({"etag": "broken", "last-modified": CHANGED, "date": "Sat, 21 Nov 2026 12:00:00 GMT"}, CHANGED),
        ],
    )
    def test_what_may_stand_in_if_range(self, headers: dict[str, str], condition: str | None) -> None:
        found = validator_of(headers)
        assert found.condition == condition
        assert found.strong == (condition is not None)

    @given(found=validators)
    def test_a_weak_tag_is_never_strong(self, found: Validator) -> None:
        if found.etag is not None and found.etag.startswith("W/"):
            assert not found.strong

    @pytest.mark.parametrize(
        ("one", "other", "contradict"),
        [
            (Validator('"a"'), Validator('"a"'), False),
            (Validator('"a"'), Validator('"b"'), True),
            (Validator('"a"'), Validator('W/"a"'), True),
            (Validator('W/"a"'), Validator('W/"a"'), False),
            (Validator('"a"'), Validator(), False),
            (Validator('"a"', "monday"), Validator(None, "monday"), False),
            (Validator('"a"', "monday"), Validator(None, "tuesday"), True),
            # The tag knows better than the date: a copy to another mirror changes the one and not the other.
            (Validator('"a"', "monday"), Validator('"a"', "tuesday"), False),
            (Validator('"a"', "monday"), Validator('"b"', "monday"), True),
            (Validator(None, "monday"), Validator(None, "tuesday"), True),
            (Validator(None, "monday"), Validator(None, None), False),
        ],
    )
    def test_two_versions_contradict_each_other(self, one: Validator, other: Validator, *, contradict: bool) -> None:
        assert one.contradicts(other) is contradict
        assert other.contradicts(one) is contradict

    @given(found=validators)
    def test_nothing_contradicts_itself(self, found: Validator) -> None:
        assert not found.contradicts(found)

    @given(one=validators, other=validators)
    def test_contradiction_is_mutual(self, one: Validator, other: Validator) -> None:
        assert one.contradicts(other) == other.contradicts(one)

    @given(etag=maybe_text, modified=maybe_text | nearly_dates, date=maybe_text | nearly_dates)
    def test_nothing_makes_it_raise(self, etag: str | None, modified: str | None, date: str | None) -> None:
        found = validator_of(_without_none({"etag": etag, "last-modified": modified, "date": date}))
        assert found.condition in {None, found.etag, found.last_modified}
