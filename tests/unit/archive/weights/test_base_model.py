"""Private aliases of base models, and the text of a configuration with another one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_ext.archive.weights.base_model import (
    KEY,
    BaseChoice,
    is_loadable,
    is_private,
    named_in,
    public_name,
    renamed,
)
from together_ext.errors import RuleError

LLAMA = "meta-llama/Llama-3.1-8B-Instruct"


@pytest.mark.parametrize(
    ("alias", "public"),
    [
        # Seen in adapters and logs of the service.
        ("togethercomputer/Meta-Llama-3.1-8B-Instruct-Reference__TOG__FT", LLAMA),
        ("togethercomputer/Meta-Llama-3.2-3B-Instruct-Reference__TOG__FT", "meta-llama/Llama-3.2-3B-Instruct"),
        ("meta-llama/Llama-3.2-3B-Instruct-reference__tog__ft", "meta-llama/Llama-3.2-3B-Instruct"),
        # Their relatives.
        ("togethercomputer/Meta-Llama-3.1-70B-Instruct-Reference__TOG__FT", "meta-llama/Llama-3.1-70B-Instruct"),
        ("togethercomputer/Meta-Llama-3.1-8B-Reference__TOG__FT", "meta-llama/Llama-3.1-8B"),
        ("togethercomputer/Meta-Llama-3.1-8B-Instruct-Reference__TOG__FT__PH_1", LLAMA),
        ("togethercomputer/Meta-Llama-3-8B-Instruct-Reference__TOG__FT", "meta-llama/Meta-Llama-3-8B-Instruct"),
        ("togethercomputer/Llama-3.3-70B-Instruct-Reference__TOG__FT", "meta-llama/Llama-3.3-70B-Instruct"),
        ("togethercomputer/Qwen2.5-7B-Instruct__TOG__FT", "Qwen/Qwen2.5-7B-Instruct"),
        ("togethercomputer/Mixtral-8x7B-Instruct-v0.1__TOG__FT", "mistralai/Mixtral-8x7B-Instruct-v0.1"),
        ("togethercomputer/gemma-2-9b-it__TOG__FT", "google/gemma-2-9b-it"),
        # What the API calls them.
        ("meta-llama/Meta-Llama-3.1-8B-Instruct-Reference", LLAMA),
        ("meta-llama/Llama-3.3-70B-Instruct-Reference", "meta-llama/Llama-3.3-70B-Instruct"),
    ],
)
def test_an_alias_of_a_known_model_has_a_public_name(alias: str, public: str) -> None:
    assert public_name(alias) == public
    assert is_private(alias)
    assert not is_loadable(alias)
    assert is_loadable(public)
    assert not is_private(public)


@pytest.mark.parametrize(
    "name",
    [
        "togethercomputer/Llama-4-Scout-17B-16E-Instruct_bnb_4bit__TOG__FT",
        "togethercomputer/Something-New-9B-Reference__TOG__FT",
        "somebody/Meta-Llama-3.1-8B-Instruct-Reference__TOG__FT",
        "google/Meta-Llama-3.1-8B-Instruct-Reference__TOG__FT",
        "Meta-Llama-3.1-8B-Instruct-Reference__TOG__FT",
        "togethercomputer/Meta-Llama-3.1-8B-Instruct-Reference__TOG__FT\n",
        "togethercomputer/" + "a" * 1000 + "__TOG__FT",
    ],
)
def test_nothing_is_guessed_of_another_alias(name: str) -> None:
    assert public_name(name) is None
    assert is_private(name)
    assert BaseChoice().of(name) == name


@pytest.mark.parametrize(
    "name",
    [
        LLAMA,
        "meta-llama/Meta-Llama-3.1-8B-Instruct",
        "togethercomputer/RedPajama-INCITE-7B-Base",
        "somebody/My-Own-Reference",
        "./here",
    ],
)
def test_a_name_without_a_mark_is_no_alias(name: str) -> None:
    assert not is_private(name)
    assert is_loadable(name)
    assert BaseChoice().of(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "name",
        "a/b/c",
        "~/model",
        "-o/name",
        "org/-name",
        "org/na me",
        "org/name\n",
        "/folder/\x1b[31m",
        "org/" + "n" * 500,
        "https://huggingface.co/org/name",
        "togethercomputer/X__TOG__FT",
    ],
)
def test_a_base_model_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(RuleError, match="invalid base model"):
        BaseChoice(name=name)


@pytest.mark.parametrize("name", ["org/name", "/models/llama", "./llama", "../my models/llama"])
def test_a_given_base_model_is_taken_whatever_the_adapter_says(name: str) -> None:
    assert BaseChoice(name=name).of(None) == BaseChoice(name=name).of("togethercomputer/X__TOG__FT") == name


def test_a_given_base_model_contradicts_leaving_it_as_it_is() -> None:
    with pytest.raises(RuleError, match="exclude each other"):
        BaseChoice(fix=False, name="org/name")
    alias = "togethercomputer/Meta-Llama-3.1-8B-Instruct-Reference__TOG__FT"
    assert BaseChoice(fix=False).of(alias) == alias


@pytest.mark.parametrize("settings", [None, [], {}, {KEY: None}, {KEY: 3}, {KEY: ""}, {KEY: "x" * 501}])
def test_a_configuration_may_name_none(settings: object) -> None:
    assert named_in(settings) is None


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(
    before=st.dictionaries(st.text(), values),
    after=st.dictionaries(st.text(), values),
    old=values,
    indent=st.none() | st.integers(0, 4),
    plain=st.booleans(),
)
def test_another_base_model_changes_nothing_else(
    before: dict[str, Any],
    after: dict[str, Any],
    old: object,
    indent: int | None,
    plain: bool,  # noqa: FBT001
) -> None:
    settings = {**before, KEY: old, **after}
    text = json.dumps(settings, indent=indent, ensure_ascii=plain)

    found = json.loads(renamed(text, LLAMA))

    assert list(found.items()) == list({**settings, KEY: LLAMA}.items())


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (' {"a":1 ,\n"%s" :  "old"  , "b": "%s"}\n', ' {"a":1 ,\n"%s" :  "new"  , "b": "%s"}\n'),
        ('{"a": {"%s": "inner"}, "%s": null}', '{"a": {"%s": "inner"}, "%s": "new"}'),
        ('{"%s": 1, "%s": 2}', '{"%s": "new", "%s": "new"}'),
    ],
)
def test_the_text_around_it_stays(text: str, wanted: str) -> None:
    assert renamed(text % (KEY, KEY), "new") == wanted % (KEY, KEY)


@pytest.mark.parametrize(
    ("text", "wanted"), [("{}", f'{{"{KEY}": "new"}}'), ('{"r": 8}', f'{{"{KEY}": "new", "r": 8}}')]
)
def test_a_configuration_that_names_none_gets_it_in_front(text: str, wanted: str) -> None:
    assert renamed(text, "new") == wanted
