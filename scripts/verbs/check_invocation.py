"""Judge what `s invoke` printed, since it exits 0 even when the function raised.

    s invoke --event-file events/ignored_other_rule.json | tee invocation.txt
    scripts/resource-repair check-invocation invocation.txt --outcome ignored

Exit code 0 if the function answered what was expected, 1 if not.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from scripts import context
from scripts.account import audit_trail
from scripts.context import Check, Ended
from scripts.errors import UsageError
from scripts.outlet import stdin
from scripts.terminal import Console, Exit

# As the CLI's fc-remote-invoke prints it; then comes the answer, as console.log prints it, then
# an empty line, then whatever else the CLI has to say.
_RESULT = "FC Invoke Result:"
_LOGS = re.compile(r"= FC invoke Logs begin =+\n(.*)\n=+ FC invoke Logs end =", re.DOTALL)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# An error is answered as JSON, which console.log prints as a JavaScript object, without quotes.
_ERROR = re.compile(r"""['"]?\b(?:errorMessage|errorType|stackTrace)\b['"]?\s*:""")


@dataclass(frozen=True, kw_only=True)
class Options(context.Options):
    """What it takes."""

    output: Annotated[
        Path, Parameter(help="a file with what `s invoke` printed, or - for stdin")
    ] = field(kw_only=False)
    answer: Annotated[str, Parameter(help="what is expected; default: success"), "TEXT"] = "success"
    outcome: Annotated[str, Parameter(help="what every audit line must say"), "TEXT"] = ""


def mismatch(output: str, answer: str, outcome: str) -> str:
    """What is wrong with an invocation, in a line; "" if it answered `answer`.

    With an `outcome`, the function must also have written an audit line that says so.
    """
    text = _COLOUR.sub("", output).replace("\r\n", "\n")
    before, marker, after = text.rpartition(_RESULT)
    if not marker:
        return f"the function was not invoked, or the client says otherwise: {_last_line(text)}"
    answered = after.removeprefix("\n").partition("\n\n")[0].strip()
    if _ERROR.search(answered):
        return f"the function raised: {' '.join(answered.split())}"
    if answered.strip("'\"") != answer:
        return f"the function answered {answered!r}, and {answer!r} was expected"
    outcomes = _audited_outcomes(before)
    if outcome and set(outcomes) != {outcome}:
        return f"the audit lines say {outcomes or 'nothing'}, and {outcome!r} was expected"
    return ""


def _audited_outcomes(text: str) -> list[str]:
    logs = _LOGS.search(text)
    return [
        line.outcome
        for line in audit_trail.of_log((logs[1] if logs else "").encode(errors="replace"))
    ]


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "(nothing)"


@dataclass(frozen=True)
class Report:
    """Whether the invocation was as expected, and if not, why."""

    as_expected: bool
    why: str | None


def _check(console: Console, options: Options, _: Mapping[str, str]) -> Ended:
    path = str(options.output)
    try:
        text = stdin().read() if path == "-" else options.output.read_text("utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}): name another file") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is no text in UTF-8: name another file") from None
    wrong = mismatch(text, options.answer, options.outcome)
    report = Report(not wrong, wrong or None)
    if wrong:
        console.fail(wrong)
        return Ended(Exit.PROBLEM, report)
    console.say(f"the function answered {options.answer}")
    return Ended(Exit.DONE, report)


VERB = Check("check-invocation", __doc__ or "", Options, _check)
