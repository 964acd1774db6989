"""What people write by hand: iterate over an httpx response."""

import sys
from pathlib import Path

import httpx

url, output = sys.argv[1:3]
with httpx.stream("GET", url) as response, Path(output).open("wb") as file:
    response.raise_for_status()
    for chunk in response.iter_bytes():  # noqa: FURB122 -- the loop is what is measured
        file.write(chunk)
