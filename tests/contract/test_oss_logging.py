"""No setting of logging tells what signs a request."""

import http.client
import http.server
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import oss2
import pytest

from resource_repair import errors
from tests.contract.gateway_rig import (
    CREDENTIALS,
    INFO,
    Answer,
    Server,
    bucket,
    closed,
    error,
    server,
)

__all__ = ["closed", "server"]


class Told(logging.Handler):
    """A handler that keeps all that reaches it."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record's text."""
        self.lines.append(record.getMessage())


@contextmanager
def told_everything() -> Iterator[list[str]]:
    """Every logger that there is, and that oss2 may ask for, at DEBUG: what they say."""
    told = Told()
    root = logging.getLogger()
    names = [
        *(f"oss2.{name}" for name in ("api", "auth", "http", "models", "utils", "xml_utils")),
        *[name for name in logging.Logger.manager.loggerDict if name.startswith("oss2")],
        *("oss2", "urllib3", "http.client"),
    ]
    loggers = [root, *map(logging.getLogger, names)]
    before = [(each, each.level, each.disabled, each.propagate, each.handlers) for each in loggers]
    disabled = root.manager.disable
    try:
        logging.disable(logging.NOTSET)
        for each in loggers:
            each.setLevel(logging.DEBUG)
            each.disabled, each.propagate, each.handlers = False, True, [told]
            each.filters.clear()
        yield told.lines
    finally:
        logging.disable(disabled)
        for each, level, off, propagate, handlers in before:
            each.setLevel(level)
            each.disabled, each.propagate, each.handlers = off, propagate, handlers


def test_no_setting_of_logging_tells_a_credential(
    server: Server, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Set before the client was made or after, by level, handler, oss2's own function or
    http.client's debug level: no token, key, secret or signature is written.
    """
    server.answer = Answer(body=INFO)
    early = bucket(server.url)
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    with told_everything() as told:
        oss2.set_stream_logger(level=logging.DEBUG)
        logging.getLogger("oss2").addHandler(Told())
        for each in (early, bucket(server.url)):
            each.read()
            each.write_acl("private")
        logging.getLogger("oss2.api").debug("this one is heard")
    signed = [headers["authorization"] for _, _, headers in server.asked]
    signatures = [header.rpartition("=")[2] for header in signed]
    written = "".join([*told, *capfd.readouterr()])
    assert "this one is heard" in written
    assert len(signatures) == 4
    for secret in (*CREDENTIALS, *signatures):
        assert secret not in written


def test_no_credential_reaches_a_log_or_a_reason(
    server: Server, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """With every logger at DEBUG, and an OSS that echoes what was signed, no secret is written."""
    echo = f"<StringToSign>{CREDENTIALS.security_token}</StringToSign>"
    message = f"{CREDENTIALS.access_key_secret} {CREDENTIALS.security_token}"
    reasons = []
    with caplog.at_level(logging.DEBUG):
        for code in (
            "SignatureDoesNotMatch",
            f"Odd{CREDENTIALS.security_token}<i/>",
            "InternalError",
        ):
            server.answer = error(500 if code == "InternalError" else 403, code, echo, message)
            with pytest.raises(errors.BucketError) as raised:
                bucket(server.url).write_acl("private")
            reasons.append(str(raised.value))
    printed = caplog.text + "".join(capfd.readouterr()) + "".join(reasons)
    for secret in CREDENTIALS:
        assert secret not in printed
