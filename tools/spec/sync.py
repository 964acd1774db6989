"""A new public specification becomes `openapi.yaml` and a regenerated client, or nothing changes and we say why."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tools.check_generated import differences
from tools.generate import ROOT, Generate, GenerationError, generate
from tools.spec import additions, overlay, prune, rules, source, words, write
from tools.spec.additions import Idle, read_additions
from tools.spec.addresses import host_of, server_of, with_host
from tools.spec.compare import Comparison, compare
from tools.spec.documents import FaultError, Node, SpecError, parse, read_openapi, well_formed
from tools.spec.fragments import over, read_fragments
from tools.spec.overlay import Action, read_overlay
from tools.spec.renamed import check_names
from tools.spec.surface import Surface, is_versioned, read_surface
from tools.spec.words import Words, read_words

PACKAGE = "together_generated"
T = TypeVar("T")


@dataclass(frozen=True)
class Recipe:
    """What we do with a specification: everything that makes `openapi.yaml` of it."""

    surface: Surface
    additions: Node
    overlay: list[Action]
    words: Words


@dataclass(frozen=True)
class Outcome:
    """The result of a sync.

    Attributes:
        comparison: The changes on our surface.
        undescribed: What has no words yet.
        changed: Whether any byte changed.
        commit: The commit of the public specification, None if it is not known.
        idle: The additions that are no longer needed.
    """

    comparison: Comparison
    undescribed: tuple[str, ...]
    changed: bool
    commit: str | None
    idle: tuple[Idle, ...] = ()


def read_recipe(root: Path) -> Recipe:
    """Read the files of the recipe, below the repository's root.

    Raises:
        SpecError: One of them is not as it should be.
    """
    folder = root / "tools" / "spec"
    return Recipe(
        _read(read_surface, folder / "surface.yaml"),
        _read(read_additions, root / "openapi.additions.yaml"),
        _read(read_overlay, root / "openapi.overlay.yaml"),
        _read(read_words, folder / "words.yaml"),
    )


def _read(how: Callable[[Path], T], path: Path) -> T:
    try:
        return how(path)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise SpecError(
            f"{path.name} does not have the structure that docs/regenerate.md describes ({reason})"
        ) from error


def made(upstream: Node, recipe: Recipe, known: Node | None = None) -> Node:
    """All steps but the last: add what it lacks, keep what we use, mend it, and correct it.

    Args:
        upstream: The public specification.
        recipe: What to make of it.
        known: The `openapi.yaml` of before, to recognize what has another name or address now.

    Raises:
        SpecError: A step cannot be done; the sentence says what to do.
    """
    try:
        with well_formed("The specification"):
            upstream = with_host(upstream, known, recipe.surface.prefix) if known else upstream
            whole, _ = additions.merged(upstream, recipe.additions, recipe.surface)
            kept = prune.prune(whole, recipe.surface, known)
            if known:
                exchanged = rules.apply(kept, recipe.surface, rules.EXCHANGES)
                check_names(exchanged, recipe.surface, recipe.words, known)
            document = overlay.apply(rules.apply(kept, recipe.surface), recipe.overlay)
    except FaultError as error:
        # A comparison with itself finds the operations, and all faults; unless there is one outside of any operation.
        problems: tuple[str, ...] = ()
        with suppress(SpecError), well_formed("The specification"):
            problems = compare(upstream, upstream, recipe.surface).problems
        raise SpecError("\n".join(problems) or str(error)) from error
    check_servers(document)
    return document


def check_servers(document: Node) -> None:
    """See that no operation has a server of its own: the generated client sends all requests to one.

    An address with a version of its own begins at the root of that server.

    Raises:
        SpecError: One has.
    """
    for path, item in document["paths"].items():
        for method, operation in item.items():
            url = server_of(operation)
            if url and not (is_versioned(path) and url == host_of(server_of(document))):
                raise SpecError(
                    f"{method.upper()} {path} has a separate server, {url}, but the client has one base URL: "
                    "if the server of the other operations also has it, add an action with `remove: true` for "
                    f"$.paths['{path}'].{method}.servers to openapi.overlay.yaml; else remove "
                    f"{operation['operationId']} from tools/spec/surface.yaml"
                )


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
        found = compare(old, new, recipe.surface)
    if any(change.found.kind == "class-renamed" for change in found.changes) and _have_our_names(old, new, recipe):
        return found.with_our_names()
    return found


def _have_our_names(old: Node, new: Node, recipe: Recipe) -> bool:
    """Whether the same classes are generated for two specifications, whatever these call them.

    As far as the recipe can be applied to both: its overlay may be about one of them alone.
    """

    def ruled(document: Node) -> Node:
        whole, _ = additions.merged(document, recipe.additions, recipe.surface)
        return rules.apply(prune.prune(whole, recipe.surface), recipe.surface)

    for step in (lambda document: made(document, recipe), ruled):
        try:
            with well_formed("The specification"):
                changes = compare(step(old), step(new), recipe.surface).changes
        except SpecError:
            continue
        return not any(change.found.kind == "class-renamed" for change in changes)
    return False


def sync(
    upstream: Path,
    root: Path,
    generate: Generate = generate,
    commit: str | None = None,
    pages: Path | None = None,
) -> Outcome:
    """Make `openapi.yaml` and the client again: both, or neither.

    Args:
        upstream: The public specification.
        root: The repository's root.
        generate: Writes the client.
        commit: The commit of the public repository that it is from (default: that of the Git repository it is in).
        pages: A folder of fragments, such as pages of the documentation, which are newer than the specification.

    Raises:
        SpecError: A step or a check failed; `openapi.yaml` and `generated/` are unchanged.
    """
    recipe = read_recipe(root)
    spec, package = root / "openapi.yaml", root / "generated" / PACKAGE
    known = read_openapi(spec) if spec.exists() else None
    given = read_openapi(upstream)
    if pages is not None:
        with well_formed("The specification"):
            given = over(given, read_fragments(pages, recipe.surface.prefix).document, recipe.surface.prefix)
    document = made(given, recipe, known)
    _, idle = additions.merged(given, recipe.additions, recipe.surface)
    text = with_source(document, recipe, known, commit or source.commit_of(upstream))
    comparison = compared(known or {"paths": {}}, parse(text, spec.name), recipe)
    with tempfile.TemporaryDirectory(prefix="sync-spec-") as scratch:
        fresh = Path(scratch) / spec.name
        fresh.write_text(text, encoding="utf-8")
        client = Path(scratch) / PACKAGE
        try:
            generate(client, fresh)
        except GenerationError as error:
            raise SpecError(
                f"the client cannot be generated: {error}\n"
                "Describe it in openapi.overlay.yaml as servers send it, or remove it there."
            ) from error
        check(client, fresh, root)
        changed = not spec.exists() or spec.read_text(encoding="utf-8") != text or any(differences(package, client))
        if changed:
            put(fresh, client, root)
    made_from = source.recorded(parse(text, spec.name))
    return Outcome(comparison, tuple(words.undescribed(document, recipe.words)), changed, made_from, tuple(idle))


def with_source(document: Node, recipe: Recipe, known: Node | None, commit: str | None) -> str:
    """The text of `openapi.yaml` with the commit that it is made from.

    If none is known, the recorded one stays as long as nothing else changes.

    Raises:
        SpecError: There are words for something that is not there.
    """
    recorded = source.recorded(known or {})
    if commit is None and known and recorded:
        text = text_of(source.marked(document, recorded), recipe)
        if parse(text, "openapi.yaml") == known:
            return text
    return text_of(source.marked(document, commit), recipe)


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
        raise SpecError(f"the generated client does not have all that is needed:\n{done.stderr.strip()}")


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
