"""What is deployed is what is in the sources: whoever compares or brings it builds it first."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.declared import FunctionSpec
from scripts.errors import Problem


def build(function: FunctionSpec) -> str:
    """Build its code anew if that is the project's own bundle; gives what to say of a change.

    Raises Problem where it cannot be built.
    """
    from scripts.bundling import bundle, byte_code  # noqa: PLC0415  (a slow import)

    code = function.code
    if code.resolve() != (bundle.OUTPUT / "function.zip").resolve():
        return ""
    before = code.read_bytes() if code.is_file() else b""
    try:
        with _alone(bundle.OUTPUT):
            built = bundle.build(bundle.OUTPUT, runtime=function.runtime)
    except (bundle.BundleError, byte_code.BytecodeError) as error:
        raise Problem(f"no bundle: {error}") from None
    except OSError as error:
        raise Problem(
            f"no bundle can be written to {bundle.OUTPUT} ({error.strerror or error}): let it be "
            "written to, or name another s.yaml, with code that is built, by --spec"
        ) from None
    return "" if built.read_bytes() == before else f"built {code.name} anew, from the sources"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one run after the other build in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
