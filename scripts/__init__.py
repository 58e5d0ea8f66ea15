"""The operator's side: what is declared, what is there, what follows, and what is done."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CODE = ROOT / "code"

# The build checks exemptions with the function's own module. Last on the path, since `code` is also
# the name of a module of the standard library.
if str(CODE) not in sys.path:
    sys.path.append(str(CODE))


def version() -> str:
    """The version of this project, which pyproject.toml alone has."""
    (found,) = re.findall(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.M)
    return str(found)
