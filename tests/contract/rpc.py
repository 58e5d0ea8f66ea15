"""What an SDK is made with, and a call through the generic client that all of them are made of."""

from collections.abc import Mapping
from typing import Any

from alibabacloud_tea_openapi.client import Client
from alibabacloud_tea_openapi.models import Config
from alibabacloud_tea_openapi.utils_models import OpenApiRequest, Params
from alibabacloud_tea_util.models import RuntimeOptions

from scripts.localcloud.ram.state import Credentials


def signing(endpoint: str, key: Credentials, **more: Any) -> Config:
    """What an SDK's client is made with that asks there, signing with this key."""
    return Config(
        endpoint=endpoint.removeprefix("http://"),
        protocol="http",
        access_key_id=key.access_key_id,
        access_key_secret=key.access_key_secret,
        security_token=key.security_token or None,
        **more,
    )


def call(
    endpoint: str,
    key: Credentials,
    action: str,
    version: str,
    query: Mapping[str, str] | None = None,
    *,
    algorithm: str | None = None,
    body_type: str = "formData",
    **more: Any,
) -> Any:
    """The answer; `more` is a form as `body`, or `headers`. Raises DaraException once refused."""
    config = signing(endpoint, key, signature_algorithm=algorithm)
    params = Params(
        action=action,
        version=version,
        protocol="HTTP",
        pathname="/",
        method="POST",
        auth_type="AK",
        style="RPC",
        req_body_type=body_type,
        body_type="json",
    )
    request = OpenApiRequest(query=query, **more)
    return Client(config).call_api(params, request, RuntimeOptions(autoretry=False))["body"]
