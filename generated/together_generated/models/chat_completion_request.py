from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.unknown_object import UnknownObject


T = TypeVar("T", bound="ChatCompletionRequest")


@_attrs_define
class ChatCompletionRequest:
    """A conversation and the settings of the response.

    Attributes:
        model (str): Name of the model, also of a fine-tuned one.
        messages (list[UnknownObject]): The messages of the conversation, each with a `role` and a `content`.
        max_tokens (int | Unset): Maximum length of the response in tokens.
        stop (list[str] | Unset): Texts that end the response.
        temperature (float | Unset): Sampling temperature; 0 is the least random.
        top_p (float | Unset): Total probability of the most likely tokens to sample from.
        top_k (int | Unset): Number of the most likely tokens to sample from.
        min_p (float | Unset): Minimum probability of a token, as a fraction of that of the most likely one.
        repetition_penalty (float | Unset): Penalty for repetition.
        presence_penalty (float | Unset): Penalty for tokens that have occurred.
        frequency_penalty (float | Unset): Penalty for tokens in proportion to their frequency.
        n (int | Unset): Number of responses.
        seed (int | Unset): Random seed.
        logprobs (int | Unset): Number of the most likely tokens to return.
        echo (bool | Unset): Return the conversation, too.
        response_format (UnknownObject | Unset): An object of an unknown type; all its fields are kept.
        tools (list[UnknownObject] | Unset): Functions that the model may call.
        tool_choice (str | UnknownObject | Unset): The function to call.
    """

    model: str
    messages: list[UnknownObject]
    max_tokens: int | Unset = UNSET
    stop: list[str] | Unset = UNSET
    temperature: float | Unset = UNSET
    top_p: float | Unset = UNSET
    top_k: int | Unset = UNSET
    min_p: float | Unset = UNSET
    repetition_penalty: float | Unset = UNSET
    presence_penalty: float | Unset = UNSET
    frequency_penalty: float | Unset = UNSET
    n: int | Unset = UNSET
    seed: int | Unset = UNSET
    logprobs: int | Unset = UNSET
    echo: bool | Unset = UNSET
    response_format: UnknownObject | Unset = UNSET
    tools: list[UnknownObject] | Unset = UNSET
    tool_choice: str | UnknownObject | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.unknown_object import UnknownObject  # noqa: PLC0415

        model = self.model

        messages = []
        for messages_item_data in self.messages:
            messages_item = (
                messages_item_data.to_dict() if hasattr(messages_item_data, "to_dict") else messages_item_data
            )
            messages.append(messages_item)

        max_tokens = self.max_tokens

        stop: list[str] | Unset = UNSET
        if not isinstance(self.stop, Unset):
            stop = self.stop

        temperature = self.temperature

        top_p = self.top_p

        top_k = self.top_k

        min_p = self.min_p

        repetition_penalty = self.repetition_penalty

        presence_penalty = self.presence_penalty

        frequency_penalty = self.frequency_penalty

        n = self.n

        seed = self.seed

        logprobs = self.logprobs

        echo = self.echo

        response_format: dict[str, Any] | Unset = UNSET
        if not isinstance(self.response_format, Unset):
            response_format = self.response_format.to_dict()

        tools: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.tools, Unset):
            tools = []
            for tools_item_data in self.tools:
                tools_item = tools_item_data.to_dict() if hasattr(tools_item_data, "to_dict") else tools_item_data
                tools.append(tools_item)

        tool_choice: dict[str, Any] | str | Unset
        if isinstance(self.tool_choice, Unset):
            tool_choice = UNSET
        elif isinstance(self.tool_choice, UnknownObject):
            tool_choice = self.tool_choice.to_dict()
        else:
            tool_choice = self.tool_choice

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "model": model,
                "messages": messages,
            }
        )
        if max_tokens is not UNSET:
            field_dict["max_tokens"] = max_tokens
        if stop is not UNSET:
            field_dict["stop"] = stop
        if temperature is not UNSET:
            field_dict["temperature"] = temperature
        if top_p is not UNSET:
            field_dict["top_p"] = top_p
        if top_k is not UNSET:
            field_dict["top_k"] = top_k
        if min_p is not UNSET:
            field_dict["min_p"] = min_p
        if repetition_penalty is not UNSET:
            field_dict["repetition_penalty"] = repetition_penalty
        if presence_penalty is not UNSET:
            field_dict["presence_penalty"] = presence_penalty
        if frequency_penalty is not UNSET:
            field_dict["frequency_penalty"] = frequency_penalty
        if n is not UNSET:
            field_dict["n"] = n
        if seed is not UNSET:
            field_dict["seed"] = seed
        if logprobs is not UNSET:
            field_dict["logprobs"] = logprobs
        if echo is not UNSET:
            field_dict["echo"] = echo
        if response_format is not UNSET:
            field_dict["response_format"] = response_format
        if tools is not UNSET:
            field_dict["tools"] = tools
        if tool_choice is not UNSET:
            field_dict["tool_choice"] = tool_choice

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.unknown_object import UnknownObject  # noqa: PLC0415

        d = dict(src_dict)
        model = d.pop("model")

        messages = []
        _messages = d.pop("messages")
        for messages_item_data in _messages:
            try:
                if not isinstance(messages_item_data, dict):
                    raise TypeError()
                messages_item = UnknownObject.from_dict(messages_item_data)

                messages.append(messages_item)
            except (TypeError, ValueError, AttributeError, KeyError):
                messages.append(messages_item_data)
        if messages and not any(hasattr(messages_item, "to_dict") for messages_item in messages):
            raise TypeError()

        max_tokens = d.pop("max_tokens", UNSET)

        stop = cast(list[str], d.pop("stop", UNSET))

        temperature = d.pop("temperature", UNSET)

        top_p = d.pop("top_p", UNSET)

        top_k = d.pop("top_k", UNSET)

        min_p = d.pop("min_p", UNSET)

        repetition_penalty = d.pop("repetition_penalty", UNSET)

        presence_penalty = d.pop("presence_penalty", UNSET)

        frequency_penalty = d.pop("frequency_penalty", UNSET)

        n = d.pop("n", UNSET)

        seed = d.pop("seed", UNSET)

        logprobs = d.pop("logprobs", UNSET)

        echo = d.pop("echo", UNSET)

        _response_format = d.pop("response_format", UNSET)
        response_format: UnknownObject | Unset
        if isinstance(_response_format, Unset):
            response_format = UNSET
        else:
            response_format = UnknownObject.from_dict(_response_format)

        _tools = d.pop("tools", UNSET)
        tools: list[UnknownObject] | Unset = UNSET
        if _tools is not UNSET:
            tools = []
            for tools_item_data in _tools:
                try:
                    if not isinstance(tools_item_data, dict):
                        raise TypeError()
                    tools_item = UnknownObject.from_dict(tools_item_data)

                    tools.append(tools_item)
                except (TypeError, ValueError, AttributeError, KeyError):
                    tools.append(tools_item_data)
            if tools and not any(hasattr(tools_item, "to_dict") for tools_item in tools):
                raise TypeError()

        def _parse_tool_choice(data: object) -> str | UnknownObject | Unset:
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                tool_choice_type_1 = UnknownObject.from_dict(data)

                return tool_choice_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(str | UnknownObject | Unset, data)

        tool_choice = _parse_tool_choice(d.pop("tool_choice", UNSET))

        chat_completion_request = cls(
            model=model,
            messages=messages,
            max_tokens=max_tokens,
            stop=stop,
            temperature=temperature,
            top_p=top_p,
            top_k=top_k,
            min_p=min_p,
            repetition_penalty=repetition_penalty,
            presence_penalty=presence_penalty,
            frequency_penalty=frequency_penalty,
            n=n,
            seed=seed,
            logprobs=logprobs,
            echo=echo,
            response_format=response_format,
            tools=tools,
            tool_choice=tool_choice,
        )

        chat_completion_request.additional_properties = d
        return chat_completion_request

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
