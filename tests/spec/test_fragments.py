"""Fragments: pages of the API's documentation, and files like them, over the published specification."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tools.spec.__main__ import DONE, FAILED, main
from tools.spec.documents import Node, SpecError
from tools.spec.fragments import over, read_fragments
from tools.spec.sync import sync

from .cases import operation
from .conftest import Repository

PAGES = Path(__file__).parent / "pages"
"""Two pages of the documentation, each with its operation."""
PAGE = """\
# Retrieve a job

````yaml GET /fine-tunes/{{id}}
{document}
````
"""


def fragment(status: str = "thawing", server: str = "https://api.example.com/v1", prefix: str = "") -> Node:
    """The operation of a page: a job that has another field and another status."""
    job = {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"type": "string"}, "status": {"type": "string", "enum": ["running", status]}},
    }
    responses = {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Page"}}}}}
    parameters = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
    retrieve = {"tags": ["Fine-tuning"], "responses": responses}
    return {
        "openapi": "3.1.0",
        "info": {"title": "A page", "version": "1"},
        "servers": [{"url": server}],
        "paths": {f"{prefix}/fine-tunes/{{id}}": {"parameters": parameters, "get": retrieve}},
        "components": {"schemas": {"Page": job}},
    }


def page(folder: Path, name: str, document: Node) -> Path:
    """Write a page of the documentation."""
    path = folder / name
    path.write_text(PAGE.format(document=json.dumps(document, indent=1)))
    return path


def test_the_pages_of_the_documentation_are_read() -> None:
    found = read_fragments(PAGES, "/v1")
    assert [*found.document["paths"]] == ["/finetune/download", "/fine-tunes/{id}/checkpoints"]
    assert found.document["paths"]["/finetune/download"]["get"]["summary"] == "Download model"
    assert found.skipped == ()


def test_the_pages_of_the_documentation_agree_with_the_public_specification(
    reference: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", str(reference.upstream_file), str(PAGES)]) == DONE
    assert "**No changes.**" in capsys.readouterr().out
    whole = over(reference.upstream, read_fragments(PAGES, "/v1").document, "/v1")
    assert reference.text(whole) == reference.spec.read_text()


@pytest.mark.parametrize(("server", "prefix"), [("https://api.example.com/v1", ""), ("https://api.example.com", "/v1")])
def test_a_fragment_replaces_the_operation_of_the_specification(
    specimen: Repository, server: str, prefix: str, tmp_path: Path
) -> None:
    page(tmp_path, "retrieve.md", fragment(server=server, prefix=prefix))
    whole = over(specimen.upstream, read_fragments(tmp_path, "/v1").document, "/v1")
    found = operation(whole, "GET /fine-tunes/{id}")
    assert found["responses"]["200"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Page"}
    assert [one["name"] for one in found["parameters"]] == ["id"]
    kept, before = (operation(it, "DELETE /fine-tunes/{id}") for it in (whole, specimen.upstream))
    assert kept["responses"] == before["responses"]
    assert [one["name"] for one in kept["parameters"]] == ["id", "force"]


def test_a_report_on_pages_is_about_their_operations_alone(
    specimen: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = page(tmp_path, "retrieve.md", fragment())
    main(["--root", str(specimen.root), "diff", str(specimen.upstream_file), str(path)])
    report = capsys.readouterr().out
    assert "thawing" in report
    assert "was removed" in report
    assert not [line for line in report.splitlines() if "operation" in line or "DELETE" in line]


def test_a_sync_takes_a_folder_of_pages_over_the_specification(specimen: Repository, tmp_path: Path) -> None:
    changed = specimen.upstream
    schemas = changed["components"]["schemas"]
    schemas["FinetuneJobStatus"]["enum"].append("thawing")
    item = {name: it for name, it in changed["paths"]["/fine-tunes/{id}"].items() if name != "delete"}
    pages, root = tmp_path / "pages", tmp_path / "repository"
    pages.mkdir()
    page(pages, "retrieve.mdx", {**changed, "paths": {"/fine-tunes/{id}": item}})
    (pages / "about.md").write_text("# About\n\n```python\nprint()\n```\n")
    shutil.copytree(specimen.root, root)
    assert sync(specimen.upstream_file, root, pages=pages).changed
    assert "- thawing\n" in (root / "openapi.yaml").read_text()


def test_an_address_of_another_version_is_read_from_the_root_of_the_server(tmp_path: Path) -> None:
    whoami = {"get": {"responses": {"200": {"description": "Fine."}}}}
    for number, (server, path) in enumerate(
        [("https://a.example.com", "/v3/whoami"), ("https://a.example.com/v3", "/whoami")]
    ):
        document = {**fragment(server="https://a.example.com/v1"), "paths": {path: whoami}}
        document["paths"][path]["get"]["servers"] = [{"url": server}]
        (tmp_path / f"{number}.yaml").write_text(json.dumps(document))
    assert [*read_fragments(tmp_path, "/v1").document["paths"]] == ["/v3/whoami"]


def test_fragments_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    page(tmp_path, "one.md", fragment())
    (tmp_path / "two.yaml").write_text(json.dumps(fragment("frozen")))
    with pytest.raises(SpecError, match=r"^one\.md and two\.yaml describe Page differently: remove the older one$"):
        read_fragments(tmp_path, "/v1")


def test_what_has_no_fragment_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "about.md").write_text("# About\n")
    assert main(["diff", str(tmp_path), str(tmp_path)]) == FAILED
    assert "has no OpenAPI fragment: expected pages with a block" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("block", "sentence"),
    [
        ("openapi: [", r"the block of page\.md that begins at line 2 is not YAML: line 2"),
        (
            "paths: {}",
            r"the block of page\.md that begins at line 2 is not OpenAPI: expected `openapi: 3\.…` and `paths`",
        ),
    ],
)
def test_a_page_whose_block_is_damaged_is_refused(tmp_path: Path, block: str, sentence: str) -> None:
    (tmp_path / "page.md").write_text(f"# A page\n```yaml GET /models\n{block}\n```\n")
    with pytest.raises(SpecError, match=sentence):
        read_fragments(tmp_path, "/v1")


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"gone\.md cannot be read: No such file"):
        read_fragments(tmp_path / "gone.md", "/v1")
    (tmp_path / "odd.md").write_bytes(b"\xff\xfe")
    with pytest.raises(SpecError, match=r"odd\.md is not UTF-8 text"):
        read_fragments(tmp_path / "odd.md", "/v1")


def test_a_page_may_have_several_blocks(tmp_path: Path) -> None:
    text = "```yaml\nopenapi: 3.1.0\npaths:\n  /a: {get: {responses: {}}}\n```\n\n```yaml\nname: not OpenAPI\n```\n"
    (tmp_path / "page.md").write_text(text + text.replace("/a", "/b"))
    assert [*read_fragments(tmp_path / "page.md", "/v1").document["paths"]] == ["/a", "/b"]
