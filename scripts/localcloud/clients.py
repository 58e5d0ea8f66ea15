"""The official SDKs' clients of a local cloud, each made when it is first asked for.

None of them is needed to run the cloud: what is not installed is missed when it is used.
"""

import functools
import importlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit


class Clients:
    """Clients that sign with one access key; `endpoints` are URLs by the service's short name.

    Each raises ImportError, which says what to install, if its SDK is not there.
    """

    def __init__(
        self, endpoints: Mapping[str, str], region: str, key_id: str, key_secret: str
    ) -> None:
        self._endpoints = endpoints
        self._region = region
        self._key = (key_id, key_secret)

    def bucket(self, name: str, region: str = "") -> Any:
        """`oss2.Bucket`, in `region` or that of the cloud; it need not be there yet."""
        oss2 = _sdk("oss2", "oss")
        auth = oss2.AuthV4(*self._key)
        return oss2.Bucket(auth, self._endpoints["oss"], name, region=region or self._region)

    @functools.cached_property
    def oss(self) -> Any:
        """`oss2.Service`, for what is about no bucket in particular."""
        oss2 = _sdk("oss2", "oss")
        return oss2.Service(oss2.AuthV4(*self._key), self._endpoints["oss"], region=self._region)

    @functools.cached_property
    def fc(self) -> Any:
        """`alibabacloud_fc_open20210406`: Function Compute 2.0."""
        return self._client("alibabacloud_fc_open20210406", "fc")

    @functools.cached_property
    def fc3(self) -> Any:
        """`alibabacloud_fc20230330`: Function Compute 3.0."""
        return self._client("alibabacloud_fc20230330", "fc")

    @functools.cached_property
    def ram(self) -> Any:
        """`alibabacloud_ram20150501`."""
        return self._client("alibabacloud_ram20150501", "ram")

    @functools.cached_property
    def sts(self) -> Any:
        """`alibabacloud_sts20150401`."""
        return self._client("alibabacloud_sts20150401", "sts")

    @functools.cached_property
    def config(self) -> Any:
        """`alibabacloud_config20200907`: Cloud Config."""
        return self._client("alibabacloud_config20200907", "config")

    @functools.cached_property
    def mns(self) -> Any:
        """`alibabacloud_mns_open20220119`: topics and queues, but not their messages."""
        return self._client("alibabacloud_mns_open20220119", "mns")

    @functools.cached_property
    def messages(self) -> Any:
        """`mns.account.Account`, whose queues and topics send and receive messages."""
        account = _sdk("mns.account", "mns")
        return account.Account(self._endpoints["mns"], *self._key)

    @functools.cached_property
    def log(self) -> Any:
        """`alibabacloud_sls20201230`: Log Service."""
        # It asks <project>.<endpoint>. As its proxy the endpoint is asked for every name, and none
        # is looked up.
        return self._client("alibabacloud_sls20201230", "log", http_proxy=self._endpoints["log"])

    def close(self) -> None:
        """Close the connection of `messages`, the one client that keeps it open; at the end."""
        if "messages" in vars(self):
            self.messages.mns_client.close_connection()

    def _client(self, package: str, service: str, **more: str) -> Any:
        module = _sdk(f"{package}.client", service)
        config = _sdk("alibabacloud_tea_openapi.models", service).Config(
            access_key_id=self._key[0],
            access_key_secret=self._key[1],
            endpoint=urlsplit(self._endpoints[service]).netloc,
            protocol="http",
            region_id=self._region,
            **more,
        )
        return module.Client(config)


def _sdk(module: str, service: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"the SDK for {service}, {module}, is not installed ({error}): "
            f"pip install 'alicloud-local[{service}]'"
        ) from error
