"""What the function is told: its environment variables, and the runtime's context.

The one module that reads `os.environ`.
"""

import logging
import os
import re
from typing import Any, Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Tuple

from resource_repair.remediations import ACL, REMEDIATIONS, named
from resource_repair.values import ENFORCE, REPORT, Credentials, Invocation

DEFAULT_ENDPOINT = "https://oss-{region}.aliyuncs.com"

PAUSED = "paused"  # has a value as long as `resource-repair pause` puts one brake on all
_RULE_ID = re.compile(r"cr-[0-9A-Za-z-]{1,64}", re.ASCII)
# Lower case and without white space: clients differ in what they make of anything else.
_ENDPOINT = re.compile(r"(https?)://([a-z0-9-]+(?:\.[a-z0-9-]+)*)(?::([0-9]{1,5}))?/?", re.ASCII)
_SUCH_AS = "cr-a6129bc09da7009675a0"
_PARTS = 2  # after a remediation's name: its rules, its mode
_LEVELS = {name: getattr(logging, name) for name in ("DEBUG", "INFO", "WARNING", "ERROR")}
_NONE = "none"
BLOCK, BOTH = "block", "both"  # what `close` may be instead of acl
_TELL = "tell"
# Of logs, of messages too large for a topic, of trails: whoever writes there must go on.
NEVER_BLOCK = "*-log,*-logs,log-*,logs-*,*-log-*,*-logs-*,*oversized*,*trail*"
_GLOB = re.compile(r"[a-z0-9*?-]{1,63}", re.ASCII)
_DAYS = re.compile(r"[0-9]{1,3}", re.ASCII)
_LONGEST_TAG_KEY = 64  # characters. OSS, "PutBucketTagging"
_TAG_DAYS, _MOST_TAG_DAYS = 7, 90
_LARGEST_PORT = 65535
_OCTETS, _LARGEST_OCTET = 4, 255  # of an IPv4 address
_DEFAULT_TIMEOUT = 3.0  # seconds; Function Compute's own default


class ExemptTag(NamedTuple):
    """The key of the tag that exempts, and how many days ahead its date may be."""

    key: str
    days: int


class Assignment(NamedTuple):
    """The rules whose findings a remediation, by its name, is for; and its mode."""

    remediation: str
    rule_ids: FrozenSet[str]
    mode: str


class Ways(NamedTuple):
    """How else than by its ACL alone a bucket is closed, by Block Public Access.

    `close` is how one with a public ACL is; with `policy` one that its policy makes public is, too.
    Those whose names `never` matches, as globs, are not.
    """

    close: str
    policy: bool
    never: Tuple[str, ...]


class Settings(NamedTuple):
    """The function's configuration. `problems` names what is wrong with it; empty is well.

    `rule_ids` and `mode` are those of the ACL, `others` those of further remediations; that is None
    where it cannot be read. `ways` is None where the ACL alone closes.
    """

    rule_ids: FrozenSet[str]
    mode: str
    endpoint: str
    log_level: int
    problems: Tuple[str, ...] = ()
    exempt_tag: Optional[ExemptTag] = None
    others: Optional[Tuple[Assignment, ...]] = ()
    ways: Optional[Ways] = None

    @property
    def assigned(self) -> Tuple[Assignment, ...]:
        """Which remediation is for which rules; nothing where any rule could be one's."""
        if not self.rule_ids or self.others is None:
            return ()
        return (Assignment(ACL, self.rule_ids, self.mode), *self.others)

    def mode_of(self, remediation: str) -> str:
        """The mode of a remediation; of one that is not on, and of none, that of the ACL."""
        modes = {each.remediation: each.mode for each in self.others or ()}
        return modes.get(remediation, self.mode)


def environment() -> Dict[str, str]:
    """A copy of the process's environment."""
    return dict(os.environ)


def load(environ: Mapping[str, str]) -> Settings:
    """The settings in `environ`.

    Never raises: a misconfigured function must still read its messages, to know which to keep.
    """
    problems = []
    rule_ids, problem = _rule_ids(environ.get("prepareRuleId", ""))
    problems.append(problem)
    # Absent is the default; empty is a slip, and no reason to guess the mode that changes buckets.
    mode = environ.get("repairMode", ENFORCE)
    if mode not in (ENFORCE, REPORT):
        problems.append(f"repairMode must be {ENFORCE} or {REPORT}")
    endpoint = environ.get("ossEndpoint", DEFAULT_ENDPOINT)
    problems.append(_endpoint_problem(endpoint))
    exempt_tag, problem = _exempt_tag(environ)
    problems.append(problem)
    others, problem = _others(environ.get("remediations", _NONE), rule_ids)
    problems.append(problem)
    ways, problem = _ways(environ)
    problems.append(problem)
    if others and mode == REPORT and environ.get(PAUSED):
        others = tuple(each._replace(mode=REPORT) for each in others)
    return Settings(
        rule_ids=rule_ids,
        mode=mode,
        endpoint=endpoint,
        # A slip in how much is logged is no reason to leave a bucket open.
        log_level=_LEVELS.get(environ.get("logLevel", "").upper(), logging.INFO),
        problems=tuple(problem for problem in problems if problem),
        exempt_tag=exempt_tag,
        others=others,
        ways=ways,
    )


def invocation(context: Any, environ: Mapping[str, str]) -> Invocation:
    """What the context says. It has no credentials on Function Compute 3.0: the environment has."""
    return Invocation(
        request_id=_attribute(context, "request_id"),
        account_id=_attribute(context, "account_id"),
        region=_attribute(context, "region"),
        timeout=_timeout(context),
        credentials=_credentials(context, environ),
    )


def _rule_ids(text: str) -> Tuple[FrozenSet[str], str]:
    ids = [part.strip() for part in text.split(",") if part.strip()]
    if not ids:
        return frozenset(), "prepareRuleId is not set"
    if not all(_RULE_ID.fullmatch(each) for each in ids):
        return frozenset(), f"prepareRuleId must be rule ids such as {_SUCH_AS}"
    return frozenset(ids), ""


def _others(text: str, rule_ids: FrozenSet[str]) -> Tuple[Optional[Tuple[Assignment, ...]], str]:
    """What `remediations` says: `name:cr-id,cr-id:mode;…`; a mode and its colon may be left out."""
    others: List[Assignment] = []
    taken = rule_ids
    if text.strip() in ("", _NONE):
        return (), ""
    for entry in text.split(";"):
        name, *rest = [part.strip() for part in entry.split(":")]
        if name == ACL:
            return None, "remediations must not name acl, whose rules are those of prepareRuleId"
        if name not in REMEDIATIONS:
            known = ", ".join(each for each in REMEDIATIONS if each != ACL)
            return None, f"remediations must be of these, as name:cr-id,cr-id:mode;…: {known}"
        if any(name == each.remediation for each in others):
            return None, f"remediations must name {name} once, with all its rules"
        ids, problem = _rule_ids(rest[0] if rest else "")
        if problem:
            return None, f"remediations must give {name} rule ids such as {_SUCH_AS}"
        if taken & ids:
            twice = min(taken & ids)
            return None, f"remediations must not give the rule {twice} to two, or to acl as well"
        mode = rest[1] if len(rest) > 1 else named(name).default_mode
        if mode not in (ENFORCE, REPORT) or len(rest) > _PARTS:
            return None, f"remediations must give {name} the mode {ENFORCE} or {REPORT}, or none"
        others.append(Assignment(name, ids, mode))
        taken |= ids
    return tuple(others), ""


def _ways(environ: Mapping[str, str]) -> Tuple[Optional[Ways], str]:
    close, policy = environ.get("close", ACL), environ.get("policyPublic", _TELL)
    if close not in (ACL, BLOCK, BOTH):
        return None, f"close must be {ACL}, {BLOCK} or {BOTH}"
    if policy not in (_TELL, BLOCK):
        return None, f"policyPublic must be {_TELL} or {BLOCK}"
    text = environ.get("neverBlock", NEVER_BLOCK)
    never = [] if text == _NONE else [part.strip() for part in text.split(",")]
    if _NONE in never or not all(_GLOB.fullmatch(each) for each in never):
        return None, f"neverBlock must be {_NONE}, or names of buckets with * and ? as in *-logs,*"
    asked = close != ACL or policy == BLOCK
    return (Ways(close, policy == BLOCK, tuple(never)) if asked else None), ""


def _exempt_tag(environ: Mapping[str, str]) -> Tuple[Optional[ExemptTag], str]:
    key = environ.get("exemptTag", _NONE)
    days = environ.get("exemptTagDays", str(_TAG_DAYS))
    if key in ("", _NONE):
        return None, ""
    # What is printed goes into the audit line's reason as it is.
    if len(key) > _LONGEST_TAG_KEY or not key.isprintable():
        return None, f"exemptTag must be a tag's key, of {_LONGEST_TAG_KEY} characters at most"
    if not (_DAYS.fullmatch(days) and 1 <= int(days) <= _MOST_TAG_DAYS):
        return None, f"exemptTagDays must be a number of days from 1 to {_MOST_TAG_DAYS}"
    return ExemptTag(key, int(days)), ""


def _endpoint_problem(template: str) -> str:
    """Why the template is no endpoint, or the empty string."""
    match = _ENDPOINT.fullmatch(template.replace("{region}", "cn-shanghai"))
    if not match:
        return "ossEndpoint must be https://<host>, in lower case, with {region} or without"
    scheme, host, port = match.groups()
    if port and not 0 < int(port) <= _LARGEST_PORT:
        return "ossEndpoint has a port that there is not"
    if scheme == "http" and not _is_loopback(host):
        return "ossEndpoint must be https: plain http is for loopback alone"
    return ""


def _is_loopback(host: str) -> bool:
    parts = host.split(".")
    numbers = [int(part) for part in parts if part.isdigit() and int(part) <= _LARGEST_OCTET]
    return host == "localhost" or (len(parts) == len(numbers) == _OCTETS and parts[0] == "127")


def _attribute(context: Any, name: str) -> str:
    value = getattr(context, name, None)
    return "" if value is None else str(value)


def _timeout(context: Any) -> float:
    value = getattr(getattr(context, "function", None), "timeout", None)
    try:
        seconds = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return _DEFAULT_TIMEOUT
    return seconds if seconds > 0 else _DEFAULT_TIMEOUT


def _credentials(context: Any, environ: Mapping[str, str]) -> Optional[Credentials]:
    given = getattr(context, "credentials", None)
    found = Credentials(
        _attribute(given, "access_key_id"),
        _attribute(given, "access_key_secret"),
        _attribute(given, "security_token"),
    )
    if not (found.access_key_id and found.access_key_secret):
        found = Credentials(
            environ.get("ALIBABA_CLOUD_ACCESS_KEY_ID", ""),
            environ.get("ALIBABA_CLOUD_ACCESS_KEY_SECRET", ""),
            environ.get("ALIBABA_CLOUD_SECURITY_TOKEN", ""),
        )
    return found if found.access_key_id and found.access_key_secret else None
