"""Pin the newest versions in pyproject.toml, and the newest certificate authorities in the bundle.

    python -m scripts.upkeep.refresh     # `make refresh` then locks them

Newest means: of those that go together, and run on Python 3.10, the oldest that the scripts run on.
What the function has for itself stays as it is, since it must run on Python 3.6; so does what is
pinned to be the same as there. Of certifi the function has the authorities alone, which are data.
Needs uv, and the index that it is configured for. Exit code 0, or that of uv.
"""

import re
import subprocess
import sys
from collections.abc import Mapping

from scripts import CODE, ROOT

AUTHORITIES = "certifi"
_PIN = r"(?<![\w.-])([A-Za-z][\w.-]*)==([\w.]+)"
_COMPILE = ("uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate")


def main() -> int:
    """Write both files; see above for exit codes."""
    project, function = ROOT / "pyproject.toml", CODE / "requirements" / "function.in"
    before, of_function = project.read_text("utf-8"), function.read_text("utf-8")
    try:
        newest = resolve(wanted(pins(before), pins(of_function)))
    except subprocess.CalledProcessError as error:
        return error.returncode
    project.write_text(with_pins(before, newest), "utf-8")
    authorities = {AUTHORITIES: newest[AUTHORITIES]}
    function.write_text(with_pins(of_function, authorities), "utf-8")
    return 0


def pins(text: str) -> dict[str, str]:
    """Each name that is pinned in a file, in any of its groups, and its version."""
    return dict(re.findall(_PIN, text))


def wanted(pinned: Mapping[str, str], of_function: Mapping[str, str]) -> list[str]:
    """What is asked for: names; those that are to be as the function has them by their version."""
    same = {name for name, version in of_function.items() if pinned.get(name) == version}
    return [f"{name}=={pinned[name]}" if name in same else name for name in pinned] + [AUTHORITIES]


def resolve(requirements: list[str]) -> dict[str, str]:
    """The newest versions that go together; raises CalledProcessError where uv finds none."""
    command = [*_COMPILE, "--python-version", "3.10", "-"]
    done = subprocess.run(
        command, input="\n".join(requirements), stdout=subprocess.PIPE, text=True, check=True
    )
    return pins(done.stdout)


def with_pins(text: str, newest: Mapping[str, str]) -> str:
    """The text with each pin moved to its newest version; what is beside it keeps its column."""

    def moved(found: "re.Match[str]") -> str:
        # uv writes names as the index does, in lower case.
        name, version, end, gap = found.groups("")
        new = newest.get(name, newest.get(name.lower(), version))
        column = len(version) + len(gap) - len(new) if gap else 0
        return f"{name}=={new}{end}" + " " * max(column, min(len(gap), 2))

    return re.sub(_PIN + r'(",)?( *)', moved, text)


if __name__ == "__main__":
    sys.exit(main())
