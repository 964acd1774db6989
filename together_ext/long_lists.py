"""Lists that may be long: read piece by piece, kept as bytes, and made into objects when they are asked for.

A hundred thousand jobs are 120 MB of JSON, and as objects six times that; nobody looks at all of them.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum, auto
from typing import Any, Final, Generic, TypeVar, overload

T = TypeVar("T")

_SPACE: Final = re.compile(r"[ \t\n\r]*")
_DECODER: Final = json.JSONDecoder()
_AFTER_VALUE: Final = frozenset(" \t\n\r,]}")
"""What tells that a value is whole: `1` may still become `1.5`."""


class _State(Enum):
    START = auto()
    KEY = auto()
    ITEM = auto()
    END = auto()
    OTHER = auto()
    """It is no object: only the whole of it tells what."""


class ListReader:
    """Takes an object with a list in it apart, in whatever pieces its JSON comes.

    Args:
        name: The list's name.
        keep: Called with each item; what it returns is kept beside the item, and None leaves the item out.

    Attributes:
        items: What was kept, each with the bytes of its item.
        rest: What else the object has.
    """

    def __init__(self, name: str, keep: Callable[[object], Any]) -> None:
        self._name, self._keep = name, keep
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        # What is still to be read: in pieces, since to put each behind the others would copy all of them.
        self._pieces, self._size, self._enough = list[str](), 0, 0
        self._state = _State.START
        self._failure: Exception | None = None
        self.items: list[tuple[Any, bytes]] = []
        self.rest: dict[str, Any] = {}

    def feed(self, data: bytes) -> None:
        """Take the next bytes. What is wrong with them is told at the end, so that nobody has to stop in the middle."""
        if self._failure is None:
            try:
                self._take(data)
            except (UnicodeDecodeError, RecursionError) as error:
                self._failure, self._pieces = error, []

    def _take(self, data: bytes) -> None:
        self._add(self._decode(data))
        # What could not be read is tried again when there is twice as much of it, or one value of any length would be
        # read from its beginning with each piece.
        if self._size >= self._enough and self._state is not _State.OTHER:
            self._scan()
            self._enough = 2 * self._size

    def _add(self, text: str) -> None:
        self._pieces.append(text)
        self._size += len(text)

    def close(self) -> None:
        """Note that this was all.

        Raises:
            ValueError: It was no JSON, or no text.
            RecursionError: It has too many levels.
            TypeError: It was no object.
        """
        if self._failure is not None:
            raise self._failure
        # A number at the end might have gone on.
        self._add(self._decode(b"", True) + " ")  # noqa: FBT003 -- as codecs have it
        if self._state is not _State.OTHER:
            self._scan()
        left = "".join(self._pieces)
        if self._state is _State.OTHER:
            raise TypeError(f"expected an object, and got {type(json.loads(left)).__name__}")
        if self._state is not _State.END or left.strip():
            raise json.JSONDecodeError("it ends too soon, or goes on too long", left[:100], 0)

    def _scan(self) -> None:
        """Read as far as the text is whole."""
        text, at = "".join(self._pieces), 0
        try:
            while (at := _after_space(text, at)) < len(text) and self._state not in {_State.END, _State.OTHER}:
                moved = self._step(text, at)
                if moved is None:
                    break
                at = moved
        except json.JSONDecodeError:
            # Cut short, or wrong: the end will tell.
            pass
        self._pieces, self._size = [text[at:]], len(text) - at

    def _step(self, text: str, at: int) -> int | None:
        """Read one thing; returns where the next one begins, or None if the text does not go far enough."""
        char = text[at]
        if self._state is _State.START:
            self._state = _State.KEY if char == "{" else _State.OTHER
            return at + 1 if char == "{" else at
        if char == ",":
            return at + 1
        ends = {_State.ITEM: ("]", _State.KEY), _State.KEY: ("}", _State.END)}
        end, after = ends[self._state]
        if char == end:
            self._state = after
            return at + 1
        return self._item(text, at) if self._state is _State.ITEM else self._member(text, at)

    def _item(self, text: str, at: int) -> int | None:
        value, stop = _DECODER.raw_decode(text, at)
        if text[stop : stop + 1] not in _AFTER_VALUE:
            return None
        if (kept := self._keep(value)) is not None:
            self.items.append((kept, text[at:stop].encode("utf-8", "surrogatepass")))
        return stop

    def _member(self, text: str, at: int) -> int | None:
        key, stop = _DECODER.raw_decode(text, at)
        colon = _after_space(text, stop)
        start = _after_space(text, colon + 1)
        if start >= len(text):
            return None
        if not isinstance(key, str) or text[colon] != ":":
            raise json.JSONDecodeError("expected a key", text[at : at + 100], 0)
        if key == self._name and text[start] == "[":
            self._state = _State.ITEM
            return start + 1
        value, stop = _DECODER.raw_decode(text, start)
        if text[stop : stop + 1] not in _AFTER_VALUE:
            return None
        self.rest[key] = value
        return stop


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return at if match is None else match.end()


class LazyList(Sequence[T], Generic[T]):
    """Objects that are made anew whenever they are asked for.

    Args:
        raw: The JSON of each.
        make: Makes an object of what the JSON says.
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
        """What the JSON says, one after the other."""
        return map(json.loads, self._raw)

    def raw(self) -> Iterator[bytes]:
        """The JSON itself, one after the other."""
        return iter(self._raw)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(_same, self, other))

    __hash__ = None  # type: ignore[assignment]  # like a list's

    def __repr__(self) -> str:
        shown = ", ".join(map(repr, self[:3]))
        return f"[{shown}{', ...' if len(self) > 3 else ''}]"  # noqa: PLR2004 -- enough to see what they are


def _same(one: object, other: object) -> bool:
    return one == other
