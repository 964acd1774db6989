"""The names of an adapter's base model: private aliases and their public repositories. No I/O.

The service trains on copies that only the service can load, and adapters name the copy, not the model. The rule: a name
is a private alias if it contains `__TOG__`, such as `togethercomputer/Meta-Llama-3.1-8B-Instruct-Reference__TOG__FT`,
or if it is a model of the table below followed by `-Reference`. The public name is looked up by what precedes these, in
any letter case, with or without the prefix `Meta-`. It is known only if the table has it and the organization is the
service's or the model's own: nothing is guessed.

Seen in adapters and in the service's logs: `togethercomputer/Meta-Llama-3.1-8B-Instruct-Reference__TOG__FT`,
`togethercomputer/Meta-Llama-3.2-3B-Instruct-Reference__TOG__FT`, `meta-llama/Llama-3.2-3B-Instruct-reference__tog__ft`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from together_ext.errors import RuleError
from together_ext.text import printable

KEY: Final = "base_model_name_or_path"
"""The key of an `adapter_config.json` that names the base model."""

LONGEST: Final = 500
"""Maximum length of a name, in characters; a longer one is ignored."""

_SERVICE: Final = "togethercomputer"
_MARK: Final = "__tog__"
_ALIAS: Final = re.compile(
    r"([\w.-]+)/([\w.-]+?)(?:-reference|(?:-reference)?__tog__[\w.-]*)", re.ASCII | re.IGNORECASE
)
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)

# The models that the service trains or has trained whose public repository is certain.
_MODELS: Final = {
    "meta-llama": """
        Meta-Llama-3-8B Meta-Llama-3-8B-Instruct Meta-Llama-3-70B Meta-Llama-3-70B-Instruct
        Llama-3.1-8B Llama-3.1-8B-Instruct Llama-3.1-70B Llama-3.1-70B-Instruct Llama-3.1-405B Llama-3.1-405B-Instruct
        Llama-3.2-1B Llama-3.2-1B-Instruct Llama-3.2-3B Llama-3.2-3B-Instruct
        Llama-3.2-11B-Vision Llama-3.2-11B-Vision-Instruct Llama-3.2-90B-Vision Llama-3.2-90B-Vision-Instruct
        Llama-3.3-70B-Instruct
        Llama-4-Scout-17B-16E Llama-4-Scout-17B-16E-Instruct
        Llama-4-Maverick-17B-128E Llama-4-Maverick-17B-128E-Instruct
    """,
    "Qwen": """
        Qwen2-1.5B Qwen2-1.5B-Instruct Qwen2-7B Qwen2-7B-Instruct Qwen2-72B Qwen2-72B-Instruct
        Qwen2.5-1.5B Qwen2.5-1.5B-Instruct Qwen2.5-3B Qwen2.5-3B-Instruct Qwen2.5-7B Qwen2.5-7B-Instruct
        Qwen2.5-14B Qwen2.5-14B-Instruct Qwen2.5-32B Qwen2.5-32B-Instruct Qwen2.5-72B Qwen2.5-72B-Instruct
        Qwen3-0.6B Qwen3-0.6B-Base Qwen3-1.7B Qwen3-1.7B-Base Qwen3-4B Qwen3-4B-Base Qwen3-8B Qwen3-8B-Base
        Qwen3-14B Qwen3-14B-Base Qwen3-32B Qwen3-30B-A3B Qwen3-30B-A3B-Base Qwen3-235B-A22B
    """,
    "mistralai": """
        Mistral-7B-v0.1 Mistral-7B-Instruct-v0.1 Mistral-7B-Instruct-v0.2 Mistral-7B-v0.3 Mistral-7B-Instruct-v0.3
        Mixtral-8x7B-v0.1 Mixtral-8x7B-Instruct-v0.1
    """,
    "google": """
        gemma-2-2b gemma-2-2b-it gemma-2-9b gemma-2-9b-it gemma-2-27b gemma-2-27b-it
        gemma-3-1b-pt gemma-3-1b-it gemma-3-4b-pt gemma-3-4b-it gemma-3-12b-pt gemma-3-12b-it
        gemma-3-27b-pt gemma-3-27b-it
    """,
    "deepseek-ai": """
        DeepSeek-R1-Distill-Llama-8B DeepSeek-R1-Distill-Llama-70B DeepSeek-R1-Distill-Qwen-1.5B
        DeepSeek-R1-Distill-Qwen-7B DeepSeek-R1-Distill-Qwen-14B DeepSeek-R1-Distill-Qwen-32B
    """,
}


def _key(model: str) -> str:
    return model.casefold().removeprefix("meta-")


_PUBLIC: Final = {_key(model): (owner, model) for owner, models in _MODELS.items() for model in models.split()}


def public_name(name: str) -> str | None:
    """The public repository of a private alias.

    Args:
        name: The name of a model in an adapter or from the service.

    Returns:
        The repository, such as `meta-llama/Llama-3.1-8B-Instruct`; None if the name is not an alias, or its model is
        not certain.
    """
    match = _ALIAS.fullmatch(name) if len(name) <= LONGEST else None
    owner, model = _PUBLIC.get(_key(match[2]), ("", "")) if match else ("", "")
    if match and owner and match[1].casefold() in {_SERVICE, owner.casefold()}:
        return f"{owner}/{model}"
    return None


def is_private(name: str) -> bool:
    """Whether only the service can load a model by this name."""
    return _MARK in name.casefold() or public_name(name) is not None


def is_loadable(name: str) -> bool:
    """Whether a name has the form of one that can be loaded: a repository `org/name`, or a path (see `is_path`)."""
    if len(name) > LONGEST or not name.isprintable() or is_private(name):
        return False
    return is_path(name) or bool(_REPOSITORY.fullmatch(name))


def is_path(name: str) -> bool:
    """Whether a name is the path of a local folder: `/...`, `./...` or `../...`."""
    return name.startswith(("/", "./", "../"))


@dataclass(frozen=True)
class BaseChoice:
    """The caller's choice of an adapter's base model.

    Attributes:
        fix: Whether a private alias is replaced by the public name, if that is known.
        name: The name to use in place of the adapter's (default: None).

    Raises:
        RuleError: The name is invalid, or was given although `fix` is False.
    """

    fix: bool = True
    name: str | None = None

    def __post_init__(self) -> None:
        if self.name is None:
            return
        if not self.fix:
            raise RuleError(
                "base_model (--base-model) and fix_base=False (--no-fix-base) exclude each other: omit one of them"
            )
        if not is_loadable(self.name):
            raise RuleError(
                f"invalid base model {printable(self.name, 100)!r}: name a repository (org/name) or a folder "
                "(/..., ./... or ../...)"
            )

    def of(self, named: str | None) -> str | None:
        """The base model of an adapter from now on; `named` is the one that it names, or None."""
        if self.name is not None:
            return self.name
        return (public_name(named) or named) if self.fix and named is not None else named


# adapter_config.json --------------------------------------------------------------------------------------------------


def named_in(settings: object) -> str | None:
    """The base model in a parsed `adapter_config.json`; None if it names none."""
    found = settings.get(KEY) if isinstance(settings, dict) else None
    return found if isinstance(found, str) and 0 < len(found) <= LONGEST else None


def renamed(text: str, name: str) -> str:
    """Replace the base model in the text of an `adapter_config.json`; every other character stays unchanged.

    Args:
        text: A JSON object.
        name: The base model's name.
    """
    value = json.dumps(name)
    spans = list(_values(text, KEY))
    if not spans:
        brace = text.index("{") + 1
        rest = text[brace:]
        return f'{text[:brace]}"{KEY}": {value}{"" if rest.lstrip().startswith("}") else ", "}{rest}'
    # From the end, so that the positions before stay valid. Of a duplicate key the last value counts.
    for start, stop in reversed(spans):
        text = text[:start] + value + text[stop:]
    return text


def _values(text: str, key: str) -> Iterator[tuple[int, int]]:
    """The positions of the values of a key of the outermost object, in a text that is valid JSON."""
    decoder = json.JSONDecoder()
    at = _token(text, text.index("{") + 1)
    while text[at] != "}":
        name: Any
        name, at = decoder.raw_decode(text, at)
        start = _token(text, _token(text, at) + 1)
        _, stop = decoder.raw_decode(text, start)
        if name == key:
            yield start, stop
        at = _token(text, stop)
        if text[at] == ",":
            at = _token(text, at + 1)


def _token(text: str, at: int) -> int:
    """The position of the next character that is not white space."""
    while text[at] in " \t\r\n":
        at += 1
    return at
