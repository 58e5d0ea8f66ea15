"""What follows a `|`: SQL over the logs that were found, as far as SQLite speaks it too.

Page "Log analysis": a column is a field whose index has statistics switched on (`doc_value`); one
inside JSON is quoted ("message.bucket"), and its own index must have them. The table is `log`, and
need not be named.
"""

import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence

from .errors import LogError
from .index import Index, text_at
from .logs import Log

Row = dict[str, str]

_LONGEST_ANSWER = 100
_QUOTED = re.compile(r'"([^"]*)"')
_FROM = re.compile(r"\bfrom\b", re.IGNORECASE)
# Where SQL would have its table, before what follows the columns.
_COLUMNS_END = re.compile(r"\b(where|group\s+by|having|order\s+by|limit)\b|$", re.IGNORECASE)
_OPERATORS = {"&&": " and ", "||": " or "}


def rows(statement: str, logs: Iterable[Log], index: Index) -> list[Row]:
    """What a statement makes of logs, each value as text; raises LogError if it cannot be run."""
    columns = _columns(index)
    for name in _QUOTED.findall(statement):
        if name not in columns:  # SQLite would take it for a text
            raise LogError("ParameterInvalid", f"Column '{name}' cannot be resolved")
    values = [[_value(log, index, name) for name in columns] for log in logs]
    return [dict(row) for row in _run(_with_table(statement), columns, values)]


def holds(condition: str, row: Mapping[str, str]) -> bool:
    """Whether a row meets a condition such as `lines == 0 && x > 1`; raises LogError.

    Page "Syntax of trigger conditions in alert rules": what looks like a number is one.
    """
    for ours, sql in _OPERATORS.items():
        condition = condition.replace(ours, sql)
    values = [_as_number(value) for value in row.values()]
    (found,) = _run(f"select ({condition}) as met from log", list(row), [values])  # noqa: S608
    return found["met"] == "1"


def _with_table(statement: str) -> str:
    if _FROM.search(statement):
        return statement
    end = _COLUMNS_END.search(statement)
    at = end.start() if end else len(statement)
    return f"{statement[:at]} from log {statement[at:]}"


def _columns(index: Index) -> list[str]:
    """The names of what can be counted by."""
    found = []
    for name, config in (index.settings.get("keys") or {}).items():
        if config.get("type") == "json":
            inside = (config.get("json_keys") or {}).items()
            found += [f"{name}.{inner}" for inner, key in inside if key.get("doc_value")]
        elif config.get("doc_value"):
            found.append(name)
    return found


def _value(log: Log, index: Index, name: str) -> str | None:
    """A column of a log, of which its own index knows as much as it did when it was written."""
    found = index.find(name) if log.index and log.index.find(name) else None
    if found is None:
        return None
    _, field, path = found
    text = log.value(field)
    return None if text is None else text_at(text, path)


def _run(
    statement: str, columns: Sequence[str], values: Sequence[Sequence[object]]
) -> list[dict[str, str]]:
    quoted = [f'"{name}"' for name in columns] or ['"__none__"']
    filled = [list(row) or [None] for row in values]
    database = sqlite3.connect(":memory:")
    database.create_function("regexp_like", 2, _regexp_like, deterministic=True)
    try:
        database.execute(f"create table log ({', '.join(quoted)})")
        marks = ", ".join("?" * len(quoted))
        database.executemany(f"insert into log values ({marks})", filled)  # noqa: S608  (marks)
        answer = database.execute(statement)
        names = [each[0] for each in answer.description]
        return [_row(names, row) for row in answer.fetchmany(_LONGEST_ANSWER)]
    except sqlite3.Error as error:
        raise LogError("ParameterInvalid", f"{error}") from error
    finally:
        database.close()


def _regexp_like(text: str | None, pattern: str) -> bool | None:
    """Page "Regular expression functions": RE2, whose `$` takes no line break before the end."""
    if text is None:
        return None
    return re.search(re.sub(r"\$\Z", r"\\Z", pattern), text) is not None


def _row(names: Sequence[str], values: Sequence[object]) -> Row:
    pairs = zip(names, values, strict=True)
    return {name: "null" if value is None else str(value) for name, value in pairs}


def _as_number(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text
