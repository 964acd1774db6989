"""The machine, in words that say enough to repeat a run and nothing of whose it is."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path

from .places import SCRATCH


def described() -> dict[str, str]:
    """What a reader of the figures has to know."""
    cpu = re.search(r"^model name\s*:\s*(.+)$", _text("/proc/cpuinfo"), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+)", _text("/proc/meminfo"), re.MULTILINE)
    virtual = " (virtual machine)" if "hypervisor" in _text("/proc/cpuinfo") else ""
    return {
        "Processor": (cpu[1] if cpu else platform.machine()) + virtual,
        "Cores": str(len(os.sched_getaffinity(0))),
        "Memory": f"{int(memory[1]) / 1e6:.0f} GB" if memory else "unknown",
        "Kernel": f"{platform.system()} {re.split('[-+]', platform.release())[0]}",
        "File system": _output("df", "--output=fstype", str(SCRATCH)).split()[-1],
        "TCP": _text("/proc/sys/net/ipv4/tcp_congestion_control").strip(),
        "Python": platform.python_version(),
        "nginx": _output("nginx", "-v").rpartition("/")[2],
        "OpenSSL of nginx and curl": _output("openssl", "version"),
        "OpenSSL of Python": _python_openssl(),
    }


def load() -> str:
    """How busy the machine is with other things, before and after the run."""
    return f"{os.getloadavg()[0]:.2f}"


def _python_openssl() -> str:
    import ssl  # noqa: PLC0415 -- the runs are started from a process that stays small

    return ssl.OPENSSL_VERSION


def _text(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def _output(*command: str) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 -- fixed commands
    return (done.stdout + done.stderr).strip()
