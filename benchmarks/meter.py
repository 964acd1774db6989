"""Run one process, and report its resources. Run as a separate script, with as little memory as an interpreter needs.

Linux includes the memory of the parent, from before the exec, in the peak of a process. The parent therefore has to be
small (9 MB; no figure can be below that).
"""

from __future__ import annotations

import os
import sys
import time


def main(log: str, *command: str) -> int:
    """Run a command, without input, its words into a log; write its figures to stdout."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    nothing = os.open(os.devnull, os.O_RDONLY)
    redirections = [
        (os.POSIX_SPAWN_DUP2, nothing, 0),
        (os.POSIX_SPAWN_DUP2, output, 1),
        (os.POSIX_SPAWN_DUP2, output, 2),
    ]
    began = time.perf_counter()
    process = os.posix_spawnp(command[0], command, os.environ, file_actions=redirections)
    _, status, usage = os.wait4(process, 0)
    wall, ended = time.perf_counter() - began, time.time()
    sys.stdout.write(
        f"{wall} {usage.ru_utime} {usage.ru_stime} {usage.ru_maxrss * 1024} {ended} {usage.ru_oublock * 512}\n"
    )
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) and 1)
