"""Says what this Python lacks to make a virtual environment, in one line; any Python can read it."""

import sys

VERSION = "%d.%d" % sys.version_info[:2]

if sys.version_info < (3, 10):
    sys.exit("This is Python %s, and 3.10 or newer is needed: make PYTHON=python3.12" % VERSION)

try:
    import ensurepip  # noqa: F401
    import venv  # noqa: F401
except ImportError:
    sys.exit(
        "Python %s lacks what makes virtual environments. Install the package python%s-venv "
        "(sudo apt install python%s-venv)" % (VERSION, VERSION, VERSION)
    )
