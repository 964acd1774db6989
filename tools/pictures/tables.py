"""The tables of a Markdown document, by their headings."""

from __future__ import annotations


def tables(markdown: str) -> dict[tuple[str, str], list[list[str]]]:
    """The first table below each heading, by the headings of the second and the third level above it.

    Rows are lists of cells without asterisks; the row of column names and the rule below it are left out.
    """
    found: dict[tuple[str, str], list[list[str]]] = {}
    section = part = ""
    for line in markdown.splitlines():
        if line.startswith("## "):
            section, part = line.removeprefix("## "), ""
        elif line.startswith("### "):
            part = line.removeprefix("### ")
        elif line.startswith("|"):
            cells = [cell.strip().strip("*") for cell in line.strip("|").split("|")]
            found.setdefault((section, part), []).append(cells)
    return {heading: rows[2:] for heading, rows in found.items()}
