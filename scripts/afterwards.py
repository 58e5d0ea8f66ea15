"""Cleaning up, however what comes before it ends.

In a `finally`, a refusal of the cleaning up would take the place of Ctrl-C, and whoever tries again
after a refusal would go on.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from scripts.errors import Problem
from scripts.terminal import aside


@contextmanager
def if_stopped(clean: Callable[[], object]) -> Iterator[None]:
    """Call `clean` where the block is stopped or fails, which goes on then.

    A Problem that `clean` raises is told in a line on stderr.
    """
    try:
        yield
    except BaseException:
        try:
            clean()
        except Problem as error:
            aside(str(error))
        raise


@contextmanager
def afterwards(clean: Callable[[], object]) -> Iterator[None]:
    """Call `clean` after the block: as `if_stopped`; else what it raises is raised."""
    with if_stopped(clean):
        yield
    clean()
