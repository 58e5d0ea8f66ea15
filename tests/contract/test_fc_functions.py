"""A function's processes: what they return, cold and warm, through errors, timeouts and updates."""

import io
import json
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scripts.localcloud.fc import instance
from scripts.localcloud.fc.code import Code
from scripts.localcloud.fc.errors import FcError
from tests.contract.fc_helpers import FUNCTION, SERVICE, FcCloud, cloud, deploy, run

__all__ = ["cloud"]


@pytest.mark.parametrize(
    ("expression", "payload"),
    [
        ("'\u00e9'", "\u00e9".encode()),
        ("b'\\xff'", b"\xff"),
        ("{'a': [1, None]}", b'{"a": [1, null]}'),
        ("None", b"null"),
    ],
)
def test_text_and_bytes_are_returned_as_they_are_and_the_rest_as_json(
    cloud: FcCloud, expression: str, payload: bytes
) -> None:
    """The answer's body is what the handler returned."""
    deploy(cloud, f"def handler(event, context):\n    return {expression}")

    assert cloud.fc.invoke(SERVICE, FUNCTION, b"").payload == payload


@pytest.mark.parametrize(
    ("source", "handler", "kind", "message"),
    [
        ("import nowhere", "index.handler", "ImportModuleError", "Unable to import module 'index'"),
        ("def", "index.handler", "UserCodeSyntaxError", "Syntax error in module 'index'"),
        ("", "index.run", "HandlerNotFound", "Handler 'run' is missing on module 'index'"),
        ("", "main.run", "ImportModuleError", "Unable to import module 'main'"),
        (
            "def handler(event, context): return {1}",
            "index.handler",
            "TypeError",
            "Object of type 'set' is not JSON serializable",
        ),
    ],
)
def test_a_handler_that_cannot_be_called_is_told_by_name(
    cloud: FcCloud, source: str, handler: str, kind: str, message: str
) -> None:
    """Whatever keeps a handler from answering is a function error with a name of its own."""
    deploy(cloud, source, handler=handler)

    description = json.loads(cloud.fc.invoke(SERVICE, FUNCTION, b"").payload)

    assert description["errorType"] == kind
    assert description["errorMessage"].replace("type set", "type 'set'") == message


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("time.sleep(60)", "Function timed out after 1 seconds"),
        ("os._exit(0)", "Process exited unexpectedly before completing request"),
        (
            "subprocess.Popen(['sleep', '60'], close_fds=False) and os._exit(0)",
            "Process exited unexpectedly before completing request",
        ),
        ("sys.exit()", "Process exited unexpectedly before completing request"),
    ],
)
def test_a_process_that_is_lost_is_an_error_and_is_replaced(
    cloud: FcCloud, statement: str, message: str
) -> None:
    """After a timeout or an exit the error says so, the log is kept, and the next run is cold."""
    source = (
        "import os, subprocess, sys, time\ndef handler(event, context):\n    print(os.getpid())\n"
    )
    deploy(cloud, source + f"    if event == b'lose':\n        {statement}", timeout=1)

    lost, next_one = (cloud.fc.invoke(SERVICE, FUNCTION, event) for event in ("lose", "go"))

    assert lost.error_type == "UnhandledInvocationError"
    assert json.loads(lost.payload)["errorMessage"].startswith(message)
    assert (next_one.cold, next_one.error_type) == (True, "")
    assert not alive(int(lost.log.splitlines()[1]))


def alive(process_id: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


COUNTER = """
    import os
    calls = []

    def handler(event, context):
        calls.append(1)
        return {"calls": len(calls), "process": os.getpid(), "label": %r}
"""


FILLING = """
    import os

    def handler(event, context):
        print(event.decode())
        beside = sorted(os.listdir(os.path.dirname(os.getcwd())))
        return [os.environ["FC_INSTANCE_ID"], os.fstat(1).st_size, beside]
"""


def test_a_warm_function_keeps_its_process_and_its_modules(cloud: FcCloud) -> None:
    """The first invocation is cold, the next ones use the same process, module state included."""
    deploy(cloud, COUNTER % "first")

    invocations = [cloud.fc.invoke(SERVICE, FUNCTION, b"") for _ in range(3)]

    assert [invocation.cold for invocation in invocations] == [True, False, False]
    assert [json.loads(invocation.payload)["calls"] for invocation in invocations] == [1, 2, 3]
    assert len(cloud.journal.entries("fc", "started", f"{SERVICE}/{FUNCTION}")) == 1


def test_what_was_printed_is_no_longer_on_the_disk(cloud: FcCloud) -> None:
    """A process that prints in run after run fills no file, and leaves none with a name."""
    deploy(cloud, FILLING)

    runs = [run(cloud, "x" * 1000) for _ in range(3)]

    assert len({process for process, _, _ in runs}) == 1
    assert len({size for _, size, _ in runs}) == 1
    assert runs[-1][2] == ["code"]
    assert cloud.fc.logs(SERVICE, FUNCTION).count("x" * 1000) == 3


def test_of_what_one_run_prints_the_end_is_kept(
    cloud: FcCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much it is, it is not all read into memory."""
    monkeypatch.setattr(instance, "_MOST_READ", 100)
    deploy(cloud, FILLING)

    run(cloud, "x" * 1000)

    kept = cloud.fc.logs(SERVICE, FUNCTION)
    assert (len(kept), kept[0], "FC Invoke End" in kept) == (100, "x", True)


@pytest.mark.parametrize("what", ["code", "configuration", "service"])
def test_an_update_retires_the_old_processes(cloud: FcCloud, what: str) -> None:
    """After a change of code, configuration or service the next run is cold, the old one gone."""
    deploy(cloud, COUNTER % "first")
    before = run(cloud)

    if what == "code":
        deploy(cloud, COUNTER % "second")
    elif what == "configuration":
        cloud.fc.resources.update_function(SERVICE, FUNCTION, {"environmentVariables": {"a": "b"}})
    else:
        cloud.fc.resources.update_service(SERVICE, {"description": "changed"})

    assert not alive(before["process"])
    after = run(cloud)
    assert (after["calls"], after["label"]) == (1, "second" if what == "code" else "first")


MEETING = """
    import os, time

    def handler(event, context):
        room = event.decode()
        open(os.path.join(room, context.request_id), "w").close()
        until = time.time() + 20
        while not os.path.exists(os.path.join(room, "end")) and time.time() < until:
            time.sleep(0.01)
"""


@pytest.mark.fidelity(24)
def test_invocations_at_once_have_a_process_each_and_those_above_the_limit_none(
    cloud: FcCloud, tmp_path: Path
) -> None:
    """Four invocations meet in four processes; a fifth gets 429, until there is room again."""
    cloud.fc.max_instances = 4
    deploy(cloud, MEETING)

    with ThreadPoolExecutor(4) as threads:
        futures = [
            threads.submit(cloud.fc.invoke, SERVICE, FUNCTION, str(tmp_path)) for _ in range(4)
        ]
        while len(list(tmp_path.iterdir())) < 4:
            assert not any(future.done() for future in futures)
        with pytest.raises(FcError) as refused:
            cloud.fc.invoke(SERVICE, FUNCTION, str(tmp_path))
        (tmp_path / "end").touch()
        invocations = [future.result() for future in futures]
    after = cloud.fc.invoke(SERVICE, FUNCTION, str(tmp_path))

    assert (refused.value.status, refused.value.code) == (429, "ResourceExhausted")
    assert len({invocation.instance_id for invocation in invocations}) == 4
    assert all(invocation.cold for invocation in invocations)
    assert not after.cold


def test_a_function_finds_its_package_and_no_other(cloud: FcCloud) -> None:
    """Modules beside the handler are found, and importing them writes nothing there."""
    source = """
        import os
        import helper

        def handler(event, context):
            return [helper.NAME, sorted(os.listdir(os.getcwd()))]
    """
    deploy(cloud, source, others={"helper": "NAME = 'beside'"})

    assert run(cloud) == ["beside", ["helper.py", "index.py"]]


def test_unpacking_keeps_times_and_modes_and_stays_inside(tmp_path: Path) -> None:
    """Files have the package's time (in UTC) and mode, and none lands outside the folder."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        item = zipfile.ZipInfo("tool", (2024, 5, 6, 7, 8, 10))
        item.external_attr = 0o750 << 16
        archive.writestr(item, "#!/bin/sh")
        archive.writestr(zipfile.ZipInfo("../../outside"), "")
        archive.writestr(zipfile.ZipInfo("/rooted"), "")

    folder = tmp_path / "a" / "b"
    Code(package.getvalue()).unpack(folder)

    tool = (folder / "tool").stat()
    assert (tool.st_mtime, tool.st_mode & 0o777) == (1714979290, 0o750)
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        "a",
        "b",
        "outside",
        "rooted",
        "tool",
    ]
    assert {path.parent for path in tmp_path.rglob("*") if path.is_file()} == {folder}


LINGERING = """
    import os, subprocess

    def handler(event, context):
        held = os.open(event.decode(), os.O_WRONLY)
        child = subprocess.Popen(["sleep", "60"], pass_fds=[held])
        os.write(held, os.environ["FC_FUNC_CODE_PATH"].encode() + b"\\n")
        child.wait()
"""


def test_stopping_the_cloud_leaves_no_process_and_no_file(cloud: FcCloud, tmp_path: Path) -> None:
    """A function at work is ended with its children, its caller told, its folder removed."""
    # Whoever can write to the pipe is alive: it ends when the last such process does.
    os.mkfifo(tmp_path / "pipe")
    deploy(cloud, LINGERING)
    with ThreadPoolExecutor(1) as threads:
        pending = threads.submit(cloud.fc.invoke, SERVICE, FUNCTION, str(tmp_path / "pipe"))
        with (tmp_path / "pipe").open() as pipe:
            folder = Path(pipe.readline().strip())
            assert folder.is_dir()

            cloud.fc.stop()

            assert pipe.read() == ""
        assert b"Process exited unexpectedly" in pending.result().payload
    assert not folder.parent.parent.exists()
    with pytest.raises(FcError, match="stopped"):
        cloud.fc.invoke(SERVICE, FUNCTION, b"")
