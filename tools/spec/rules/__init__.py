"""The second step: classes of defects that mislead the generator, each mended by one small function.

A rule changes the document in place; its docstring is its reason, `docs/openapi.md` tells what each prevents. They run
in the order of `RULES`. One that is named in `surface.yaml` under `without` does not run.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import TypeAlias

from tools.spec.documents import Node, SpecError
from tools.spec.rules import answers, exchanges, forms, names
from tools.spec.surface import Surface

Rule: TypeAlias = Callable[[Node, Surface], None]

RULES: tuple[Rule, ...] = (
    exchanges.only_successes,
    exchanges.json_before_streams,
    exchanges.nothing_unused,
    exchanges.security_of_its_own,
    # One form for one meaning, so that the rules after these need to know one alone.
    forms.no_foreign_words,
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
    names.places_have_types,
    exchanges.nothing_unused,
    # What servers send. Null comes last, as it does in each union.
    answers.constants_are_open,
    answers.little_is_required,
    answers.enums_are_open,
    answers.dates_may_be_odd,
    answers.the_demanding_first,
    answers.unions_have_a_last_resort,
    answers.anything_may_be_null,
)


def apply(document: Node, surface: Surface) -> Node:
    """Mend a pruned document.

    Returns:
        A new document.

    Raises:
        SpecError: `surface.yaml` switches off a rule, or names a type, that does not exist.
    """
    known = {rule.__name__ for rule in RULES}
    if unknown := sorted(surface.without.keys() - known):
        raise SpecError(f"surface.yaml switches off rules that do not exist: {', '.join(unknown)}")
    mended = deepcopy(document)
    for rule in RULES:
        if rule.__name__ not in surface.without:
            rule(mended, surface)
    return mended
