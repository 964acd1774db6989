"""Rules about operations: their answers and their security."""

from __future__ import annotations

from collections.abc import Iterator

from tools.spec.documents import Node, drop_unused
from tools.spec.surface import Surface

JSON = "application/json"


def only_successes(document: Node, _surface: Surface) -> None:
    """An error without a schema parses to None, a page of HTML raises: refusals are raised by their status instead."""
    for operation in _each(document):
        answers = operation["responses"].items()
        operation["responses"] = {status: answer for status, answer in answers if status.startswith("2")}


def json_before_streams(document: Node, _surface: Surface) -> None:
    """Of several forms of an answer the generator reads one, and warns of the others: JSON, where it is offered."""
    for operation in _each(document):
        for answer in operation["responses"].values():
            if JSON in answer.get("content", {}):
                answer["content"] = {JSON: answer["content"][JSON]}


def nothing_unused(document: Node, _surface: Surface) -> None:
    """The types of errors and of other forms of an answer would be generated, and nobody would use them."""
    drop_unused(document)


def security_of_its_own(document: Node, _surface: Surface) -> None:
    """Where only the whole document asks for a key, the generated functions accept a client that has none."""
    everywhere = document.pop("security", [])
    for operation in _each(document):
        operation.setdefault("security", everywhere)


def _each(document: Node) -> Iterator[Node]:
    for item in document["paths"].values():
        yield from item.values()
