"""The promises of `make fuzz`, a few seconds of them: whatever the bytes are, nothing escapes and nothing crashes."""

from __future__ import annotations

import json
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from tools.fuzz.targets import TARGETS, archive, headers, receipt

Change = tuple[float, bytes, bool]
changes = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8), st.booleans()), max_size=4
)


def changed(seed: bytes, edits: Sequence[Change]) -> bytes:
    """A seed with some bytes replaced or put in, each at a fraction of its length; the first byte says what it is."""
    data = bytearray(seed)
    for where, what, replaces in edits:
        at = 1 + int(where * (len(data) - 1))
        data[at : at + len(what) * replaces] = what
    return bytes(data)


@given(seed=st.sampled_from(TARGETS["archive"].seeds()), edits=changes, cut=st.integers(0, 3000) | st.just(0))
def test_an_archive_is_extracted_correctly_or_not_at_all(seed: bytes, edits: Sequence[Change], cut: int) -> None:
    archive(changed(seed[: max(len(seed) - cut, 1)], edits))


names = st.sampled_from(
    ["config.json", "a/b", "a", "link", "../secret", "/etc/passwd", "together-ext.json", "a//b", ""]
)
numbers = st.integers() | st.floats() | st.sampled_from([2, 1 << 63, 10**400])
anything = st.recursive(
    st.none() | st.booleans() | numbers | names | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names | st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
entries = st.fixed_dictionaries(
    {"path": names | anything, "size": st.just(2) | anything, "sha256": st.text(max_size=3) | anything}
)


@given(
    document=st.fixed_dictionaries(
        {"format": st.just(1) | anything, "files": st.lists(entries | anything, max_size=3) | anything}
    )
    | anything
)
def test_a_receipt_is_verified_or_refused(document: object) -> None:
    receipt(json.dumps(document).encode())


tensors = st.dictionaries(
    st.text(max_size=5),
    st.fixed_dictionaries(
        {
            "dtype": st.sampled_from(["F32", "F4", "\x1b[31m"]) | anything,
            "shape": st.lists(st.integers(0, 9), max_size=3) | st.lists(numbers | anything, max_size=70) | anything,
            "data_offsets": st.tuples(st.just(0), st.integers(0, 99)) | st.lists(anything, max_size=3),
        }
    )
    | anything,
    max_size=3,
)
SETTINGS = ("r", "lora_alpha", "target_modules", "base_model_name_or_path", "modules_to_save", "weight_map")
adapters = st.fixed_dictionaries(dict.fromkeys(SETTINGS, numbers | anything))


@given(
    kind=st.sampled_from([b"\0", b"\x40", b"\x80", b"\xc0"]), document=tensors | adapters | anything, rest=st.binary()
)
def test_headers_are_reported_or_cause_a_warning(kind: bytes, document: object, rest: bytes) -> None:
    headers(kind + json.dumps(document).encode() + (rest if kind == b"\xc0" else b""))
