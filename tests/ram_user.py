"""A RAM user as somebody makes one: by RAM's own client, with a key, and policies of its own."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from alibabacloud_ram20150501 import models
from alibabacloud_ram20150501.client import Client

from scripts.localcloud import LocalCloud
from scripts.localcloud.ram.state import Credentials as Key
from tests.contract.rpc import signing


def client(cloud: LocalCloud, key: Key | None = None) -> Client:
    """A client of RAM with a key; with the account's own, unless told."""
    return Client(signing(cloud.endpoints.ram, key or cloud.credentials))


def user_who_may(ram: Client, name: str, *documents: Mapping[str, Any] | str) -> Key:
    """The key of a new user, who has these policies: `<name>-0` and so on."""
    ram.create_user(models.CreateUserRequest(user_name=name))
    for number, document in enumerate(documents):
        policy, text = f"{name}-{number}", _text(document)
        ram.create_policy(models.CreatePolicyRequest(policy_name=policy, policy_document=text))
        ram.attach_policy_to_user(attachment(policy, "Custom", name))
    made = ram.create_access_key(models.CreateAccessKeyRequest(user_name=name)).body.access_key
    return Key(made.access_key_id, made.access_key_secret)


def rewrite(ram: Client, policy: str, document: Mapping[str, Any] | str) -> None:
    """Have another document in a policy."""
    ram.create_policy_version(
        models.CreatePolicyVersionRequest(
            policy_name=policy,
            policy_document=_text(document),
            set_as_default=True,
            rotate_strategy="DeleteOldestNonDefaultVersionWhenLimitExceeded",
        )
    )


@contextmanager
def asked_of_users(cloud: LocalCloud) -> Iterator[set[str]]:
    """The set that gets each action for which RAM is asked of a user meanwhile."""
    found: set[str] = set()
    authorized = cloud.ram.authorized

    def noting(principal: Any, action: str, resource: str) -> bool:
        if principal.user:
            found.add(action)
        return authorized(principal, action, resource)

    cloud.ram.authorized = noting  # type: ignore[method-assign]
    yield found
    cloud.ram.authorized = authorized  # type: ignore[method-assign]


def attachment(policy: str, kind: str, user: str) -> models.AttachPolicyToUserRequest:
    """Which policy for which user."""
    return models.AttachPolicyToUserRequest(policy_name=policy, policy_type=kind, user_name=user)


def _text(document: Mapping[str, Any] | str) -> str:
    return document if isinstance(document, str) else json.dumps(document)
