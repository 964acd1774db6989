"""The response of a chat completion, with its text at hand."""

from __future__ import annotations

from typing import Any, Self

import attrs

from together_ext.api.responses import items, text
from together_generated import models


@attrs.define
class Choice(models.ChatChoice):
    """A choice of a response.

    Attributes:
        message: Always a message; empty if the server sent none.
    """

    message: models.ChatMessage = attrs.field(factory=models.ChatMessage)


@attrs.define
class Completion(models.ChatCompletion):
    """The response of a model.

    Attributes:
        choices: Always a list.
    """

    choices: list[Choice] = attrs.field(factory=list)  # type: ignore[assignment]  # read, not replaced

    @property
    def text(self) -> str:
        """The text of the first choice; empty if there is none, for example in a call of a tool."""
        return (text(self.choices[0].message.content) or "") if self.choices else ""

    @classmethod
    def of(cls, response: models.ChatCompletion) -> Self:
        """The same response; choices that are not valid are left out."""
        found = cls(**_fields(response))
        found.choices = [_choice(choice) for choice in items(response.choices, models.ChatChoice)]
        found.additional_properties = response.additional_properties
        return found


def _choice(choice: models.ChatChoice) -> Choice:
    found = Choice(**_fields(choice))
    if not isinstance(choice.message, models.ChatMessage):
        found.message = models.ChatMessage()
    found.additional_properties = choice.additional_properties
    return found


def _fields(model: models.ChatCompletion | models.ChatChoice) -> dict[str, Any]:
    return {field.name: getattr(model, field.name) for field in attrs.fields(type(model)) if field.init}
