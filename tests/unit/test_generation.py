"""Generating the client, and noticing when the committed one is not what the specification asks for."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml

from tools import check_generated
from tools import generate as generation
from tools.annotations import fits
from tools.check_generated import (
    closed_responses,
    dangling_imports,
    differences,
    empty_operations,
    losses,
    lost_keywords,
    lost_names,
    missing_operations,
    operations,
    unread_payloads,
    unwanted_operations,
)
from tools.generate import CONFIG, CORRECTIONS, PACKAGE, ROOT, SPEC, Correction, GenerationError, complaints, generate
from tools.json_responses import lost_documents
from tools.spec.documents import read_openapi
from tools.uses import attributes, keywords, uses

# A fresh package against the committed one ----------------------------------------------------------------------


@pytest.fixture
def twins(tmp_path: Path) -> tuple[Path, Path]:
    """A committed package and a fresh one, equal to the byte."""
    committed, fresh = tmp_path / "committed", tmp_path / "fresh"
    (committed / "models").mkdir(parents=True)
    (committed / "models" / "job.py").write_bytes(b"class Job: ...\n")
    (committed / "py.typed").touch()
    shutil.copytree(committed, fresh)
    return committed, fresh


def test_equal_packages_have_no_difference(twins: tuple[Path, Path]) -> None:
    assert list(differences(*twins)) == []


def test_one_changed_byte_is_found(twins: tuple[Path, Path]) -> None:
    committed, fresh = twins
    (committed / "models" / "job.py").write_bytes(b"class Job: ...\r\n")
    assert list(differences(committed, fresh)) == ["models/job.py: differs"]


def test_a_stray_file_is_found(twins: tuple[Path, Path]) -> None:
    committed, fresh = twins
    (committed / "models" / "old.py").touch()
    assert list(differences(committed, fresh)) == ["models/old.py: is not generated (a stray file?)"]


def test_a_missing_file_is_found_even_if_it_is_empty(twins: tuple[Path, Path]) -> None:
    committed, fresh = twins
    (committed / "py.typed").unlink()
    assert list(differences(committed, fresh)) == ["py.typed: is missing"]


def test_a_missing_package_lacks_every_file(twins: tuple[Path, Path]) -> None:
    committed, fresh = twins
    shutil.rmtree(committed)
    assert list(differences(committed, fresh)) == ["models/job.py: is missing", "py.typed: is missing"]


def test_compiled_python_files_are_ignored(twins: tuple[Path, Path]) -> None:
    committed, fresh = twins
    (committed / "models" / "__pycache__").mkdir()
    (committed / "models" / "__pycache__" / "job.cpython-311.pyc").write_bytes(b"\x00")
    assert list(differences(committed, fresh)) == []


# Operations -----------------------------------------------------------------------------------------------------

ENTRY_POINTS = (
    "def sync(): ...\ndef sync_detailed(): ...\nasync def asyncio(): ...\nasync def asyncio_detailed(): ...\n"
)


def write(folder: Path, modules: dict[str, str]) -> Path:
    """Write `modules`, source by relative path, below `folder`."""
    for name, source in modules.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return folder


def test_the_operations_of_a_document_are_found_by_id_or_else_by_address() -> None:
    document = {
        "paths": {
            "/jobs": {"get": {"operationId": "list_jobs"}, "post": {"summary": "Create a job"}},
            "/jobs/{id}": {"parameters": [], "summary": "One job", "delete": {"operationId": "delete_job"}},
        }
    }
    assert list(operations(document)) == ["list_jobs", "POST /jobs", "delete_job"]  # type: ignore[arg-type]  # as YAML has it


def test_an_operation_with_all_its_functions_is_not_missing(tmp_path: Path) -> None:
    write(tmp_path, {"api/jobs/list_jobs.py": ENTRY_POINTS})
    assert list(missing_operations(iter(["list_jobs"]), tmp_path)) == []


def test_an_operation_without_a_function_is_found(tmp_path: Path) -> None:
    write(tmp_path, {"api/jobs/list_jobs.py": ENTRY_POINTS})
    problems = list(missing_operations(iter(["list_jobs", "create_job", "POST /jobs"]), tmp_path))
    assert problems == ["operation create_job: has no function", "operation POST /jobs: has no function"]


def test_an_operation_that_lacks_an_entry_point_is_found(tmp_path: Path) -> None:
    source = ENTRY_POINTS.replace("async def asyncio_detailed(): ...\n", "").replace(
        "def sync():", "def synchronous():"
    )
    write(tmp_path, {"api/jobs/list_jobs.py": source})
    problems = list(missing_operations(iter(["list_jobs"]), tmp_path))
    assert problems == ["operation list_jobs: lacks sync, asyncio_detailed"]


def test_an_operation_with_an_invalid_module_is_found(tmp_path: Path) -> None:
    write(tmp_path, {"api/jobs/list_jobs.py": "<<<<<<< HEAD\n"})
    (problem,) = missing_operations(iter(["list_jobs"]), tmp_path)
    assert problem == "operation list_jobs: its module is not Python"


def test_the_committed_client_has_every_operation() -> None:
    document = read_openapi(SPEC)
    wanted = list(operations(document))
    assert len(wanted) >= 24
    assert list(missing_operations(iter(wanted), PACKAGE, empty_operations(document))) == []


def test_an_operation_without_a_response_needs_no_reading_function(tmp_path: Path) -> None:
    document = {"paths": {"/jobs/{id}": {"delete": {"operationId": "delete_job", "responses": {"204": {}}}}}}
    assert empty_operations(document) == {"delete_job"}
    write(tmp_path, {"api/jobs/delete_job.py": "def sync_detailed(): ...\nasync def asyncio_detailed(): ...\n"})
    assert list(missing_operations(iter(["delete_job"]), tmp_path, {"delete_job"})) == []
    (problem,) = missing_operations(iter(["delete_job"]), tmp_path)
    assert problem == "operation delete_job: lacks sync, asyncio"


def test_no_upload_has_a_boundary_that_can_be_guessed() -> None:
    """A file that holds it would be cut in two."""
    assert not [path for path in PACKAGE.rglob("*.py") if "boundary=" in path.read_text()]


@pytest.mark.parametrize("correction", CORRECTIONS, ids=lambda correction: correction.template)
def test_a_template_that_has_changed_is_not_corrected_silently(correction: Correction) -> None:
    with pytest.raises(GenerationError, match=f"{correction.template} has changed"):
        correction.apply(correction.apply(correction.old).replace(correction.old, ""))


# Imports --------------------------------------------------------------------------------------------------------

Dangling = Callable[[str], list[str]]


@pytest.fixture
def dangling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dangling]:
    """Find the dangling imports of a package whose module `models/job.py` has the given source."""
    package = write(
        tmp_path / "a_fake_package",
        {
            "__init__.py": "",
            "types.py": "UNSET = object()\n",
            "models/__init__.py": "from .event import Event\n__all__ = ['Event']\n",
            "models/event.py": "class Event: ...\n",
        },
    )
    monkeypatch.syspath_prepend(str(tmp_path))

    def dangling(source: str) -> list[str]:
        write(package, {"models/job.py": source})
        return list(dangling_imports(package))

    yield dangling
    for name in [name for name in sys.modules if name.split(".")[0] == package.name]:
        del sys.modules[name]


@pytest.mark.parametrize(
    "source",
    [
        "from ..types import UNSET",
        "from ..models.event import Event",
        "from . import Event, event",
        "from .. import types",
        "import a_fake_package.models.event, json",
        "from collections.abc import Mapping as M",
        "def f():\n    from ..models.event import Event",
    ],
)
def test_a_resolvable_import_is_accepted(dangling: Dangling, source: str) -> None:
    assert dangling(source) == []


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("from ..models.gone import Gone", "1: cannot import Gone of a_fake_package.models.gone"),
        ("from ..models.event import Gone", "1: cannot import Gone of a_fake_package.models.event"),
        ("from .. import gone", "1: cannot import gone of a_fake_package"),
        ("from . import Event, Gone", "1: cannot import Gone of a_fake_package.models"),
        ("import no_such_package_at_all", "1: cannot import no_such_package_at_all of no_such_package_at_all"),
        ("import json.gone", "1: cannot import json.gone of json.gone"),
        # The generator's favourite: all is well until somebody parses a job.
        (
            "class Job:\n    def from_dict(cls):\n        from ..models.gone import Gone",
            "3: cannot import Gone of a_fake_package.models.gone",
        ),
        ("async def f():\n    import no_such_one", "2: cannot import no_such_one of no_such_one"),
        (
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..models.event import Gone",
            "3: cannot import Gone of a_fake_package.models.event",
        ),
        ("try:\n    import gone_for_good\nexcept ImportError: ...", "2: cannot import gone_for_good of gone_for_good"),
        ("from ....types import UNSET", "1: cannot import UNSET of ....types"),
    ],
)
def test_a_dangling_import_is_found_at_any_level(dangling: Dangling, source: str, problem: str) -> None:
    assert dangling(source) == [f"models/job.py:{problem}"]


def test_an_import_of_a_module_that_cannot_be_run_is_found(dangling: Dangling, tmp_path: Path) -> None:
    """Not only an ImportError stops an import."""
    write(tmp_path / "a_fake_package", {"models/event2.py": "Event = 1 | 'Event'\n"})
    assert dangling("from .event2 import Event\nfrom . import event2") == [
        "models/job.py:1: cannot import Event of a_fake_package.models.event2",
        "models/job.py:2: cannot import event2 of a_fake_package.models",
    ]


def test_an_invalid_python_file_is_found_and_the_others_are_read(dangling: Dangling, tmp_path: Path) -> None:
    """Such as one with the marks of a merge conflict."""
    write(tmp_path / "a_fake_package", {"client.py": "x = 1\n<<<<<<< HEAD\n"})
    assert dangling("from .gone import Gone") == [
        "client.py:2: is not Python",
        "models/job.py:1: cannot import Gone of a_fake_package.models.gone",
    ]


def test_the_committed_client_has_no_dangling_import() -> None:
    assert list(dangling_imports(PACKAGE)) == []


# What the handwritten layer uses --------------------------------------------------------------------------------

HANDWRITTEN = """
import together_generated
import together_generated.errors as errors
from together_generated import models
from together_generated.api.jobs import list_jobs as endpoint
from together_generated.models import State as S


def f(job: models.Job) -> object:
    from together_generated.types import UNSET

    job.status = S.ON
    return endpoint.sync(limit=1), models.State.OFF.value, together_generated.Client, errors.Odd, UNSET, job.id
"""
CLIENT = {
    "__init__.py": "class Client: ...\n",
    "errors.py": "class Odd(Exception): ...\n",
    "types.py": "UNSET = object()\n",
    "api/__init__.py": "",
    "api/jobs/__init__.py": "",
    "api/jobs/list_jobs.py": ENTRY_POINTS,
    "models/__init__.py": (
        "from enum import Enum\nclass Job: ...\nclass State(str, Enum):\n    ON = 'on'\n    OFF = 'off'\n"
    ),
}


def test_every_name_that_is_used_is_found_however_it_is_imported(tmp_path: Path) -> None:
    package = write(tmp_path / "ours", {"sub/module.py": HANDWRITTEN})
    found = {(use.module, use.name) for use in uses(package)}
    assert found >= {
        ("together_generated", ""),
        ("together_generated", "Client"),
        ("together_generated.errors", "Odd"),
        ("together_generated.models", "Job"),
        ("together_generated.models.State", "ON"),
        ("together_generated.models.State", "OFF"),
        ("together_generated.api.jobs.list_jobs", "sync"),
        ("together_generated.types", "UNSET"),
    }
    assert {use.place for use in uses(package) if use.name == "ON"} == {"ours/sub/module.py:12"}
    assert attributes(package)["status"] == ["ours/sub/module.py:12"]
    assert attributes(package)["limit"] == ["ours/sub/module.py:13"]


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A generated package in small, that can be imported."""
    package = write(tmp_path / "a_small_client", CLIENT)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield package
    for name in [name for name in sys.modules if name.split(".")[0] == package.name]:
        del sys.modules[name]


def test_existing_names_are_not_reported(tmp_path: Path, client: Path) -> None:
    assert list(lost_names(write(tmp_path / "ours", {"module.py": HANDWRITTEN}), client)) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "lost"),
    [
        ("models/__init__.py", "    OFF = 'off'\n", "", "13: uses OFF of together_generated.models.State"),
        ("models/__init__.py", "class Job:", "class Task:", "9: uses Job of together_generated.models"),
        ("api/jobs/list_jobs.py", "def sync():", "def synchronous():", "13: uses sync of together_generated.api.jobs"),
        ("types.py", "UNSET", "NOTHING", "10: uses UNSET of together_generated.types"),
    ],
)
def test_a_used_name_that_was_removed_is_found(
    tmp_path: Path, client: Path, file: str, old: str, new: str, lost: str
) -> None:
    write(client, {file: CLIENT[file].replace(old, new)})
    problems = list(lost_names(write(tmp_path / "ours", {"module.py": HANDWRITTEN}), client))
    assert any(f"ours/module.py:{lost}" in problem for problem in problems), problems


def test_the_handwritten_layer_uses_only_existing_names() -> None:
    assert len(uses(ROOT / "together_ext")) > 50
    assert list(lost_names(ROOT / "together_ext", PACKAGE)) == []


def test_a_module_that_belongs_to_no_operation_is_found(tmp_path: Path) -> None:
    write(tmp_path, {"api/jobs/list_jobs.py": ENTRY_POINTS, "api/jobs/__init__.py": ""})
    assert list(unwanted_operations(iter(["list_jobs"]), tmp_path)) == []
    assert list(unwanted_operations(iter([]), tmp_path)) == ["api/jobs/list_jobs.py: belongs to no operation"]


def test_the_payloads_can_be_read() -> None:
    folder = ROOT / "tests" / "wire" / "fixtures"
    assert len(list(folder.glob("*.json"))) >= 10
    assert list(unread_payloads(folder, PACKAGE)) == []


@pytest.mark.parametrize(
    ("file", "payload", "problem"),
    [
        ("Nothing.json", {}, "payload Nothing it: there is no such class"),
        ("FinetuneResponse.json", {"status": "running"}, "payload FinetuneResponse it: cannot be read: KeyError: 'id'"),
        ("FinetuneResponse.json", [], "payload FinetuneResponse it: cannot be read: "),
    ],
)
def test_a_payload_that_cannot_be_read_is_found(tmp_path: Path, file: str, payload: object, problem: str) -> None:
    (tmp_path / file).write_text(json.dumps({"it": payload}))
    (found,) = unread_payloads(tmp_path, PACKAGE)
    assert found.startswith(problem)


# What payloads are parsed as ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "misfit"),
    [
        (
            {"id": "ft-1", "created_at": 7},
            "created_at is int (7), and annotated as datetime.datetime | None | str | Unset",
        ),
        ({"id": 7}, "id is int (7), and annotated as str"),
        ({"id": "ft-1", "events": [{"step": "x"}]}, "events[0].step is str ('x'), and annotated as int | None | Unset"),
        ({"id": "ft-1", "events": [{}, "odd"]}, "events is list ([FineTuneEvent("),
        ({"id": "ft-1", "total_price": True}, "total_price is bool (True), and annotated as float | None | Unset"),
    ],
)
def test_a_payload_that_is_not_as_annotated_is_found(tmp_path: Path, payload: object, misfit: str) -> None:
    (tmp_path / "FinetuneResponse.json").write_text(json.dumps({"it": payload, "odd_one": payload}))
    (problem,) = unread_payloads(tmp_path, PACKAGE)
    assert problem.startswith(f"payload FinetuneResponse it: {misfit}")
    assert problem.endswith(": correct openapi.overlay.yaml, or the payload")


@pytest.mark.parametrize(
    ("value", "hint", "fit"),
    [
        (1, int, True),
        (1, float, True),
        (1.5, int, False),
        (True, int, False),
        (None, int | None, True),
        (["a"], list[str], True),
        (["a", 1], list[str], False),
        ({"a": 1}, dict[str, int], True),
        ({"a": "b"}, dict[str, int], False),
        ("a", Literal["a", "b"], True),
        ("c", Literal["a", "b"], False),
        (object(), Any, True),
    ],
)
def test_a_value_fits_its_annotation_or_not(value: object, hint: object, fit: bool) -> None:  # noqa: FBT001 -- a case
    assert fits(value, hint) is fit


# Unknown fields, and keywords -----------------------------------------------------------------------------------

RESPONSE = {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Job"}}}}}
OF_JOBS: dict[str, Any] = {
    "paths": {"/jobs": {"get": {"operationId": "list_jobs", "responses": RESPONSE}}},
    "components": {"schemas": {"Job": {"type": "object"}, "State": {"enum": ["on"]}, "Request": {"type": "object"}}},
}


def test_a_class_of_a_response_that_drops_unknown_fields_is_found(client: Path) -> None:
    source = "import attrs\n@attrs.define\nclass Job:\n    id: str\n{}__all__ = ('Job',)\n"
    write(client, {"models/__init__.py": source.format("")})
    (problem,) = closed_responses(OF_JOBS, client)
    assert problem.startswith("response type Job: its class drops unknown fields: remove")


def test_a_class_of_a_response_that_keeps_unknown_fields_is_accepted(client: Path) -> None:
    source = "import attrs\n@attrs.define\nclass Job:\n    additional_properties: dict\n__all__ = ('Job',)\n"
    write(client, {"models/__init__.py": source})
    assert list(closed_responses(OF_JOBS, client)) == []


def test_a_response_without_a_class_is_found(client: Path) -> None:
    write(client, {"models/__init__.py": "__all__ = ()\n"})
    assert list(closed_responses(OF_JOBS, client)) == ["response type Job: there is no such class"]


def test_every_response_of_the_committed_client_keeps_unknown_fields() -> None:
    document = read_openapi(SPEC)
    assert list(closed_responses(document, PACKAGE)) == []


def retyped(events: dict[str, Any] | None) -> dict[str, Any]:
    """The committed specification with another type for lists of events; without it, if there is none."""
    document = read_openapi(SPEC)
    schemas = document["components"]["schemas"]
    del schemas["FinetuneListEvents"]
    return {"components": {"schemas": schemas | ({"FinetuneListEvents": events} if events is not None else {})}}


@pytest.mark.parametrize(
    ("events", "lost"),
    [
        (None, "was removed"),
        ({"enum": ["a"]}, "has no fields"),
        ({"properties": {"data": {"type": "object"}}}, "has no list `data`"),
    ],
)
def test_a_document_of_the_command_line_that_cannot_be_made_is_found(events: dict[str, Any] | None, lost: str) -> None:
    """Its schema is written after a sync, which would be half done by then."""
    (problem,) = lost_documents(retyped(events))
    assert problem.startswith(f"the document events of --json: its type FinetuneListEvents {lost}: change RESPONSES")


def test_a_sync_finds_documents_of_the_command_line_that_cannot_be_made(client: Path, tmp_path: Path) -> None:
    document = {"paths": {}, **retyped(None)}
    write(client, {"models/__init__.py": "__all__ = ()\n"})
    assert not any("of --json" in loss for loss in losses(document, client, tmp_path))
    (tmp_path / "together_ext" / "cli" / "schemas").mkdir(parents=True)
    assert any("the document events of --json" in loss for loss in losses(document, client, tmp_path))


def test_the_committed_specification_has_every_document_of_the_command_line() -> None:
    assert list(lost_documents(read_openapi(SPEC))) == []


CALLS = """
from together_generated import models


def _call(action, sync, **arguments):
    return sync(**arguments)


def f():
    from together_generated.api.jobs import list_jobs as endpoint

    _call("list", endpoint.sync, action="x", limit=1)
    endpoint.sync_detailed(after=2)
    models.Job(id="1", name="x")


def g():
    from together_generated.api.jobs import other as endpoint

    print(endpoint.sync, sep="")
    h(endpoint.sync, anything=1)


def h(sync, anything): ...
"""
WITH_KEYWORDS = {
    "api/jobs/list_jobs.py": "def sync(*, limit): ...\ndef sync_detailed(*, limit, after): ...\n",
    "api/jobs/other.py": "def sync(*, sep): ...\n",
    "models/__init__.py": "class Job:\n    def __init__(self, id, name): ...\n",
}


def test_existing_keywords_are_not_reported(tmp_path: Path, client: Path) -> None:
    write(client, WITH_KEYWORDS)
    assert list(lost_keywords(write(tmp_path / "ours", {"module.py": CALLS}), client)) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "lost"),
    [
        ("api/jobs/list_jobs.py", "sync(*, limit)", "sync(*, count)", "12: uses the keyword limit of sync of"),
        ("api/jobs/list_jobs.py", "limit, after", "limit, since", "13: uses the keyword after of sync_detailed of"),
        ("models/__init__.py", "id, name", "id, title", "14: uses the keyword name of Job of"),
    ],
)
def test_a_keyword_that_is_used_and_was_removed_is_found(
    tmp_path: Path, client: Path, file: str, old: str, new: str, lost: str
) -> None:
    write(client, {**WITH_KEYWORDS, file: WITH_KEYWORDS[file].replace(old, new)})
    (problem,) = lost_keywords(write(tmp_path / "ours", {"module.py": CALLS}), client)
    assert problem.startswith(f"ours/module.py:{lost} together_generated.")
    assert problem.endswith(", which was removed")


def test_the_handwritten_layer_uses_only_existing_keywords() -> None:
    assert len([one for one in keywords(ROOT / "together_ext") if one.keywords]) >= 15
    assert list(lost_keywords(ROOT / "together_ext", PACKAGE)) == []


# The command of `make check-generated` --------------------------------------------------------------------------


def real(into: Path, _spec: Path) -> None:
    """Generate the committed client, without the seconds that it takes."""
    shutil.copytree(PACKAGE, into)


def refusing(_into: Path, _spec: Path) -> None:
    """Refuse the specification."""
    raise GenerationError("no such schema")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the specification, the committed client, and nothing that uses it."""
    shutil.copytree(PACKAGE, tmp_path / "generated" / PACKAGE.name)
    shutil.copy(SPEC, tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    return tmp_path


def test_the_check_passes_for_a_client_that_is_up_to_date(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_generated.main(["--root", str(root)], real) == 0
    count = len(list(operations(read_openapi(SPEC))))
    assert capsys.readouterr() == (f"generated/together_generated is up to date: {count} operations\n", "")


def test_the_check_reports_every_defect_and_what_to_do(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    committed = root / "generated" / PACKAGE.name
    (committed / "py.typed").unlink()
    (committed / "api" / "fine_tuning" / "list_fine_tunes.py").unlink()
    with (committed / "errors.py").open("a") as file:
        file.write("def f():\n    from .gone import Gone\n")

    assert check_generated.main(["--root", str(root)], real) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "py.typed: is missing" in err
    assert "errors.py: differs" in err
    assert "operation list_fine_tunes: has no function" in err
    assert "cannot import Gone of together_generated.gone" in err
    assert err.endswith("run `make generate`.\n")


def test_the_check_fails_if_the_generator_refuses_the_specification(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check_generated.main(["--root", str(root)], refusing) == 1
    assert capsys.readouterr().err.startswith("no such schema\n")


# The command of `make generate` ---------------------------------------------------------------------------------


def test_generating_replaces_the_package_and_leaves_no_stray_file(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    committed = root / "generated" / PACKAGE.name
    (committed / "stray.py").touch()
    assert generation.main(root, real) == 0
    assert list(differences(committed, PACKAGE)) == []
    assert capsys.readouterr().out == "regenerated generated/together_generated\n"


def test_a_refused_specification_leaves_the_package_unchanged(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generation.main(root, refusing) == 1
    assert list(differences(root / "generated" / PACKAGE.name, PACKAGE)) == []
    assert "no such schema" in capsys.readouterr().err


# The generator itself -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a repository in which the client has been generated twice."""
    root = tmp_path_factory.mktemp("repository")
    shutil.copy(SPEC, root)
    shutil.copy(CONFIG, root)
    (root / "generated").mkdir()
    with contextlib.chdir(root):
        for name in ("once", "twice"):
            generate(root / "generated" / name, root / SPEC.name, config=root / CONFIG.name)
    return root


def test_generating_twice_gives_the_same_bytes(repository: Path) -> None:
    assert list(differences(repository / "generated" / "once", repository / "generated" / "twice")) == []


def test_generating_leaves_no_temporary_files(repository: Path) -> None:
    """Neither the generator nor its linter leaves a cache."""
    made = {path.relative_to(repository).as_posix() for path in repository.glob("*")}
    assert made == {"generated", SPEC.name, CONFIG.name}
    assert {path.name for path in (repository / "generated").iterdir()} == {"once", "twice"}
    suffixes = {path.suffix for path in (repository / "generated" / "once").rglob("*") if path.is_file()}
    assert suffixes == {".py", ".typed"}


def test_a_generated_package_is_marked_as_typed(repository: Path) -> None:
    assert (repository / "generated" / "once" / "py.typed").read_bytes() == b""


@pytest.mark.parametrize(
    "document",
    [
        {"openapi": "3.1.0", "paths": {}},
        {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/x": {"get": {"responses": 7}}}},
        {},
    ],
    ids=["no info", "no responses", "nothing"],
)
def test_an_invalid_specification_is_refused_before_anything_is_written(
    tmp_path: Path, document: dict[str, object]
) -> None:
    spec = tmp_path / "broken.yaml"
    spec.write_text(yaml.safe_dump(document))
    with pytest.raises(GenerationError, match=r"broken\.yaml is not a valid OpenAPI document"):
        generate(tmp_path / "client", spec)
    assert not (tmp_path / "client").exists()


def test_a_specification_that_is_not_yaml_is_refused(tmp_path: Path) -> None:
    spec = tmp_path / "broken.yaml"
    spec.write_text("openapi: 3.1.0\npaths: [\n")
    with pytest.raises(GenerationError, match=r"broken\.yaml"):
        generate(tmp_path / "client", spec)


def test_a_specification_that_the_generator_supports_only_partly_is_refused(tmp_path: Path) -> None:
    """It would omit a response with a warning, and continue."""
    answer = {"description": "A picture.", "content": {"image/png": {"schema": {"type": "string"}}}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/picture": {"get": {"operationId": "get_picture", "responses": {"200": answer}}}},
    }
    spec = tmp_path / "pictures.yaml"
    spec.write_text(yaml.safe_dump(document))
    with pytest.raises(GenerationError, match=r"Unsupported content_type image/png"):
        generate(tmp_path / "client", spec)


def test_complaints_of_the_generator_name_the_cause_first_without_addresses_of_objects() -> None:
    output = """Generating /tmp/c

Warning(s) encountered while generating. Client was generated, but some pieces may be missing
WARNING parsing GET /picture within pictures.

Cannot parse response for status code <openapi_python_client.schema.UntrustedString object at 0x7ffa9384ffd0> (odd)

{
  "description": "A picture."
}

Unable to parse schema /components/schemas/JobPriority

Enum values must all be the same type: Got {<class 'str'>, <class 'int'>}

Unable to process schema /components/schemas/Job:

Invalid property in union <openapi_python_client.schema.UntrustedString object at 0x7ffa9384ffd0>
"""
    assert complaints(output) == [
        "  JobPriority: Enum values must all be the same type: Got {<class 'str'>, <class 'int'>}",
        "  Job: Invalid property in union",
        "  GET /picture: Cannot parse response for status code (odd)",
    ]
    assert complaints("Traceback\n\n<a.B object at 0x1f> failed\n") == ["  Traceback", "  failed"]


def test_an_invalid_specification_is_reported_by_path_without_the_openapi_schema(tmp_path: Path) -> None:
    spec = tmp_path / "broken.yaml"
    paths: dict[str, Any] = {"/x": {"get": {"responses": {}}}}
    spec.write_text(yaml.safe_dump({"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths}))
    with pytest.raises(GenerationError) as refused:
        generate(tmp_path / "client", spec)
    assert str(refused.value) == (
        "broken.yaml is not a valid OpenAPI document: paths./x.get.responses: {} has less than 1 property"
    )


def test_a_folder_with_that_word_in_its_name_is_accepted(tmp_path: Path) -> None:
    """The generator prints where it writes to."""
    answers = {"204": {"description": "Done."}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/it": {"post": {"operationId": "do_it", "responses": answers}}},
    }
    spec = tmp_path / "small.yaml"
    spec.write_text(yaml.safe_dump(document))
    generate(tmp_path / "early-warning", spec)
    assert (tmp_path / "early-warning" / "py.typed").exists()
