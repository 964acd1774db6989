"""Processes of our program that begin in the middle: forks of one that has imported everything already.

To start and import takes most of the CPU time of a short command. `python -m tests.forks SOCKET` waits for commands;
`program` makes a `together-ext` that hands its arguments, environment, folder and standard streams to it. For tests of
what commands do; those of processes (signals, exit codes, imports) start the real one.
"""

from __future__ import annotations

import importlib
import marshal
import os
import pkgutil
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LARGEST = 1 << 18
"""Bytes of a command with its environment."""
SHIM = """#!{python} -IS
import _socket, marshal, os, sys
there = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
there.connect({address!r})
streams = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
command = marshal.dumps((sys.argv, os.getcwd(), dict(os.environ)))
there.sendmsg([command], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
sys.exit(int(there.recv(16) or 70))
"""


@contextmanager
def program(folder: Path) -> Iterator[Path]:
    """A folder with `together-ext`, and a `python` that runs what it reads with warnings as errors."""
    address = folder / "socket"
    command = [sys.executable, "-m", "tests.forks", str(address)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1]) as process:  # noqa: S603
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            for name in ("together-ext", "python"):
                (folder / name).write_text(SHIM.format(python=sys.executable, address=str(address)))
                (folder / name).chmod(0o755)
            yield folder
        finally:
            process.kill()


def _serve(address: str) -> None:
    import together_ext.cli  # noqa: PLC0415 -- not where `program` is called
    import together_generated  # noqa: PLC0415

    for package in (together_ext, together_generated):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(address)
        listener.listen(64)
        listener.settimeout(5)
        os.write(1, b"ready\n")
        running, parent = 0, os.getppid()
        while os.getppid() == parent:  # a killed worker of the tests leaves nothing behind
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            if os.fork() == 0:
                listener.close()
                _become(connection)
            connection.close()
            running += 1
            while running and os.waitpid(-1, os.WNOHANG)[0]:
                running -= 1


def _become(connection: socket.socket) -> None:
    """Run the command of a connection, send its exit code, and end."""
    code = 70
    try:
        message, streams, _, _ = socket.recv_fds(connection, LARGEST, 3)
        sys.argv, folder, environment = marshal.loads(message)  # noqa: S302 -- our own
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        code = _run()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001 -- as the interpreter does
        traceback.print_exc()
        code = 1
    finally:
        connection.send(str(code).encode())
        os._exit(code)


def _run() -> int:
    try:
        if Path(sys.argv[0]).name == "python":
            import warnings  # noqa: PLC0415

            warnings.simplefilter("error")
            exec(compile(sys.stdin.read(), "<stdin>", "exec"), {"__name__": "__main__"})  # noqa: S102 -- our own pages
            return 0
        from together_ext.cli import main  # noqa: PLC0415

        return main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)


if __name__ == "__main__":
    _serve(sys.argv[1])
