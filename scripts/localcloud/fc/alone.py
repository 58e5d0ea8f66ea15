"""What a function of Function Compute 3.0 can be set to, which stands alone, and is if not set.

Data structure "CreateFunctionInput" (2023-03-30, read 2026-06-26), and the lengths in the API's
own description (read 2025-12-03).
"""

import re
from typing import Any

from .errors import FcError, invalid
from .settings import SERVICE_DEFAULTS, Settings, check_common

# What 2.0 has at a function's service.
OF_ITS_SERVICE = tuple(name for name in SERVICE_DEFAULTS if name != "description")

# Of the timeout and the internet access the page tells the default. Guessed: memory, CPU and disk
# are what the Serverless Devs client fills in.
ALONE_DEFAULTS: Settings = {
    **SERVICE_DEFAULTS,
    "runtime": "",
    "handler": "",
    "timeout": 3,
    "memorySize": 512,
    "cpu": 0.35,
    "diskSize": 512,
    "environmentVariables": {},
    "layers": [],
    "instanceConcurrency": 1,
    "instanceIsolationMode": "SHARE",
    "sessionAffinity": "NONE",
    "resourceGroupId": "",
    "tags": [],
}

_ROLE = re.compile(r"acs:ram::\d+:role/[\w.-]+")
_VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_LEAST_CPU, _MOST_CPU = 0.05, 16
_ROUNDING = 1e-6
_MEMORY_STEP = 64
_DISKS = (512, 10240)
_LONGEST = {"description": 256, "handler": 128, "role": 300}
# What is documented besides these is not known here.
_ONLY = {"instanceIsolationMode": "SHARE", "sessionAffinity": "NONE"}


def check_alone(settings: Settings) -> None:
    """Raises FcError for what such a function cannot have, or not here."""
    check_common(settings)
    _check_size(settings)
    for name, longest in _LONGEST.items():
        if len(settings[name]) > longest:
            raise invalid(f"{name} must have at most {longest} characters")
    for name, only in _ONLY.items():
        if settings[name] != only:
            said = f"The local cloud does not know this: {name} {settings[name]!r}"
            raise FcError("NotImplemented", said)
    # Page "Comparison and compatibility between 3.0 and 2.0": none more in a standard runtime.
    if settings["instanceConcurrency"] != 1:
        raise invalid(f"instanceConcurrency must be 1, not {settings['instanceConcurrency']}")
    if settings["role"] and not _ROLE.fullmatch(settings["role"]):
        raise invalid(f"role must be acs:ram::<account>:role/<name>, not '{settings['role']}'")
    for name in settings["environmentVariables"]:
        # Page "Configure environment variables" (3.0, read 2026-04-15).
        if not _VARIABLE.fullmatch(name) or name.startswith("FC_"):
            raise invalid(
                f"an environment variable begins with a letter, but not with FC_, and has letters, "
                f"digits and _: '{name}'"
            )


def _check_size(settings: Settings) -> None:
    memory, cpu = settings["memorySize"], settings["cpu"]
    if memory % _MEMORY_STEP:
        raise invalid(f"memorySize must be a multiple of {_MEMORY_STEP} MB, not {memory}")
    if not _LEAST_CPU <= cpu <= _MOST_CPU or not _is_whole(cpu / _LEAST_CPU):
        raise invalid(
            f"cpu must be {_LEAST_CPU} to {_MOST_CPU} and a multiple of {_LEAST_CPU}, not {cpu}"
        )
    # The least and the most memory (in GB) for each vCPU.
    if not 1 - _ROUNDING <= memory / 1024 / cpu <= 4 + _ROUNDING:
        raise invalid(
            f"the ratio of cpu to memorySize (in GB) must be 1:1 to 1:4, not {cpu}:{memory / 1024}"
        )
    if settings["diskSize"] not in _DISKS:
        raise invalid(f"diskSize must be one of {_DISKS}, not {settings['diskSize']}")


def _is_whole(number: Any) -> bool:
    return bool(abs(number - round(number)) < _ROUNDING)
