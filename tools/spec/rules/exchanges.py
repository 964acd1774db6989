"""Rules about operations: their responses and their security."""

from __future__ import annotations

from collections.abc import Iterator

from tools.spec.contents import BINARY, BYTES, PLAINLY, REPEATED, chosen, is_bytes, media_type, of_form, sent_as
from tools.spec.documents import Node, SpecError, drop_unused
from tools.spec.surface import Surface


def only_successes(document: Node, _surface: Surface) -> None:
    """An error without a schema parses to None, a page of HTML raises: errors are raised by their status instead."""
    for path, method, operation in _each(document):
        responses = operation["responses"]
        operation["responses"] = {status: response for status, response in responses.items() if status.startswith("2")}
        if not operation["responses"]:
            described = ", ".join(responses) or "none"
            raise SpecError(
                f"{method.upper()} {path} describes no successful response (described: {described}): add one with the "
                f"status 200 to the specification that you sync with, or remove {operation['operationId']} from "
                "tools/spec/surface.yaml"
            )


def one_form_of_contents(document: Node, surface: Surface) -> None:
    """Of several media types the generator reads one, or makes a class for each: that of `surface.yaml`, else JSON."""
    described: dict[str, set[str]] = {place: set() for place in surface.forms}
    found: set[str] = set()
    for _, _, operation in _each(document):
        for role, holder in _bodies(operation):
            place, contents = f"{operation['operationId']}.{role}", holder.get("content", {})
            form = surface.forms.get(place)
            if form:
                described[place] |= contents.keys()
                found |= {place} if of_form(contents, form) else set()
            if (kind := chosen(contents, form)) is not None:
                holder["content"] = {media_type(kind, contents[kind]): contents[kind]}
    if gone := [
        f"{place} ({', '.join(sorted(kinds)) or 'no body'})" for place, kinds in described.items() if place not in found
    ]:
        raise SpecError(
            f"tools/spec/surface.yaml names, under forms, media types that are not there now: {', '.join(gone)}. "
            "Change what uses these bodies in together_ext, and remove these lines."
        )


def bytes_are_bytes(document: Node, _surface: Surface) -> None:
    """The generator reads bytes of one media type alone, whatever an archive is called."""
    for _, _, operation in _each(document):
        for response in operation["responses"].values():
            for kind, content in response.get("content", {}).items():
                if is_bytes(kind, content):
                    response["content"] = {BYTES: {**content, "schema": {**BINARY}}}


def parameters_are_sent_as_described(document: Node, _surface: Surface) -> None:
    """The generator drops parameters with a media type and sends lists in one form: another is text of the caller."""
    for _, _, operation in _each(document):
        for parameter in operation["parameters"]:
            is_usual = sent_as(document, parameter) in {PLAINLY, REPEATED}
            parameter["schema"] = parameter.get("schema", True) if is_usual else {"type": "string"}
            for name in ("content", "style", "explode", "allowReserved"):
                parameter.pop(name, None)


def nothing_unused(document: Node, _surface: Surface) -> None:
    """The types of errors and of other forms of a response would be generated without a use."""
    drop_unused(document)


def security_of_its_own(document: Node, _surface: Surface) -> None:
    """Where only the whole document asks for a key, the generated functions accept a client that has none."""
    everywhere = document.pop("security", [])
    for _, _, operation in _each(document):
        operation.setdefault("security", everywhere)


def _each(document: Node) -> Iterator[tuple[str, str, Node]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def _bodies(operation: Node) -> Iterator[tuple[str, Node]]:
    """The request body and the responses, each with its role."""
    if "requestBody" in operation:
        yield "body", operation["requestBody"]
    for response in operation["responses"].values():
        yield "response", response
