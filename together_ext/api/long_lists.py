"""Lists that may be long: read piece by piece, kept as bytes, and converted to objects when they are accessed.

A hundred thousand jobs are 120 MB of JSON, and six times that as objects.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum, auto
from typing import Any, Final, Generic, TypeVar, overload

from .whole import MOST_VALUES, LimitError, values_in

T = TypeVar("T")

_SPACE: Final = re.compile(r"[ \t\n\r]*")
_DECODER: Final = json.JSONDecoder()
_AFTER_VALUE: Final = frozenset(" \t\n\r,]}")
"""What follows a complete value: `1` may still become `1.5`."""


ITEM_LIMIT: Final = 64 << 20
"""Maximum number of characters in an item, or in any other value beside the list."""

MOST_ITEMS: Final = 1_000_000
"""Maximum number of items, and of other values beside the list."""


class _State(Enum):
    START = auto()
    OBJECT = auto()
    """Inside the object, outside the list."""
    LIST = auto()
    END = auto()
    OTHER = auto()
    """Not an object: the whole text is kept."""


class _Expected(Enum):
    """What comes next inside the object or the list."""

    FIRST = auto()
    """A value or the end."""
    NEXT = auto()
    """A value: a comma was read."""
    AFTER = auto()
    """A comma or the end: a value was read."""


_ENDS: Final = {_State.LIST: ("]", _State.OBJECT), _State.OBJECT: ("}", _State.END)}


class ListReader:
    """Parses a JSON object that contains a list, piece by piece, as strictly as `json` does.

    Args:
        name: The key of the list.
        keep: Called with each item; what it returns is kept beside the item, and None leaves the item out.

    Attributes:
        items: The kept values, each with the bytes of its item.
        left_out: Number of items that are left out.
        rest: The other members of the object.
    """

    def __init__(self, name: str, keep: Callable[[object], Any]) -> None:
        self._name, self._keep = name, keep
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        # Text that is not parsed yet, in pieces: joining them each time would copy all of it.
        self._pieces, self._size, self._enough = list[str](), 0, 0
        self._state, self._expected = _State.START, _Expected.FIRST
        self._seen, self._count = False, 0
        self._failure: Exception | None = None
        self.items: list[tuple[Any, bytes]] = []
        self.left_out = 0
        self.rest: dict[str, Any] = {}

    def feed(self, data: bytes) -> None:
        """Take the next bytes. Errors are reported at the end.

        Raises:
            LimitError: There are too many items, or one is too large.
        """
        if self._failure is None:
            try:
                self._take(data)
            except (UnicodeDecodeError, RecursionError, TypeError) as error:
                self._failure, self._pieces = error, []

    def _take(self, data: bytes) -> None:
        self._add(self._decode(data))
        # An incomplete value is parsed again when there is twice as much text: otherwise a long value would be parsed
        # from its beginning with each piece.
        if self._state is not _State.OTHER and (self._size >= self._enough or self._size > ITEM_LIMIT):
            self._scan()
            self._enough = 2 * self._size
        if self._size > ITEM_LIMIT:
            raise LimitError(f"an item of the response exceeds the limit of {ITEM_LIMIT >> 20} MiB")

    def _add(self, text: str) -> None:
        self._pieces.append(text)
        self._size += len(text)

    def close(self) -> None:
        """Finish at the end of the body.

        Raises:
            ValueError: The body is not JSON, or not text.
            RecursionError: The JSON is nested too deeply.
            TypeError: The body is not an object, or has the key of the list twice.
        """
        if self._failure is not None:
            raise self._failure
        # The space ends a number at the end of the text.
        self._add(self._decode(b"", True) + " ")  # noqa: FBT003 -- as codecs have it
        if self._state is not _State.OTHER:
            self._scan()
        left = "".join(self._pieces)
        if self._state is _State.OTHER:
            raise TypeError(f"expected an object, and got {type(json.loads(left)).__name__}")
        if self._state is not _State.END or left.strip(" \t\n\r"):
            raise json.JSONDecodeError("it ends too early, or has more text after its end", left[:100], 0)

    def _scan(self) -> None:
        """Parse all complete values."""
        text, at = "".join(self._pieces), 0
        if values_in(text) > MOST_VALUES:  # of one item: the text before this piece is incomplete
            raise LimitError(f"an item of the response exceeds the limit of {MOST_VALUES:,} values")
        try:
            while (at := _after_space(text, at)) < len(text) and self._state not in {_State.END, _State.OTHER}:
                moved = self._step(text, at)
                if moved is None:
                    break
                at = moved
        except json.JSONDecodeError:
            # Incomplete or invalid: reported at the end.
            pass
        self._pieces, self._size = [text[at:]], len(text) - at

    def _step(self, text: str, at: int) -> int | None:
        """Parse one token; returns the position after it, or None if the text is incomplete."""
        char = text[at]
        if self._state is _State.START:
            self._state = _State.OBJECT if char == "{" else _State.OTHER
            return at + 1 if char == "{" else at
        end, outside = _ENDS[self._state]
        if char == end and self._expected is not _Expected.NEXT:
            self._state, self._expected = outside, _Expected.AFTER
            return at + 1
        if self._expected is _Expected.AFTER:
            if char != ",":
                raise json.JSONDecodeError("expected a comma", text[at : at + 100], 0)
            self._expected = _Expected.NEXT
            return at + 1
        return self._item(text, at) if self._state is _State.LIST else self._member(text, at)

    def _item(self, text: str, at: int) -> int | None:
        value, stop = _DECODER.raw_decode(text, at)
        if text[stop : stop + 1] not in _AFTER_VALUE:
            return None
        if (kept := self._keep(value)) is not None:
            self.items.append((kept, text[at:stop].encode("utf-8", "surrogatepass")))
        else:
            self.left_out += 1
        return self._read(stop)

    def _member(self, text: str, at: int) -> int | None:
        if text[at] != '"':
            raise json.JSONDecodeError("expected a key", text[at : at + 100], 0)
        key, stop = _DECODER.raw_decode(text, at)
        colon = _after_space(text, stop)
        start = _after_space(text, colon + 1)
        if start >= len(text):
            return None
        if text[colon] != ":":
            raise json.JSONDecodeError("expected a colon", text[at : at + 100], 0)
        if key == self._name and self._seen:
            raise TypeError(f"there are two {key!r}")
        if key == self._name and text[start] == "[":
            self._seen = True
            self._state, self._expected = _State.LIST, _Expected.FIRST
            return start + 1
        value, stop = _DECODER.raw_decode(text, start)
        if text[stop : stop + 1] not in _AFTER_VALUE:
            return None
        self.rest[key] = value
        self._seen = self._seen or key == self._name
        return self._read(stop)

    def _read(self, stop: int) -> int:
        self._expected = _Expected.AFTER
        self._count += 1
        if self._count > MOST_ITEMS:
            raise LimitError(f"the response exceeds the limit of {MOST_ITEMS:,} items")
        return stop


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return at if match is None else match.end()


class LazyList(Sequence[T], Generic[T]):
    """Objects that are created whenever they are accessed.

    Args:
        raw: The JSON of each.
        make: Creates an object from the parsed JSON.
    """

    def __init__(self, raw: Sequence[bytes], make: Callable[[Mapping[str, Any]], T]) -> None:
        self._raw, self._make = raw, make

    def __len__(self) -> int:
        return len(self._raw)

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> LazyList[T]: ...

    def __getitem__(self, index: int | slice) -> T | LazyList[T]:
        if isinstance(index, slice):
            return LazyList(self._raw[index], self._make)
        return self._make(json.loads(self._raw[index]))

    def documents(self) -> Iterator[dict[str, Any]]:
        """The parsed items, one after the other."""
        return map(json.loads, self._raw)

    def raw(self) -> Iterator[bytes]:
        """The JSON of the items, one after the other."""
        return iter(self._raw)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(_same, self, other))

    __hash__ = None  # type: ignore[assignment]  # like a list's

    def __repr__(self) -> str:
        shown = ", ".join(map(repr, self[:3]))
        return f"[{shown}{', ...' if len(self) > 3 else ''}]"  # noqa: PLR2004 -- enough to see what they are


def _same(one: object, other: object) -> bool:
    return one == other
