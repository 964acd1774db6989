"""`python -m tools.docs.blocks FOLDER`: the Python blocks of README and docs as files, to check their types."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import Final

from tools.docs.pages import ROOT

_BLOCK: Final = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(root: Path = ROOT) -> dict[str, str]:
    """The blocks of every page that has some, as one program, by a name for its file."""
    pages = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
    found = {path: "\n".join(_BLOCK.findall(path.read_text(encoding="utf-8"))) for path in pages}
    return {
        re.sub(r"\W", "_", path.relative_to(root).with_suffix("").as_posix()) + ".py": code
        for path, code in found.items()
        if code
    }


def main() -> None:
    """Write them; what was in the folder is removed."""
    folder = Path(sys.argv[1])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, code in blocks().items():
        (folder / name).write_text(code, encoding="utf-8")


if __name__ == "__main__":
    main()
