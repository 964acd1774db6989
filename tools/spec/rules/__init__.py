"""The second step: classes of defects that mislead the generator, each mended by one small function.

A rule changes the document in place; its docstring is its reason, `docs/openapi.md` tells what each prevents. They run
in the order of `RULES`. One that is named in `surface.yaml` under `without` does not run.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import TypeAlias

from tools.spec.documents import Node, SpecError
from tools.spec.rules import exchanges, forms, names, responses
from tools.spec.surface import Surface

Rule: TypeAlias = Callable[[Node, Surface], None]

EXCHANGES: tuple[Rule, ...] = (
    exchanges.only_successes,
    exchanges.one_form_of_contents,
    exchanges.bytes_are_bytes,
    exchanges.parameters_are_sent_as_described,
    exchanges.nothing_unused,
    exchanges.security_of_its_own,
)
"""The rules about operations, which come first."""

RULES: tuple[Rule, ...] = (
    *EXCHANGES,
    # One form for one meaning, so that the rules after these need to know one alone.
    forms.no_foreign_words,
    # Before what is closed is put together: of a closed type that is extended, nothing would be left.
    responses.responses_are_open,
    forms.no_intersections,
    forms.no_forbidden_fields,
    exchanges.nothing_unused,
    forms.constants_are_enums,
    forms.discriminators_are_tags,
    forms.arrays_have_items,
    forms.no_siblings_of_unions,
    forms.no_defaults,
    forms.no_bounds,
    forms.no_formats_of_numbers,
    forms.no_order_without_meaning,
    forms.one_form_of_null,
    forms.no_unions_of_one,
    names.types_have_our_names,
    names.no_aliases,
    # Again, since an alias in a union is a union in a union.
    forms.no_unions_of_one,
    # Before and after types on the spot get names: the members of a union may be either.
    responses.tags_are_required,
    names.places_have_types,
    exchanges.nothing_unused,
    # What servers send. Null comes last, as it does in each union.
    responses.tags_are_required,
    responses.constants_are_open,
    responses.little_is_required,
    responses.enums_are_open,
    responses.dates_may_be_odd,
    responses.the_demanding_first,
    responses.unions_have_a_last_resort,
    responses.items_may_be_null,
    responses.anything_may_be_null,
)


def apply(document: Node, surface: Surface, rules: tuple[Rule, ...] = RULES) -> Node:
    """Mend a pruned document.

    Args:
        document: The document.
        surface: It may switch rules off.
        rules: Those to apply, in this order.

    Returns:
        A new document.

    Raises:
        SpecError: `surface.yaml` switches off a rule, or names a type, that does not exist.
    """
    known = {rule.__name__ for rule in RULES}
    if unknown := sorted(surface.without.keys() - known):
        raise SpecError(
            f"tools/spec/surface.yaml switches off rules that do not exist: {', '.join(unknown)}. "
            "Remove them under `without`."
        )
    mended = deepcopy(document)
    for rule in rules:
        if rule.__name__ not in surface.without:
            rule(mended, surface)
    return mended
