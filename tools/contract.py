"""Whether requests and responses are what `openapi.yaml` says: the tests judge the simulator's journal by it.

Validators are compiled once, since thousands of tests use them: with `jsonschema-rs`, a response takes about 10
microseconds; with openapi-core, 10 milliseconds, and two seconds to start.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Final
from urllib.parse import parse_qsl

from httpx import codes
from jsonschema_rs import Draft202012Validator

from together_ext.simulator import Request
from tools.generate import SPEC
from tools.spec.documents import METHODS, Node, read_openapi

JSON: Final = "application/json"
OURS: Final = "together-ext/"
"""Begins the `User-Agent` of our clients."""

PREFIXES: Final = re.compile(r"^(?:/v1)*")
"""Begins paths, and is not part of those in the specification."""

UPLOADS: Final = re.compile(r"POST /files(/multipart/(initiate|complete|abort)|/[^/]+/preprocess)?$")
"""The steps of a signed upload, as SDK 3.1.1 sends them: the public specification does not describe them."""


@dataclass(frozen=True)
class Operation:
    """An operation of the specification.

    Attributes:
        method: In upper case.
        path: Matches its path.
        node: What the specification says.
        schemas: All schemas of the specification.
    """

    method: str
    path: re.Pattern[str]
    node: Node
    schemas: Node

    @cached_property
    def parameters(self) -> Mapping[str, tuple[bool, Draft202012Validator]]:
        """The parameters of the query: whether each is required, and its values."""
        return {
            one["name"]: (one.get("required", False), self._validator(one["schema"]))
            for one in self.node.get("parameters", ())
            if one["in"] == "query"
        }

    @cached_property
    def bodies(self) -> Mapping[str, Draft202012Validator]:
        """The bodies of requests, by media type."""
        return self._content(self.node.get("requestBody", {}))

    @cached_property
    def responses(self) -> Mapping[int, Mapping[str, Draft202012Validator]]:
        """The bodies of responses, by status and media type."""
        return {int(status): self._content(found) for status, found in self.node["responses"].items()}

    def _content(self, found: Node) -> dict[str, Draft202012Validator]:
        return {media: self._validator(content["schema"]) for media, content in found.get("content", {}).items()}

    def _validator(self, schema: Node) -> Draft202012Validator:
        return Draft202012Validator({**schema, "components": {"schemas": self.schemas}})


@cache
def operations() -> tuple[Operation, ...]:
    """All operations; those with fewer parameters in their path first."""
    document = read_openapi(SPEC)
    found = [(path, method) for path, item in document["paths"].items() for method in item if method in METHODS]
    return tuple(
        Operation(
            method.upper(),
            re.compile(re.sub(r"\{[^}]*\}", "[^/]+", path) + "$"),
            document["paths"][path][method],
            document["components"]["schemas"],
        )
        for path, method in sorted(found, key=lambda one: one[0].count("{"))
    )


def problems(requests: Iterable[Request]) -> list[str]:
    """What the specification does not allow in requests of our clients, and in responses of the simulator."""
    return [problem for request in requests for problem in _problems(request)]


def _problems(request: Request) -> Iterator[str]:
    path = PREFIXES.sub("", request.target.partition("?")[0])
    operation = next((one for one in operations() if one.method == request.method and one.path.match(path)), None)
    is_ours = request.headers.get("user-agent", "").startswith(OURS)
    name = f"{request.method} {request.target}"
    if operation is None:
        if is_ours and not UPLOADS.match(f"{request.method} {path}"):
            yield f"{name}: the specification has no such operation"
        return
    if is_ours and request.status not in {None, 413}:
        yield from (f"{name}: {problem}" for problem in _of_request(operation, request))
    # Only those of the simulator itself are recorded, not those of faults.
    if request.response is not None and codes.is_success(request.status or 0):
        yield from (f"{name}: {problem}" for problem in _of_response(operation, request))


def _of_request(operation: Operation, request: Request) -> Iterator[str]:
    given = dict(parse_qsl(request.target.partition("?")[2], keep_blank_values=True))
    for name, value in given.items():
        if name not in operation.parameters:
            yield f"the parameter {name} is not described"
        elif not any(operation.parameters[name][1].is_valid(one) for one in _meanings(value)):
            yield f"the parameter {name} has the invalid value {value!r}"
    yield from (
        f"the parameter {name} is missing"
        for name, (required, _) in operation.parameters.items()
        if required and name not in given
    )
    media = request.headers.get("content-type", "").partition(";")[0]
    if media and media not in operation.bodies:
        yield f"a body of type {media} is not described"
    elif not request.body and media in {"", JSON}:
        if operation.node.get("requestBody", {}).get("required", False):
            yield "the body is missing"
    elif media == JSON:
        yield from _errors(operation.bodies[JSON], request.body, "the body")


def _meanings(value: str) -> Iterator[object]:
    """What the text of a parameter may stand for."""
    yield value
    try:
        found = json.loads(value)
    except ValueError:
        return
    if isinstance(found, bool | int | float):
        yield found


def _of_response(operation: Operation, request: Request) -> Iterator[str]:
    content = operation.responses.get(request.status or 0, {})
    if JSON in content:
        yield from _errors(content[JSON], request.response or b"", "the response")
    else:
        yield f"JSON with the status {request.status} is not described"


def _errors(validator: Draft202012Validator, text: bytes, what: str) -> Iterator[str]:
    document: Any = json.loads(text)
    if not validator.is_valid(document):
        error = next(iter(validator.iter_errors(document)))
        yield f"{what} is invalid at /{'/'.join(map(str, error.instance_path))}: {error.message[:300]}"
