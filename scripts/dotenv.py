"""The .env beside s.yaml, read as the Serverless Devs CLI reads it: what the shell has set wins."""

import re
from collections.abc import Mapping
from pathlib import Path

_LINE = re.compile(r"\s*(?:export\s+)?([\w.-]+)\s*=\s*(.*?)\s*")
_QUOTED = re.compile(r"""(['"`])(.*)\1\s*(?:#.*)?""")


def environment(path: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` over what the file at `path` sets; a file that is not there sets nothing."""
    if not path.is_file():
        return dict(environ)
    lines = path.read_text("utf-8").splitlines()
    assignments = (_LINE.fullmatch(line) for line in lines if not line.lstrip().startswith("#"))
    return {match[1]: _value(match[2]) for match in assignments if match} | dict(environ)


def _value(text: str) -> str:
    quoted = _QUOTED.fullmatch(text)
    return quoted[2] if quoted else text.partition("#")[0].rstrip()
