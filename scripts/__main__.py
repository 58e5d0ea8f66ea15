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
    if "--json" in sys.argv:
        os.write(1, b'{"version": 1, "verb": null, "account_id": null, "region": null, "exit": 1, ')
        os.write(1, b'"error": "stopped before it began"}\n')
    os.write(2, b"stopped before it began\n")
    os._exit(1)


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
