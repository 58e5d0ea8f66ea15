"""Who is woken: ALERT_WEBHOOK and ALERT_EMAIL, from the shell or .env.

A webhook's address often holds a token, so that it is never shown but for its host.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from scripts.account.addresses import is_safe
from scripts.errors import UsageError

WEBHOOK, EMAIL = "ALERT_WEBHOOK", "ALERT_EMAIL"
HOW = f"set {WEBHOOK}=https://… or {EMAIL}=… in .env, then `resource-repair provision`"

_ADDRESS = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+")


class Recipients(NamedTuple):
    """A webhook's address, and those of people; both empty for nobody."""

    webhook: str = ""
    emails: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Mapping[str, str]) -> "Recipients":
        """As the variables say; raises UsageError for what nothing can be sent to."""
        webhook = settings.get(WEBHOOK, "").strip()
        if webhook and not _may_be_called(webhook):
            raise UsageError(f"{WEBHOOK} is no address that begins with https:// (it is not shown)")
        emails = tuple(filter(None, re.split(r"[,;\s]+", settings.get(EMAIL, ""))))
        for each in emails:
            if not _ADDRESS.fullmatch(each):
                raise UsageError(f"{EMAIL} has {each!r}, which is no e-mail address")
        return cls(webhook, emails)

    def __bool__(self) -> bool:
        """Whether there is anybody."""
        return bool(self.webhook or self.emails)

    def __repr__(self) -> str:
        return f"Recipients({self.shown()})"  # a stray line must not give the token away

    def shown(self) -> str:
        """Who they are, for people."""
        return ", ".join(filter(None, (host_of(self.webhook), *self.emails))) or "nobody"


NOBODY = Recipients()


def _may_be_called(webhook: str) -> bool:
    """Only https leaves the machine."""
    try:
        return is_safe(webhook)
    except ValueError:
        return False


def host_of(webhook: str) -> str:
    """What may be shown of a webhook's address."""
    parts = urlsplit(webhook)
    return f"{parts.scheme}://{parts.hostname}/…" if webhook else ""
