"""The credentials: whether the client deploys to the account that is looked at here."""

from collections.abc import Iterator

from scripts.decide.chain.facts import Facts, known
from scripts.decide.chain.model import PROVISION, Link, Remark, fault, sound
from scripts.declared.rule_ids import ENDPOINT, endpoint_place

# Under this name the Serverless Devs client finds its own account.
_ACCOUNT = "AccountID"


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
    endpoint = endpoint_place(facts.settings)
    here = (facts.spec.account_id, facts.spec.region)
    if endpoint and endpoint != here:
        account, region = endpoint
        yield fault(
            f"they are of account {here[0]}, for region {here[1]}, and {ENDPOINT} leads to "
            f"account {account}, region {region}",
            f"{PROVISION}, which writes {ENDPOINT} to .env",
        )


CREDENTIALS = Link("credentials", ("client_account",), _examine)
