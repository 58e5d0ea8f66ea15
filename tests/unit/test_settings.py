"""What the function is told by its environment and its context."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from resource_repair import settings
from resource_repair.values import Credentials, Invocation

GIVEN = {"access_key_id": "id", "access_key_secret": "secret", "security_token": "token"}
ENVIRON = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": "its id",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "its secret",
    "ALIBABA_CLOUD_SECURITY_TOKEN": "its token",
}


def credentials(given: dict[str, str], environ: dict[str, str]) -> Credentials | None:
    """Those of an invocation."""
    context = SimpleNamespace(credentials=SimpleNamespace(**given))
    return settings.invocation(context, environ).credentials


def test_the_context_s_credentials_count_before_the_environment_s() -> None:
    """They are the invocation's own."""
    assert credentials(GIVEN, ENVIRON) == Credentials("id", "secret", "token")


@pytest.mark.parametrize("missing", ["access_key_id", "access_key_secret"])
def test_half_a_credential_is_none(missing: str) -> None:
    """An id without its secret, or a secret without its id, signs nothing: the other source may."""
    half = {**GIVEN, missing: ""}
    assert credentials(half, ENVIRON) == Credentials("its id", "its secret", "its token")
    half_environ = {**ENVIRON, f"ALIBABA_CLOUD_{missing.upper()}": ""}
    assert credentials({}, half_environ) is None
    del half_environ[f"ALIBABA_CLOUD_{missing.upper()}"]
    assert credentials(half, half_environ) is None


def test_a_credential_needs_no_token() -> None:
    """That of a user has none; and none is made up, nor taken from the other source."""
    assert credentials({**GIVEN, "security_token": ""}, ENVIRON) == Credentials("id", "secret", "")
    without = {name: value for name, value in ENVIRON.items() if "TOKEN" not in name}
    assert credentials({}, without) == Credentials("its id", "its secret", "")


@pytest.mark.parametrize(
    ("given", "seconds"),
    [(60, 60), ("60", 60), (0.5, 0.5), (0, 3), (-1, 3), (None, 3), ("sixty", 3)],
)
def test_the_time_is_the_function_s_or_the_platform_s_default(given: Any, seconds: float) -> None:
    """A time that is none is taken for Function Compute's own three seconds."""
    context = SimpleNamespace(function=SimpleNamespace(timeout=given))
    assert settings.invocation(context, {}).timeout == seconds


def test_an_invocation_is_what_the_context_says() -> None:
    """As text, and empty where it does not say."""
    context = SimpleNamespace(request_id="request-1", account_id=1208863178610000, region="cn-x")
    told = settings.invocation(context, {})
    assert told == Invocation("request-1", "1208863178610000", "cn-x", 3, None)
    assert settings.invocation(None, {}) == Invocation("", "", "", 3, None)
    unknown = SimpleNamespace(request_id=None, account_id=None, region=None, function=None)
    assert settings.invocation(unknown, {}) == Invocation("", "", "", 3, None)


def test_rule_ids_stand_between_commas() -> None:
    """With or without space around them, and whatever comma is too many."""
    config = settings.load({"prepareRuleId": " cr-1 ,cr-2, ,"})
    assert (config.rule_ids, config.problems) == ({"cr-1", "cr-2"}, ())


@pytest.mark.parametrize(
    ("told", "level"),
    [
        ("DEBUG", logging.DEBUG),
        ("debug", logging.DEBUG),
        ("INFO", logging.INFO),
        ("WARNING", logging.WARNING),
        ("ERROR", logging.ERROR),
        ("CRITICAL", logging.INFO),
        ("", logging.INFO),
    ],
)
def test_a_log_level_is_one_of_four(told: str, level: int) -> None:
    """In any case; anything else is INFO, and nothing is misconfigured by it."""
    config = settings.load({"prepareRuleId": "cr-1", "logLevel": told})
    assert (config.log_level, config.problems) == (level, ())
    assert settings.load({}).log_level == logging.INFO


@pytest.mark.parametrize(
    ("name", "value", "fine"),
    [
        ("prepareRuleId", "cr-" + "a" * 64, True),
        ("prepareRuleId", "cr-" + "a" * 65, False),
        ("prepareRuleId", "cr-", False),
        ("prepareRuleId", "cr-a_b", False),
        ("prepareRuleId", "cr-\u0661", False),
        ("ossEndpoint", "https://oss.example.com:65535", True),
        ("ossEndpoint", "https://oss.example.com:65536", False),
        ("ossEndpoint", "https://oss.example.com:000443", False),
        ("ossEndpoint", "https://oss.example.com:1", True),
        ("ossEndpoint", "https://oss.example.com:", False),
        ("ossEndpoint", "http://127.0.0.255", True),
        ("ossEndpoint", "http://127.0.0.0.1", False),
        ("ossEndpoint", "http://127.0.1", False),
        ("ossEndpoint", "http://10.0.0.1", False),
        ("ossEndpoint", "http://126.0.0.1", False),
        ("ossEndpoint", "http://localhost", True),
        ("exemptTag", "k" * 64, True),
        ("exemptTagDays", "1", True),
        ("exemptTagDays", "90", True),
        ("exemptTagDays", "007", True),
        ("exemptTagDays", "\u00b2", False),
        ("exemptTagDays", "", False),
        ("repairMode", "report", True),
    ],
)
def test_each_setting_is_taken_to_its_bound(name: str, value: str, fine: bool) -> None:
    """And not beyond; what is refused is named by its variable, and nothing is raised."""
    environ = {"prepareRuleId": "cr-1", "exemptTag": "exempt-until", name: value}
    problems = settings.load(environ).problems
    assert [problem.split()[0] for problem in problems] == ([] if fine else [name])
