"""The chat resource of both clients: ask a model, such as one that was fine-tuned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict, Unpack

from together_generated import models

from .errors import RuleError, printable
from .flow import AsyncRunner, Call, Flow, Runner, ask


class ChatOptions(TypedDict, total=False):
    """Keywords of `create`. Whatever is left out, or None, is not sent: the server has its default."""

    max_tokens: int | None
    """Longest answer in tokens."""
    stop: list[str] | None
    """Texts that end the answer."""
    temperature: float | None
    """How much chance there is in it."""
    top_p: float | None
    """Share of the likeliest tokens to choose from."""
    top_k: int | None
    """Number of the likeliest tokens to choose from."""
    min_p: float | None
    """Least likelihood of a token, as a share of the likeliest."""
    repetition_penalty: float | None
    """Lowers the likelihood of what was said already."""
    presence_penalty: float | None
    """Lowers the likelihood of tokens that occurred."""
    frequency_penalty: float | None
    """The same, the more often they did."""
    n: int | None
    """Number of answers."""
    seed: int | None
    """Seed of the chance."""
    logprobs: int | None
    """Number of the likeliest tokens to tell of."""
    echo: bool | None
    """Repeat the conversation in the answer."""
    response_format: Mapping[str, Any] | None
    """The form that the answer must have."""
    tools: list[Mapping[str, Any]] | None
    """Functions that the model may call."""
    tool_choice: str | Mapping[str, Any] | None
    """Which function it shall call."""


Messages = Sequence[Mapping[str, Any]]


class Completions:
    """Answers of models."""

    def __init__(self, run: Runner) -> None:
        self._run = run

    def create(self, *, model: str, messages: Messages, **options: Unpack[ChatOptions]) -> models.ChatCompletion:
        """What a model answers to a conversation.

        Args:
            model: Its name; of a fine-tuned one, the job's `model_output_name`, or an endpoint's name.
            messages: What was said so far, each `{"role": ..., "content": ...}`.
            **options: The fields of `ChatOptions`. Answers do not come piece by piece: `stream` is no option.

        Returns:
            The answer; `.choices` is always a list, and the text is in `.choices[0].message.content`.

        Raises:
            RuleError: There is no model, or nothing to answer.
            ApiError: The server refused, or did not answer.
        """
        return self._run(_create(model, messages, options))


class AsyncCompletions:
    """Answers of models, awaited."""

    def __init__(self, run: AsyncRunner) -> None:
        self._run = run

    async def create(self, *, model: str, messages: Messages, **options: Unpack[ChatOptions]) -> models.ChatCompletion:
        """See `Completions.create`."""
        return await self._run(_create(model, messages, options))


class Chat:
    """Conversations with models.

    Attributes:
        completions: Their answers.
    """

    def __init__(self, run: Runner) -> None:
        self.completions = Completions(run)


class AsyncChat:
    """Conversations with models, in async code.

    Attributes:
        completions: Their answers.
    """

    def __init__(self, run: AsyncRunner) -> None:
        self.completions = AsyncCompletions(run)


def _create(model: str, messages: Messages, options: ChatOptions) -> Flow[models.ChatCompletion]:
    from together_generated.api.chat import create_chat_completion as endpoint

    from .operations import items

    if "stream" in options:
        raise RuleError("answers do not come piece by piece here: leave stream out, or ask with another client")
    if unknown := options.keys() - ChatOptions.__annotations__.keys():
        raise TypeError(f"create() got an unexpected keyword argument {min(unknown)!r}")
    if not isinstance(model, str) or not model.strip():
        raise RuleError(f"the model is {printable(repr(model), 80)}: expected its name")
    said = list(messages) if isinstance(messages, Iterable) else []
    if not said or not all(isinstance(message, Mapping) and message.get("role") for message in said):
        raise RuleError("the messages are no conversation: expected a list of {'role': ..., 'content': ...}")
    given = {name: value for name, value in options.items() if value is not None}
    if not isinstance(given.get("response_format", {}), Mapping):
        raise RuleError("the response_format is no object: expected such as {'type': 'json_object'}")
    tools = given.get("tools", [])
    if not isinstance(tools, Sequence) or not all(isinstance(tool, Mapping) for tool in tools):
        raise RuleError("the tools are no list of objects: expected [{'type': 'function', 'function': {...}}]")
    body = models.ChatCompletionRequest.from_dict({"model": model, "messages": said, **given})
    answer = yield from ask(Call(f"ask {printable(model, 100)}", endpoint.sync, endpoint.asyncio, {"body": body}))
    answer.choices = items(answer.choices, models.ChatChoice)
    return answer
