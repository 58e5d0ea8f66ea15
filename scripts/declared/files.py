"""Files of the project that verbs write: what keeps them from it is told in a line."""

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.errors import Problem


def check_writable(path: Path) -> None:
    """Raise Problem where no new file could take this one's place, as far as that shows before."""
    with writing(path), tempfile.TemporaryFile(dir=path.resolve().parent):
        pass


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raise Problem for what the system refuses while the file is written."""
    try:
        yield
    except OSError as error:
        raise Problem(
            f"{path} cannot be written ({error.strerror or error}): make its folder one that you "
            "may write to and that has room, and run again"
        ) from None


def replace(path: Path, text: str) -> None:
    """Have the file say that. What it said before stays, whole, until all of the new one is there.

    A link stays one, and so does what is no file, such as a terminal. Raises OSError.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")
        return
    scratch = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    try:
        with scratch.open("x", encoding="utf-8") as file:
            file.write(text)
        if path.exists():
            scratch.chmod(path.stat().st_mode)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
