import io
from pathlib import Path

import pytest

from scripts import cli
from scripts.verbs import check_invocation

# As `s` 3.1.10 printed it, run with a component that prints what fc-remote-invoke does (read in its
# source): the answer goes through console.log, an error as the JavaScript object that it is.
BEGIN = (
    "Reading event file content:\n"
    "\x1b[33m\n========= FC invoke Logs begin =========\x1b[39m\n"
    "FC Invoke Start RequestId: 68f15da2-a453-4f7e-90d3-91198b76afbf\n"
)
END = (
    "FC Invoke End RequestId: 68f15da2-a453-4f7e-90d3-91198b76afbf\n\n"
    "Duration: 2.96 ms, Billed Duration: 3 ms, Memory Size: 128 MB, Max Memory Used: 10.83 MB\n"
    "\x1b[33m========= FC invoke Logs end =========\x1b[39m\n"
    "\n\x1b[32mFC Invoke instanceId:\x1b[0m c-1234\n"
    "\x1b[32m\nFC Invoke Result:\x1b[39m\n"
)
EPILOGUE = "\n\n\nEnd of method: invoke\n"
IGNORED = '{"event":"resource_repair","outcome":"ignored","reason":"another rule"}\n'
REPAIRED = '{"event":"resource_repair","outcome":"repaired","bucket":"a"}\n'
RAISED = """{
  errorMessage: 'bucket-a: denied',
  errorType: 'UnsettledError',
  stackTrace: [ [ 'File "/code/index.py", line 5, in handler', 'raise X' ] ]
}"""
TIMED_OUT = "{ errorMessage: 'Function timed out after 60 seconds (maxMemoryUsage: 30MB)' }"


def printed(answer: str, audit: str = IGNORED) -> str:
    """What the client prints for an invocation."""
    return BEGIN + audit + END + answer + EPILOGUE


@pytest.mark.parametrize(
    ("output", "outcome"),
    [
        (printed("success"), ""),
        (printed("success"), "ignored"),
        (printed("'success'"), "ignored"),
        (printed("success", IGNORED * 2), "ignored"),
        (printed("success", "FC Invoke Result:\nfail\n" + IGNORED), "ignored"),
    ],
)
def test_the_expected_answer_passes(output: str, outcome: str) -> None:
    """An invocation that answered as expected is fine, whatever else was printed."""
    assert check_invocation.mismatch(output, "success", outcome) == ""


@pytest.mark.parametrize(
    ("output", "says"),
    [
        (printed(RAISED), "the function raised: { errorMessage: 'bucket-a: denied'"),
        (printed(TIMED_OUT), "the function raised"),
        (printed('{"errorMessage": "x", "errorType": "y"}'), "the function raised"),
        (printed("fail"), "answered 'fail'"),
        (printed(""), "answered ''"),
        (printed("null"), "answered 'null'"),
        (printed("not success"), "answered 'not success'"),
        (printed("success\nand more"), "and more"),
        (printed("success", REPAIRED), "the audit lines say ['repaired']"),
        (printed("success", IGNORED + REPAIRED), "the audit lines say ['ignored', 'repaired']"),
        (printed("success", "no JSON\n[1]\n"), "the audit lines say nothing"),
        (BEGIN + "\nError Message:\nServiceNotFound: no such\n", "ServiceNotFound: no such"),
        ("", "(nothing)"),
    ],
)
def test_anything_else_fails_and_is_told(output: str, says: str) -> None:
    """An error, another answer, another outcome, or no answer at all is told in one line."""
    line = check_invocation.mismatch(output, "success", "ignored")
    assert says in line
    assert "\n" not in line


@pytest.mark.parametrize(("answer", "code"), [("success", 0), ("fail", 1)])
@pytest.mark.parametrize("by_stdin", [True, False])
def test_a_pipeline_sees_it_by_the_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, by_stdin: bool
) -> None:
    """The exit code is 0 for the expected answer and 1 for another, from a file or a pipe."""
    file = tmp_path / "invocation.txt"
    file.write_text(printed(answer), "utf-8")
    monkeypatch.setattr("sys.stdin", io.StringIO(printed(answer)))
    source = "-" if by_stdin else str(file)
    assert cli.run("check-invocation", source, "--outcome", "ignored") == code


def test_a_missing_file_is_misuse(tmp_path: Path) -> None:
    """Naming a file that is not there is neither success nor a verdict on the function."""
    assert cli.run("check-invocation", str(tmp_path / "absent.txt")) == 2
