"""A new public specification becomes `openapi.yaml` and a regenerated client, or nothing changes and we say why."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tools.check_generated import differences
from tools.generate import ROOT, GenerationError, generate
from tools.spec import overlay, prune, rules, words, write
from tools.spec.compare import Comparison, compare
from tools.spec.documents import Node, SpecError, parse, read_openapi, well_formed
from tools.spec.overlay import Action, read_overlay
from tools.spec.surface import Surface, read_surface
from tools.spec.words import Words, read_words

PACKAGE = "together_generated"


@dataclass(frozen=True)
class Recipe:
    """What we do with a specification: everything that makes `openapi.yaml` of it."""

    surface: Surface
    overlay: list[Action]
    words: Words


@dataclass(frozen=True)
class Outcome:
    """What came of a sync: the changes on our surface, what has no words yet, and whether any byte changed."""

    comparison: Comparison
    undescribed: tuple[str, ...]
    changed: bool


def read_recipe(root: Path) -> Recipe:
    """Read the three files of the recipe, below the repository's root.

    Raises:
        SpecError: One of them is not as it should be.
    """
    folder = root / "tools" / "spec"
    return Recipe(
        read_surface(folder / "surface.yaml"),
        read_overlay(root / "openapi.overlay.yaml"),
        read_words(folder / "words.yaml"),
    )


def made(upstream: Node, recipe: Recipe) -> Node:
    """The first three steps: keep what we use, mend it, and add what only we know.

    Raises:
        SpecError: A step cannot be done; the sentence says what to do.
    """
    with well_formed("The specification"):
        kept = prune.prune(upstream, recipe.surface)
        return overlay.apply(rules.apply(kept, recipe.surface), recipe.overlay)


def text_of(document: Node, recipe: Recipe) -> str:
    """The last step: the text of `openapi.yaml`.

    Raises:
        SpecError: There are words for something that is not there.
    """
    with well_formed("The specification"):
        return write.write(document, recipe.words)


def compared(old: Node, new: Node, recipe: Recipe) -> Comparison:
    """What changed on our surface.

    Raises:
        SpecError: One of the two has another shape than OpenAPI gives it, outside of any operation.
    """
    with well_formed("One of the two specifications"):
        return compare(old, new, recipe.surface)


def sync(upstream: Path, root: Path) -> Outcome:
    """Make `openapi.yaml` and the client anew; all of it, or nothing.

    Args:
        upstream: The public specification.
        root: The repository's root.

    Raises:
        SpecError: A step or a check failed; `openapi.yaml` and `generated/` are as they were.
    """
    recipe = read_recipe(root)
    spec, package = root / "openapi.yaml", root / "generated" / PACKAGE
    document = made(read_openapi(upstream), recipe)
    text = text_of(document, recipe)
    before = read_openapi(spec) if spec.exists() else {"paths": {}}
    comparison = compared(before, parse(text, spec.name), recipe)
    with tempfile.TemporaryDirectory(prefix="sync-spec-") as scratch:
        fresh = Path(scratch) / spec.name
        fresh.write_text(text, encoding="utf-8")
        client = Path(scratch) / PACKAGE
        try:
            generate(client, spec=fresh)
        except GenerationError as error:
            raise SpecError(f"The client cannot be generated: {error}") from error
        check(client, fresh, root)
        changed = not spec.exists() or spec.read_text(encoding="utf-8") != text or any(differences(package, client))
        if changed:
            put(fresh, client, root)
    return Outcome(comparison, tuple(words.undescribed(document, recipe.words)), changed)


def check(client: Path, spec: Path, root: Path) -> None:
    """See that nothing was lost in generation: what `make check-generated` looks at, for a client elsewhere.

    In a process of its own, since it imports the client, and the committed one may be imported here.

    Raises:
        SpecError: Something was lost.
    """
    command = [sys.executable, "-m", "tools.check_generated", "--client", str(client), "--spec", str(spec)]
    done = subprocess.run(  # noqa: S603 -- a fixed command of our own
        [*command, "--root", str(root.resolve())], check=False, capture_output=True, text=True, cwd=ROOT
    )
    if done.returncode != 0:
        raise SpecError(f"The generated client has lost something:\n{done.stderr.strip()}")


def put(spec: Path, client: Path, root: Path) -> None:
    """Put both in the place of the committed ones: they are made ready beside them, so that only names change."""
    target, package = root / "openapi.yaml", root / "generated" / PACKAGE
    new_spec, new, old = target.with_suffix(".new"), package.with_suffix(".new"), package.with_suffix(".old")
    for left in (new, old):
        shutil.rmtree(left, ignore_errors=True)
    shutil.copyfile(spec, new_spec)
    shutil.copytree(client, new, ignore=shutil.ignore_patterns("__pycache__"))
    if package.exists():
        package.rename(old)
    try:
        new.rename(package)
        new_spec.replace(target)
    except OSError:
        shutil.rmtree(package, ignore_errors=True)
        if old.exists():
            old.rename(package)
        new_spec.unlink(missing_ok=True)
        raise
    shutil.rmtree(old, ignore_errors=True)
