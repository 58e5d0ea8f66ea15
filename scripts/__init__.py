"""The operator's side: what is declared, what is there, what follows, and what is done."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CODE = ROOT / "code"

# The build checks exemptions with the function's own module. Last on the path, since `code` is also
# the name of a module of the standard library.
if str(CODE) not in sys.path:
    sys.path.append(str(CODE))
