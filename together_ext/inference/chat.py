"""The chat resource of both clients: chat completions of a model, for example a fine-tuned one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict, Unpack, overload

from together_ext.api import keywords
from together_ext.api.flow import AsyncRunner, Call, Flow, Runner, ask
from together_ext.errors import Numbers, RuleError
from together_ext.text import printable
from together_generated import models

if TYPE_CHECKING:
    from together_ext.api.flow import Streaming

    from .completion import Completion
    from .stream import AsyncChatStream, AsyncOpen, ChatStream, Open


class ChatOptions(TypedDict, total=False):
    """Keywords of `create`. A keyword that is absent or None is not sent, so the server's default applies."""

    max_tokens: int | None
    """Maximum number of tokens in the response."""
    stop: list[str] | None
    """Texts that end the response."""
    temperature: float | None
    """Sampling temperature."""
    top_p: float | None
    """Nucleus sampling: share of the most likely tokens to sample from."""
    top_k: int | None
    """Number of the most likely tokens to sample from."""
    min_p: float | None
    """Minimum probability of a token, as a share of that of the most likely one."""
    repetition_penalty: float | None
    """Lowers the probability of repeated sequences."""
    presence_penalty: float | None
    """Lowers the probability of tokens that have occurred."""
    frequency_penalty: float | None
    """Lowers the probability of tokens in proportion to their occurrences."""
    n: int | None
    """Number of choices."""
    seed: int | None
    """Seed of the sampling."""
    logprobs: int | None
    """Number of the most likely tokens whose log probabilities are returned."""
    echo: bool | None
    """Repeat the conversation in the response."""
    response_format: Mapping[str, Any] | None
    """The required form of the response, such as `{"type": "json_object"}`."""
    tools: Sequence[Mapping[str, Any]] | None
    """Functions that the model may call."""
    tool_choice: str | Mapping[str, Any] | None
    """The function that the model must call."""


Messages = Sequence[Mapping[str, Any]]

_NUMBERS: Final[Mapping[str, Numbers]] = {
    "max_tokens": Numbers(0, whole=True),
    "temperature": Numbers(0),
    "top_p": Numbers(0, 1),
    "top_k": Numbers(whole=True),
    "min_p": Numbers(0, 1),
    "repetition_penalty": Numbers(),
    "presence_penalty": Numbers(),
    "frequency_penalty": Numbers(),
    "n": Numbers(1, whole=True),
    "seed": Numbers(whole=True),
    "logprobs": Numbers(0, whole=True),
}
"""What no model accepts is refused; the server has stricter limits. Some servers take a `top_k` of -1 as no limit."""


class Completions:
    """Chat completions."""

    def __init__(self, run: Runner, open_stream: Open) -> None:
        self._run, self._open = run, open_stream

    @overload
    def create(
        self, *, model: str, messages: Messages, stream: Literal[False] = ..., **options: Unpack[ChatOptions]
    ) -> Completion: ...

    @overload
    def create(
        self, *, model: str, messages: Messages, stream: Literal[True], **options: Unpack[ChatOptions]
    ) -> ChatStream: ...

    @keywords.shows(ChatOptions)
    def create(
        self, *, model: str, messages: Messages, stream: bool = False, **options: Unpack[ChatOptions]
    ) -> Completion | ChatStream:
        """Continue a conversation.

        Args:
            model: The model: a base model, the `model_output_name` of a job, or the name of an endpoint.
            messages: The conversation, each message `{"role": ..., "content": ...}`.
            stream: Whether to return the response in chunks while the model writes it.
            **options: The keywords of `ChatOptions`.

        Returns:
            The response: its text in `.text`, and all choices in `.choices`. With ``stream=True``, an iterator of
            chunks, each with the next piece of text in `.text`.

        Raises:
            RuleError: The model or the messages are missing.
            ApiError: The server refused the request or did not respond.
        """
        if _streams(stream):
            from .stream import ChatStream

            return ChatStream(self._open(_streaming(model, messages, options)))
        return self._run(_create(model, messages, options))


class AsyncCompletions:
    """Chat completions: the method of `Completions`, awaited."""

    def __init__(self, run: AsyncRunner, open_stream: AsyncOpen) -> None:
        self._run, self._open = run, open_stream

    @overload
    async def create(
        self, *, model: str, messages: Messages, stream: Literal[False] = ..., **options: Unpack[ChatOptions]
    ) -> Completion: ...

    @overload
    async def create(
        self, *, model: str, messages: Messages, stream: Literal[True], **options: Unpack[ChatOptions]
    ) -> AsyncChatStream: ...

    @keywords.shows(ChatOptions)
    async def create(
        self, *, model: str, messages: Messages, stream: bool = False, **options: Unpack[ChatOptions]
    ) -> Completion | AsyncChatStream:
        """See `Completions.create`; a stream is an async iterator."""
        if _streams(stream):
            from .stream import AsyncChatStream

            return await AsyncChatStream.begun(self._open(_streaming(model, messages, options)))
        return await self._run(_create(model, messages, options))


class Chat:
    """Chats with models.

    Attributes:
        completions: Chat completions.
    """

    def __init__(self, run: Runner, open_stream: Open) -> None:
        self.completions = Completions(run, open_stream)


class AsyncChat:
    """Chats with models, in async code.

    Attributes:
        completions: Chat completions.
    """

    def __init__(self, run: AsyncRunner, open_stream: AsyncOpen) -> None:
        self.completions = AsyncCompletions(run, open_stream)


def _streams(stream: object) -> bool:
    """Whether a stream is wanted.

    Raises:
        RuleError: The value is not a boolean.
    """
    if stream not in (True, False, None):
        raise RuleError(f"stream is {printable(repr(stream), 80)}: expected True or False")
    return bool(stream)


def _streaming(model: str, messages: Messages, options: ChatOptions) -> Streaming:
    from .stream import streaming

    return streaming(f"stream a chat with {printable(model, 100)}", _request(model, messages, options).to_dict())


def _create(model: str, messages: Messages, options: ChatOptions) -> Flow[Completion]:
    from together_generated.api.chat import create_chat_completion as endpoint

    from .completion import Completion

    body = _request(model, messages, options)
    call = Call(f"complete a chat with {printable(model, 100)}", endpoint.sync, endpoint.asyncio, {"body": body})
    return Completion.of((yield from ask(call)))


def _request(model: str, messages: Messages, options: ChatOptions) -> models.ChatCompletionRequest:
    """The body of the request.

    Raises:
        TypeError: A keyword that does not exist.
        RuleError: A value is invalid.
    """
    keywords.check("create", options, ChatOptions)
    if not isinstance(model, str) or not model.strip():
        raise RuleError(f"the model is {printable(repr(model), 80)}: expected its name")
    given = {name: value for name, value in options.items() if value is not None}
    for name, numbers in _NUMBERS.items():
        numbers.check_given(name, given.get(name))
    if not isinstance(given.get("response_format", {}), Mapping):
        raise RuleError("response_format is not an object: expected for example {'type': 'json_object'}")
    if not _are_objects(given.get("tools", [])):
        raise RuleError("tools is not a list of objects: expected [{'type': 'function', 'function': {...}}]")
    return models.ChatCompletionRequest.from_dict({"model": model, "messages": _messages(messages), **given})


def _messages(messages: object) -> list[Mapping[str, Any]]:
    """The messages of a conversation; any iterable of them.

    Raises:
        RuleError: There is none, or one without a role.
    """
    found = list(messages) if isinstance(messages, Iterable) else []
    if not found or not all(isinstance(message, Mapping) and message.get("role") for message in found):
        raise RuleError("messages is not a conversation: expected a list of {'role': ..., 'content': ...}")
    return found


def _are_objects(values: object) -> bool:
    return isinstance(values, Sequence) and all(isinstance(value, Mapping) for value in values)
