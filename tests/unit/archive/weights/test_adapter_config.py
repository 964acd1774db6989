"""Which base model an extracted adapter names, decided without a file."""

from __future__ import annotations

import json

import pytest

from together_ext.archive.weights.adapter_config import decide
from together_ext.archive.weights.base_model import KEY, BaseChoice
from together_ext.archive.weights.layout import Layout
from together_ext.errors import ArchiveError, RuleError

ALIAS = "togethercomputer/Meta-Llama-3.1-8B-Instruct-Reference__TOG__FT"
PUBLIC = "meta-llama/Llama-3.1-8B-Instruct"
FIX, KEEP, CHOSEN = BaseChoice(), BaseChoice(fix=False), BaseChoice(name="org/name")


def config(name: str | None) -> str:
    """An `adapter_config.json` that names this base model, or none."""
    return json.dumps({"r": 8} if name is None else {"r": 8, KEY: name})


@pytest.mark.parametrize(
    ("named", "known", "choice", "written", "record"),
    [
        # A private alias becomes the public name, unless the caller keeps it.
        (ALIAS, None, FIX, PUBLIC, {"base_model": PUBLIC, "base_model_alias": ALIAS}),
        (ALIAS, None, KEEP, None, {"base_model": ALIAS}),
        (PUBLIC, None, FIX, None, {"base_model": PUBLIC}),
        # The caller's choice replaces any name, and is added where there is none.
        (ALIAS, None, CHOSEN, "org/name", {"base_model": "org/name", "base_model_alias": ALIAS}),
        (None, None, CHOSEN, "org/name", {"base_model": "org/name"}),
        ("org/name", None, CHOSEN, None, {"base_model": "org/name"}),
        # What only the service names is recorded, and not added to the file.
        (None, ALIAS, FIX, None, {"base_model": PUBLIC, "base_model_alias": ALIAS}),
        (None, 5, FIX, None, {}),
    ],
)
def test_the_file_and_the_receipt_have_the_decided_name(
    named: str | None, known: object, choice: BaseChoice, written: str | None, record: dict[str, str]
) -> None:
    decision = decide(config(named), Layout.ADAPTER, choice, known)

    assert (decision.text and json.loads(decision.text)[KEY]) == written
    assert decision.record == record


def test_without_a_configuration_the_service_decides_what_is_recorded() -> None:
    decision = decide(None, Layout.ADAPTER, FIX, ALIAS)

    assert (decision.text, decision.record) == (None, {"base_model": PUBLIC, "base_model_alias": ALIAS})


@pytest.mark.parametrize("layout", [Layout.MODEL, Layout.UNKNOWN])
def test_a_choice_is_refused_for_what_is_not_an_adapter(layout: Layout) -> None:
    with pytest.raises(RuleError, match=f"the layout of these weights is {layout}: omit it"):
        decide(config(None), layout, CHOSEN, None)


def test_a_choice_needs_a_configuration() -> None:
    with pytest.raises(ArchiveError, match="is missing or cannot be read"):
        decide(None, Layout.ADAPTER, CHOSEN, None)
