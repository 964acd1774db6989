"""The response of a chat completion, with its text at hand."""

from __future__ import annotations

from typing import Self

import attrs

from together_ext.api.responses import items, text
from together_generated import models


@attrs.define
class Completion(models.ChatCompletion):
    """The response of a model.

    Attributes:
        choices: Always a list.
    """

    choices: list[models.ChatChoice] = attrs.field(factory=list)

    @property
    def text(self) -> str:
        """The text of the first choice; empty if there is none, for example in a call of a tool."""
        message = self.choices[0].message if self.choices else None
        return text(message.content) or "" if isinstance(message, models.ChatMessage) else ""

    @classmethod
    def of(cls, response: models.ChatCompletion) -> Self:
        """The same response; choices that are not valid are left out."""
        names = [field.name for field in attrs.fields(models.ChatCompletion) if field.init]
        found = cls(**{name: getattr(response, name) for name in names})
        found.choices = items(response.choices, models.ChatChoice)
        found.additional_properties = response.additional_properties
        return found
