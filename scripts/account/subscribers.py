"""Whom a topic's subscriptions are for, as far as their endpoints tell."""

import enum
import re

from scripts.declared import Spec

# Whom people let subscribe: a server of theirs, a queue, mail, or a phone.
_OTHERS = ("http://", "https://", "acs:mns:", "mail:", "sms:", "smq-ep:")

_FUNCTION = re.compile(r"acs:fc:([^:]*):([^:]*):services/([^/.]+)(?:\.([^/]+))?/functions/([^/]+)")
_OF_FUNCTIONS = re.compile(r"acs:fc:|https?://[^/]*\.fc\.aliyuncs\.com\b", re.I)
_NAMES = re.compile(r"services/([^/.]+)(?:\.[^/]+)?/functions/([^/]+)")


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
        names, ours = _NAMES.search(endpoint), (spec.service.name, spec.function.name)
        others = spec.account_id not in endpoint or (names and names.groups() != ours)
        return Whose.OTHERS if others else Whose.UNCLEAR
    return Whose.OTHERS if endpoint.lower().startswith(_OTHERS) else Whose.UNCLEAR


def _is_ours(named: re.Match[str], spec: Spec) -> bool:
    region, account, service, qualifier, function = named.groups()
    return (
        region in ("", spec.region)
        and account in ("", spec.account_id)
        and (service, function) == (spec.service.name, spec.function.name)
        and qualifier in (None, "LATEST")
    )
