"""The command as a process of its own.

To import what a verb needs takes its time: from the first line on, being stopped is no traceback.
"""

import os
import signal
import sys
from types import FrameType

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _stop(_number: int, _frame: FrameType | None) -> None:
    """End at once, with the document that --json promises: no verb has begun."""
    said = b"stopped before it began"
    if "--json" in sys.argv:
        around = b'{"version": 1, "verb": null, "account_id": null, "region": null, "exit": 1, '
        _write(1, around + b'"error": "' + said + b'"}\n')
    _write(2, said + b"\n")
    os._exit(1)


def _write(stream: int, text: bytes) -> None:
    try:
        os.write(stream, text)
    except OSError:
        return  # the exit code tells it too


def _take_closed_streams() -> None:
    """Let no connection be what stdin, stdout or stderr is, where one of them was closed.

    What is put there can be used no more than that: it is opened for the other direction.
    """
    for stream, mode in enumerate((os.O_WRONLY, os.O_RDONLY, os.O_RDONLY)):
        try:
            os.fstat(stream)
        except OSError:
            os.open(os.devnull, mode)  # the lowest number that is free


_take_closed_streams()
for _each in _STOPS:
    if signal.getsignal(_each) is not signal.SIG_IGN:
        signal.signal(_each, _stop)
signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)  # what has come meanwhile comes now

if sys.flags.no_site:  # as scripts/resource-repair calls it, to come here the sooner
    import site

    site.main()
sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120

from scripts import cli  # noqa: E402

if __name__ == "__main__":
    _end = cli.main(*sys.argv[1:])
    for _each in _STOPS:
        signal.signal(_each, signal.SIG_IGN)
    sys.exit(_end)
