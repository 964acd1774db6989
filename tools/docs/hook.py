"""What MkDocs calls while it builds the site."""

from __future__ import annotations

import logging
from typing import Any

from mkdocs.structure.files import File, Files

from tools.docs.generated import filled
from tools.docs.pages import ELSEWHERE, ROOT, adapted, linked, marked, place_of, without_placeholders

# The references of the clients are made from clients, each of which warns that its endpoints are deprecated.
logging.getLogger("together_ext").setLevel(logging.ERROR)


def on_files(files: Files, *, config: Any) -> Files:
    """Add the pages that are stored outside of `docs/`, and the files that pages link to."""
    for source, page in ELSEWHERE.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
    pages = [(file.src_uri, file.content_string) for file in files.documentation_pages()]
    for source in sorted({source for page, text in pages for source in linked(filled(text), page)} - set(ELSEWHERE)):
        files.append(File.generated(config, place_of(source), abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: object) -> str:
    """Fill in the references, and turn links to files into links to pages."""
    if page.file.src_uri == "index.md":
        page.meta["hide"] = ["navigation"]  # there is nothing beside it
    return adapted(filled(markdown), page.file.src_uri)


def on_page_content(html: str, **_: object) -> str:
    """Show no default that is only a placeholder, and break no short piece of code."""
    return marked(without_placeholders(html))
