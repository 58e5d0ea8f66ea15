"""Whom a topic's subscriptions are for, as far as their endpoints tell."""

import enum
import re

from scripts.declared import Generation, Spec

# Whom people let subscribe: a server of theirs, a queue, mail, or a phone.
_OTHERS = ("http://", "https://", "acs:mns:", "mail:", "sms:", "smq-ep:")

_FUNCTION = re.compile(
    r"acs:fc:([^:]*):([^:]*):(?:services/([^/.]+)(?:\.([^/]+))?/)?functions/([^/$]+)(?:/([^/]+))?"
)
_OF_FUNCTIONS = re.compile(r"acs:fc:|https?://[^/]*\.fc\.aliyuncs\.com\b", re.I)
# (A name with a $ is one that 3.0 gives to a function of a service: whose that is, nobody tells.)
_NAMES = re.compile(r"(?:services/([^/.]+)(?:\.[^/]+)?/)?functions/([^/$]+)(?![^/]*\$)")


class Whose(enum.Enum):
    """Whom a subscription is for."""

    OURS = enum.auto()
    OTHERS = enum.auto()
    UNCLEAR = enum.auto()


def whose(endpoint: str, spec: Spec) -> Whose:
    """Whom a subscription is for, by its endpoint.

    Page "Subscribe" documents that of a function. Guessed: that a trigger's subscription has one of
    that form. Where triggers are made by way of EventBridge it may have another, or tell none.
    """
    if named := _FUNCTION.fullmatch(endpoint):
        return Whose.OURS if _is_ours(named, spec) else Whose.OTHERS
    if _OF_FUNCTIONS.match(endpoint):
        names, ours = _NAMES.search(endpoint), _names(spec)
        others = spec.account_id not in endpoint or (names and names.groups("") != ours)
        return Whose.OTHERS if others else Whose.UNCLEAR
    return Whose.OTHERS if endpoint.lower().startswith(_OTHERS) else Whose.UNCLEAR


def _is_ours(named: re.Match[str], spec: Spec) -> bool:
    region, account, service, version, function, alone = named.groups("")
    return (
        region in ("", spec.region)
        and account in ("", spec.account_id)
        and (service, function) == _names(spec)
        and (version or alone) in ("", "LATEST")
    )


def _names(spec: Spec) -> tuple[str, str]:
    """The service, empty where there are none, and the function."""
    alone = spec.generation is Generation.FC3
    return ("" if alone else spec.service.name, spec.function_in_cloud)


def function_arn(spec: Spec) -> str:
    """The function's ARN; in 3.0 it stands alone (page "Policies and sample policies")."""
    service, function = _names(spec)
    place = f"services/{service}/functions/{function}" if service else f"functions/{function}"
    return f"acs:fc:{spec.region}:{spec.account_id}:{place}"
