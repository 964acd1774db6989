"""The commands behind `make sync-spec` and `make spec-diff`, and each step of the first alone.

Exit codes: 0 if it is done and nothing breaks, 1 if something breaks (`diff` alone), 2 if it cannot be done.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.generate import ROOT
from tools.spec import additions, overlay, prune, report, rules
from tools.spec.documents import Node, SpecError, read_openapi, well_formed
from tools.spec.fragments import is_fragment, only, read_fragments
from tools.spec.sync import Outcome, compared, read_recipe, sync
from tools.spec.write import dump, write

DONE, BREAKS, FAILED = 0, 1, 2
STEPS = {
    "additions": "add what openapi.additions.yaml has and the specification lacks",
    "prune": "keep the operations of surface.yaml and their types, in the output of `additions`",
    "rules": "correct classes of defects, in the output of `prune`",
    "overlay": "apply openapi.overlay.yaml to the output of `rules`",
    "write": "add our words, order and format to the output of `overlay`",
}


def main(arguments: Sequence[str]) -> int:
    """Run a command; an error is a sentence on stderr, and exit code 2."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except SpecError as error:
        print(f"{error}", file=sys.stderr)
        return FAILED
    except OSError as error:
        print(f"{error.filename} cannot be written: {error.strerror}", file=sys.stderr)
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.spec", description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    commands = parser.add_subparsers(required=True)
    for name, about in STEPS.items():
        step = commands.add_parser(name, help=about)
        step.add_argument("file", type=Path, help="the document; YAML goes to stdout")
        step.set_defaults(run=_step, step=name)
    one = commands.add_parser("sync", help="make openapi.yaml and the client from a public specification")
    one.add_argument("upstream", type=Path)
    one.add_argument(
        "--commit", help="commit of the public repository (default: that of the Git repository of the file)"
    )
    one.add_argument(
        "--fragments", type=Path, help="folder of documentation pages or YAML files, over the specification"
    )
    one.set_defaults(run=_sync)
    two = commands.add_parser("diff", help="report what changed from one specification to another")
    two.add_argument("old", type=Path, help="a specification; or fragments, as for NEW")
    two.add_argument(
        "new", type=Path, help="a specification; or a page or folder of fragments, whose operations alone are compared"
    )
    two.add_argument("--json", action="store_true", help="print one JSON document")
    two.set_defaults(run=_diff)
    return parser


def _step(options: argparse.Namespace) -> int:
    recipe, document = read_recipe(options.root), read_openapi(options.file)
    steps = {
        "additions": lambda: dump(additions.merged(document, recipe.additions, recipe.surface)[0]),
        "prune": lambda: dump(prune.prune(document, recipe.surface)),
        "rules": lambda: dump(rules.apply(document, recipe.surface)),
        "overlay": lambda: dump(overlay.apply(document, recipe.overlay)),
        "write": lambda: write(document, recipe.words),
    }
    with well_formed(options.file.name):
        sys.stdout.write(steps[options.step]())
    return DONE


def _sync(options: argparse.Namespace) -> int:
    try:
        outcome = sync(options.upstream, options.root, commit=options.commit, pages=options.fragments)
    except (SpecError, OSError):
        print("openapi.yaml and generated/ are unchanged:", file=sys.stderr)
        raise
    surface = read_recipe(options.root).surface
    looks = report.what_to_look_at(outcome.comparison, options.root / "together_ext", surface)
    sys.stdout.write(report.as_markdown(outcome.comparison, looks, "What changed in openapi.yaml"))
    sys.stdout.write("".join(f"{line}\n" for line in _to_do(outcome)))
    return DONE


def _to_do(outcome: Outcome) -> list[str]:
    lines = ["", "## Next", ""]
    if outcome.undescribed:
        lines.append(f"- Describe in tools/spec/words.yaml: {', '.join(outcome.undescribed)}. Then sync again.")
    lines += [f"- {idle}." for idle in outcome.idle]
    if outcome.changed and not outcome.commit:
        lines.append("- The commit of the public specification is not recorded: sync again with COMMIT=hash.")
    if outcome.changed and not outcome.comparison.changes:
        # As where only the recorded commit, descriptions or the generator's templates are others.
        return [*lines, "- Operations are unchanged, but openapi.yaml or generated/ is not: review `git diff`."]
    if outcome.changed:
        return [*lines, "- openapi.yaml and generated/ have changed: review `git diff`, then run `make check test`."]
    return [*lines, "- Nothing: openapi.yaml and generated/ were up to date."]


def _diff(options: argparse.Namespace) -> int:
    try:
        recipe = read_recipe(options.root)
        comparison = compared(*_both(options.old, options.new, recipe.surface.prefix), recipe)
        looks = report.what_to_look_at(comparison, options.root / "together_ext", recipe.surface)
    except SpecError as error:
        if not options.json:
            raise
        comparison, looks = report.unreadable(str(error)), []
    if options.json:
        print(report.as_json(comparison, looks))
    else:
        sys.stdout.write(report.as_markdown(comparison, looks, f"From {options.old.name} to {options.new.name}"))
    if comparison.problems:
        return FAILED
    return BREAKS if any(change.breaks for change in comparison.changes) else DONE


def _both(old: Path, new: Path, prefix: str) -> tuple[Node, Node]:
    """Two documents to compare: where one is made of fragments, only on the operations that it has."""
    documents = [
        read_fragments(path, prefix).document if is_fragment(path) else read_openapi(path) for path in (old, new)
    ]
    for fragments, at in ((new, 0), (old, 1)):
        if is_fragment(fragments):
            with well_formed(fragments.name):
                documents[at] = only(documents[at], documents[1 - at], prefix)
    return documents[0], documents[1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
