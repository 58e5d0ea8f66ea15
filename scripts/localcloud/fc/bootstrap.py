"""Runs inside a function's process: reads events from a channel, calls the handler, answers.

`instance.py` starts it as `python -B -S -s -u bootstrap.py <channel's descriptor> <code folder>`.
It must run on Python 3.6, and it imports no more than Function Compute's own runtime does, so that
a cold start costs here what it costs there: hence annotations are strings and nothing is `typing`.

A frame on the channel is a length in four bytes and so many bytes. An invocation is two frames:
JSON (`handler`, `context`, `environment`) and the event as it is. So is an answer: JSON (`failed`)
and the body. One empty frame comes first: ready. A message that has an `initializer` runs this, and
not the handler.
"""

import json
import logging
import os
import sys
import time
import traceback

# What is documented as the place of a function's code: errors name it, wherever the code is.
_CODE = "/code"


class _Channel:
    """Frames over an inherited file descriptor; a handler's own children do not inherit it."""

    def __init__(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)
        self._stream = os.fdopen(descriptor, "r+b", buffering=0)

    def receive(self) -> bytes:
        """The next frame; raises EOFError when the other end is gone."""
        return self._read(int.from_bytes(self._read(4), "big"))

    def send(self, frame: bytes) -> None:
        """Send a frame whole."""
        rest = memoryview(len(frame).to_bytes(4, "big") + frame)
        while rest:
            rest = rest[self._stream.write(rest) :]

    def _read(self, size: int) -> bytes:
        chunks = []
        while size:
            chunk = self._stream.read(size)
            if not chunk:
                raise EOFError
            chunks.append(chunk)
            size -= len(chunk)
        return b"".join(chunks)


class _Fields:
    """A JSON object as an object with attributes, as `context` is one."""

    def __init__(self, fields: "dict[str, object]") -> None:
        for name, value in fields.items():
            setattr(self, name, _Fields(value) if isinstance(value, dict) else value)


class _RequestId(logging.Filter):
    """Lets the log format name the invocation."""

    current = ""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the request id to a record."""
        record.request_id = self.current
        return True


class _Failure(Exception):  # noqa: N818  (never leaves this module)
    """A function error that the runtime names, not an exception of the handler's."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def _main(channel: _Channel, code: str) -> None:
    sys.path[0] = code  # in place of this file's own folder
    request_id = _start_logging()
    channel.send(b"")
    while True:
        try:
            message, event = json.loads(channel.receive().decode()), channel.receive()
        except EOFError:
            return
        request_id.current = message["context"]["request_id"]
        os.environ.update(message["environment"])
        context = _Fields(message["context"])
        if message.get("initializer"):
            failed, body = _run("Initialize", request_id.current, message, (context,), code)
        else:
            failed, body = _run("Invoke", request_id.current, message, (event, context), code)
        channel.send(json.dumps({"failed": failed}).encode())
        channel.send(body)


def _start_logging() -> _RequestId:
    """The root logger as the runtime sets it up: page "Print logs" of the Python runtimes."""
    formatter = logging.Formatter(
        "%(asctime)s.%(msecs)03dZ %(request_id)s [%(levelname)s] %(message)s", "%Y-%m-%dT%H:%M:%S"
    )
    formatter.converter = time.gmtime
    request_id = _RequestId()
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    handler.addFilter(request_id)
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.INFO)
    return request_id


def _run(
    phase: str,
    request_id: str,
    message: "dict[str, str]",
    arguments: "tuple[object, ...]",
    code: str,
) -> "tuple[bool, bytes]":
    """Whether the handler or the initializer failed, and the body of the answer."""
    print(f"FC {phase} Start RequestId: {request_id}")
    try:
        result = _call(message.get("initializer") or message["handler"], arguments)
        body = _body(result) if phase == "Invoke" else b""
        failed = False
    except Exception as error:  # whatever it is, it is the function's own
        description = _describe(error, code)
        logging.getLogger().error(description)
        body = description.encode()
        failed = True
    ending = ", Error: Unhandled function error" if failed else ""
    print(f"FC {phase} End RequestId: {request_id}{ending}")
    sys.stdout.flush()
    sys.stderr.flush()
    return failed, body


def _call(handler: str, arguments: "tuple[object, ...]") -> object:
    """Call the function that `module.function` names; its module is imported on first use."""
    module, _, name = handler.rpartition(".")
    try:
        __import__(module)
    except SyntaxError as error:
        raise _Failure("UserCodeSyntaxError", f"Syntax error in module '{module}'") from error
    except Exception as error:
        raise _Failure("ImportModuleError", f"Unable to import module '{module}'") from error
    function = getattr(sys.modules[module], name, None)
    if function is None:
        raise _Failure("HandlerNotFound", f"Handler '{name}' is missing on module '{module}'")
    return function(*arguments)


def _body(result: object) -> bytes:
    if isinstance(result, bytes):
        return result
    text = result if isinstance(result, str) else json.dumps(result)
    return text.encode()


def _describe(error: Exception, code: str) -> str:
    """The error as its callers see it: page "Error handling" of the Python runtimes."""
    kind = error.kind if isinstance(error, _Failure) else type(error).__name__
    origin = error.__cause__ if isinstance(error, _Failure) and error.__cause__ else error
    trace = [
        [
            f'File "{frame.filename.replace(code, _CODE)}"',
            f"line {frame.lineno}",
            f"in {frame.name}",
            frame.line or "",
        ]
        for frame in traceback.extract_tb(origin.__traceback__)
        if frame.filename != __file__ and not frame.filename.startswith("<frozen ")
    ]
    if origin is not error:
        last = "".join(traceback.format_exception_only(type(origin), origin))
        trace.append(last.strip().replace(code, _CODE).split("\n"))
    fields = {"errorMessage": str(error), "errorType": kind, "stackTrace": trace}
    return json.dumps(fields, indent=4)


if __name__ == "__main__":
    _main(_Channel(int(sys.argv[1])), sys.argv[2])
