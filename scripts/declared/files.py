"""Files of the project that verbs write: what keeps them from it is told in a line."""

import tempfile
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
