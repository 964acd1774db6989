"""`python -m tools.pictures`: make the images, or with `--check` fail if one is out of date."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Final

from tools.pictures.badges import badges
from tools.pictures.plot import plot
from tools.pictures.session import session

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "docs" / "images"


def pictures(root: Path = ROOT) -> dict[str, str]:
    """Every image by the name of its file."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return {
        "command-line.svg": session(),
        "benchmarks.svg": plot((root / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")),
        **{f"badge-{name}.svg": image for name, image in badges(project).items()},
    }


def main() -> int:
    """Make or check them."""
    made = pictures()
    paths = {name: FOLDER / name for name in made}
    stale = [
        name for name, path in paths.items() if not path.exists() or path.read_text(encoding="utf-8") != made[name]
    ]
    if "--check" in sys.argv[1:]:
        for name in stale:
            print(f"docs/images/{name} is out of date: run 'make pictures'")
        return 1 if stale else 0
    FOLDER.mkdir(exist_ok=True)
    for name in stale:
        paths[name].write_text(made[name], encoding="utf-8")
    print(f"updated {len(stale)} of {len(made)} images" if stale else f"all {len(made)} images are up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
