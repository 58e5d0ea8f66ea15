"""The credentials: whether the client deploys to the account that is looked at here."""

import re
from collections.abc import Iterator

from scripts.decide.chain.facts import Facts, known
from scripts.decide.chain.model import PROVISION, Link, Remark, fault, sound

# Under these names the Serverless Devs client finds its own account and endpoint.
_ACCOUNT = "AccountID"
_ENDPOINT, _ENABLED = "s_default_fc_endpoint", "s_default_enable_fc_endpoint"
_HOST = re.compile(r"https?://([^/]+)\.([a-z0-9-]+)\.fc\.aliyuncs\.com/?")


def _examine(facts: Facts) -> Iterator[Remark]:
    wrong = [*_clients_account(facts), *_clients_keys(facts), *_clients_endpoint(facts)]
    yield from wrong or [sound(f"they are of account {facts.spec.account_id}")]


def _clients_account(facts: Facts) -> Iterator[Remark]:
    told, ours = facts.settings.get(_ACCOUNT), facts.spec.account_id
    if told and told != ours:
        yield fault(
            f"they are of account {ours}, and the Serverless Devs client deploys to {told} "
            f"({_ACCOUNT})",
            f"set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET of {told}",
        )


def _clients_keys(facts: Facts) -> Iterator[Remark]:
    access, ours = facts.spec.access, facts.spec.account_id
    kept = known(facts.client_account)
    if kept and kept != ours:
        yield fault(
            f"they are of account {ours}, and the keys that the Serverless Devs client keeps as "
            f"{access} are of account {kept}",
            f"set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET of {kept}, or "
            f"give as access: in s.yaml the alias of keys of {ours} (s config get lists them)",
        )


def _clients_endpoint(facts: Facts) -> Iterator[Remark]:
    if facts.settings.get(_ENABLED) != "true":
        return
    endpoint = _HOST.fullmatch(facts.settings.get(_ENDPOINT, ""))
    here = (facts.spec.account_id, facts.spec.region)
    if endpoint and endpoint.groups() != here:
        account, region = endpoint.groups()
        yield fault(
            f"they are of account {here[0]}, for region {here[1]}, and {_ENDPOINT} leads to "
            f"account {account}, region {region}",
            f"{PROVISION}, which writes {_ENDPOINT} to .env",
        )


CREDENTIALS = Link("credentials", ("client_account",), _examine)
