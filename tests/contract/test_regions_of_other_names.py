"""Verbs on a bucket whose region has another name in OSS: cn-hangzhou-finance is oss-cn-hzfinance.

There is no host of the region's own name. Who is asked at home tells where the bucket is.
"""

import socket
from typing import Any

import pytest

from scripts.account.buckets import GET_INFO, PUT_ACL, Bucket
from scripts.account.clients import Clients
from scripts.errors import CloudError
from tests.account import Account

FINANCE = "cn-hangzhou-finance"
NOWHERE = f"oss-{FINANCE}.aliyuncs.com"


@pytest.fixture(autouse=True)
def no_host_of_that_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """OSS is asked in each region by its name there, and that of finance cloud leads nowhere."""
    usual, look_up = Clients.bucket, socket.getaddrinfo

    def bucket(clients: Clients, name: str, region: str = "") -> Any:
        found = usual(clients, name, region)
        if region == FINANCE:
            found.endpoint = f"http://{NOWHERE}"
            found._make_url.netloc = NOWHERE
        return found

    def looked_up(host: Any, *others: Any, **more: Any) -> Any:
        if str(host).endswith(NOWHERE):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(host, *others, **more)

    monkeypatch.setattr(Clients, "bucket", bucket)
    monkeypatch.setattr(socket, "getaddrinfo", looked_up)


def planted(account: Account) -> Account:
    """The account with an open bucket in that region, which was never reported."""
    with account.unnoticed():
        account.cloud.oss.create("vault", region=FINANCE, acl="public-read")
    return account


def test_status_and_doctor_see_it(product: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """As open, as it is: neither as unread nor as gone."""
    planted(product)
    assert product.run("status", "--bucket", "vault") == 1
    assert "public-read" in capsys.readouterr().out
    product.run("doctor")
    said = capsys.readouterr()
    assert "leads nowhere" not in said.out + said.err


def test_sweep_closes_it_and_undo_opens_it_again(product: Account) -> None:
    """By the deployed function; and what undo writes goes to where the bucket is."""
    planted(product)
    assert product.run("sweep", "--yes") == 0
    assert product.acls()["vault"] == "private"
    words = ["--reason", "serves the shop", "--owner", "web-team", "--expires", "2026-12-31"]
    assert product.run("undo", "--bucket", "vault", *words, "--watch", "0", "--yes") == 0
    assert product.acls()["vault"] == "public-read"


def test_home_cannot_say_that_it_is_gone(deployed: Account) -> None:
    """If home knows no such bucket either, that is no proof: it is not known."""
    with pytest.raises(CloudError, match="leads nowhere") as caught:
        Bucket(deployed.clients, "vault", FINANCE).info_if_there()
    assert caught.value.refused == (GET_INFO.action,)


def test_nothing_is_written_by_way_of_home(deployed: Account) -> None:
    """Of a bucket that is not there PutBucketAcl would make one."""
    with pytest.raises(CloudError, match="leads nowhere"):
        Bucket(deployed.clients, "vault", FINANCE).ask(
            PUT_ACL, lambda bucket: bucket.put_bucket_acl("private")
        )
    assert "vault" not in deployed.acls()
