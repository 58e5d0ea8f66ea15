"""Says in one line what this Python lacks to install with; any Python can read this."""

import sys

VERSION = ".".join(map(str, sys.version_info[:2]))

if sys.version_info < (3, 10):  # noqa: UP036
    sys.exit("This is Python " + VERSION + "; name one from 3.10 on: make PYTHON=python3.12")

try:
    import ensurepip  # noqa: F401
    import venv  # noqa: F401
except ImportError:
    PACKAGE = "python" + VERSION + "-venv"
    sys.exit(
        "This Python " + VERSION + " cannot make a virtual environment. "
        "Install the package " + PACKAGE + " (sudo apt install " + PACKAGE + ")"
    )
