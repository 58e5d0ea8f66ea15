"""What the figures were measured with."""

import os
import platform
import re
import ssl
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from scripts.bundling import bundle


class Machine(NamedTuple):
    """The machine and the versions of a run, in words."""

    date: str
    processor: str
    cores: int
    memory: str
    system: str
    python: str
    tls: str
    packages: str
    bundled: str


def describe() -> Machine:
    """This machine, now."""
    names = ("oss2", "requests", "urllib3", "pycryptodome", "cryptography")
    return Machine(
        date=datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        processor=_from("/proc/cpuinfo", "model name") or platform.processor() or "unknown",
        cores=os.cpu_count() or 0,
        memory=_memory(),
        system=f"{platform.system()} {platform.release()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        tls=ssl.OPENSSL_VERSION,
        packages=", ".join(f"{name} {metadata.version(name)}" for name in names),
        bundled=_pinned(),
    )


def _from(file: str, field: str) -> str:
    """A field of one of Linux's own tables; empty where there is none."""
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    values = (line.partition(":")[2].strip() for line in lines if line.startswith(field))
    return next(values, "")


def _memory() -> str:
    kilobytes = _from("/proc/meminfo", "MemTotal").removesuffix(" kB")
    return f"{int(kilobytes) / 1024**2:.0f} GiB" if kilobytes else "unknown"


def _pinned() -> str:
    """What the bundle is made of, as its lock has it."""
    pins = re.findall(r"^([a-z0-9-]+)==([^ ]+)", bundle.LOCK.read_text("utf-8"), re.MULTILINE)
    return ", ".join(f"{name} {version}" for name, version in pins)
