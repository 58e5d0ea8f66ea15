"""What a log store's index must have for audit lines to be found in it."""

from typing import Any

from scripts.account.permission import Permission

PROJECTS = "acs:log:{region}:{account}:project/*"
GET_INDEX = Permission("log:GetIndex", PROJECTS)

_FIELD = "message"  # what a function prints is in this field; page "Log fields"
_QUOTE = '"'  # between it and the next stand the words of an audit line, which is JSON


def finds_audit_lines(index: Any) -> bool:
    """Whether an index, as the SDK describes it, covers what functions print, word by word.

    Data structure "Index": `line` is the index of whole logs, which may be limited to some fields.
    """
    line = index.line
    if line is None:
        return False
    covered = _FIELD in (line.include_keys or [_FIELD]) and _FIELD not in (line.exclude_keys or ())
    return covered and (line.token is None or _QUOTE in line.token)
