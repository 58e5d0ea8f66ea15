"""What is wrong with the settings that a deploy takes from outside, before it is done."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from resource_repair.remediations import ACL, REMEDIATIONS
from scripts.declared.model import Generation

RULE_ID = "PREPARE_RULE_ID"
_UNMADE = "cr-not-known-yet-"  # stands for the id of a rule that is still to be made
ENDPOINT, SWITCH = "s_default_fc_endpoint", "s_default_enable_fc_endpoint"
FC3_ENDPOINT = "FC_CLIENT_CUSTOM_ENDPOINT"  # of the client's component fc3, else its own: https
_HOST = re.compile(r"https?://([^/]+)\.([a-z0-9-]+)\.fc\.aliyuncs\.com/?")
_LOOPBACK = {"127.0.0.1", "localhost"}
_ID = re.compile(r"cr-[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
HOW = (
    "`scripts/resource-repair provision` writes it to .env, or put the id of the Cloud Config rule "
    "there yourself"
)
_WHERE = (
    "it stands in the Cloud Config console, on the rule's page, and looks like cr-b9046457e0d9..."
)


def variable(remediation: str) -> str:
    """The variable of the environment that has the ids of a remediation's rules."""
    return RULE_ID if remediation == ACL else f"{remediation.upper().replace('-', '_')}_RULE_ID"


_FURTHER = {variable(name): f"{_UNMADE}{name}" for name in REMEDIATIONS if name != ACL}
FURTHER = tuple(_FURTHER)


def unmade(ids: Iterable[str]) -> bool:
    """Whether there is one among them that only stands for an id."""
    return any(each in _FURTHER.values() for each in ids)


def filled(environ: Mapping[str, str]) -> dict[str, str]:
    """The same, with what stands for an id where there is none yet: the rest can be looked at."""
    known = {RULE_ID: "", **environ}
    return {**known, **{name: known.get(name) or stands for name, stands in _FURTHER.items()}}


def problem(value: str, told: str = RULE_ID) -> str:
    """What is wrong with this list of rule ids, separated by commas, in a line; "" if nothing.

    `told` is how it is named, such as the `dotenv.place` at which it is set.
    """
    if not value.strip():
        return f"{RULE_ID} is not set: {HOW}; {_WHERE}"
    if "${" in value:
        return f"{told} is the unresolved text {value!r}: set it to the rule's id; {_WHERE}"
    for part in value.split(","):
        if not _ID.fullmatch(part.strip()):
            return (
                f"{told} has {part.strip()!r}, which is no rule id (a rule's name, perhaps?): "
                f"set it to the id; {_WHERE}"
            )
    return ""


def endpoint_place(environ: Mapping[str, str]) -> tuple[str, str] | None:
    """Account and region that the CLI's endpoint is of; None if that tells neither."""
    endpoint = _HOST.fullmatch(environ.get(ENDPOINT, ""))
    return (endpoint[1], endpoint[2]) if endpoint and environ.get(SWITCH) == "true" else None


def elsewhere(
    environ: Mapping[str, str],
    account: str,
    region: str,
    generation: Generation = Generation.FC2,
) -> str:
    """Why the CLI would deploy to another account or region, in a line; "" if it would not.

    `account` is that of its keys, empty if it is not known.
    """
    name, remedy = ENDPOINT, "`scripts/resource-repair provision` writes it to .env"
    found = endpoint_place(environ)
    if generation is Generation.FC3:
        name, remedy = FC3_ENDPOINT, "take it away"
        host = _HOST.fullmatch(_of_fc3(environ))
        found = (host[1], host[2]) if host else None
    if found is None or found == (account or found[0], region):
        return ""
    of_account = f"account {account}, " if account else ""
    return (
        f"{name} leads to account {found[0]}, region {found[1]}, and the deploy is for "
        f"{of_account}region {region}: {remedy}"
    )


def fc3_endpoint_problem(environ: Mapping[str, str]) -> str:
    """As `endpoint_problem`, for Function Compute 3.0: nothing need be set there."""
    parts = urlsplit(_of_fc3(environ))
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        return f"the client would talk plain http to Function Compute: take {FC3_ENDPOINT} away"
    return ""


def _of_fc3(environ: Mapping[str, str]) -> str:
    endpoint = environ.get(FC3_ENDPOINT, "")
    return endpoint if endpoint.startswith(("http://", "https://")) else f"https://{endpoint}"


def endpoint_problem(environ: Mapping[str, str]) -> str:
    """Why the CLI would not talk https to Function Compute, in a line; "" if it would."""
    for name in (ENDPOINT, SWITCH):
        if (other := name.replace("_", "-")) in environ:
            return f"{other} is set, which wins over {name} with the client: take it away"
    endpoint = environ.get(ENDPOINT, "")
    parts = urlsplit(endpoint)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if safe and "<" not in endpoint and environ.get(SWITCH) == "true":
        return ""
    return (
        f"the client would talk plain http to Function Compute: set {SWITCH}=true and "
        f"{ENDPOINT}=https://<account id>.<region>.fc.aliyuncs.com in .env, with your account's id"
    )
