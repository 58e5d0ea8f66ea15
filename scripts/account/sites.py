"""Which of the two Cloud Configs is the account's, and where its alert records are.

Cloud Config has two endpoints, whatever region resources are in. Samples of its rules say that an
account of the China site has the one, and of the international site the other; its page "Endpoints"
does not say. So it is not told from a region: both are asked, by reads alone, unless it is known.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from scripts.errors import CloudError, Problem, UsageError

if TYPE_CHECKING:
    from scripts.account.clients import Clients

CONFIG_REGION, ALERT_REGION = "CONFIG_REGION", "ALERT_REGION"

CHINA, INTERNATIONAL = "cn-shanghai", "ap-southeast-1"
_OFF = ("", "REGISTRABLE")

# Terraform provider, "alicloud_log_resource_record": the main region is cn-heyuan. That of the
# international site is guessed.
RECORDS = {CHINA: "cn-heyuan", INTERNATIONAL: INTERNATIONAL}

_SAY = f"say which: set {CONFIG_REGION}={CHINA} (China site) or {CONFIG_REGION}={INTERNATIONAL} "
_SAY += "(international site) in .env"


def config_region(settings: Mapping[str, str]) -> str:
    """What CONFIG_REGION says, empty if nothing; raises UsageError for what it cannot be."""
    said = settings.get(CONFIG_REGION, "")
    if said not in ("", CHINA, INTERNATIONAL):
        raise UsageError(
            f"{CONFIG_REGION} is {said!r}, and Cloud Config has no endpoint there: {_SAY}"
        )
    return said


def records_region(config: str) -> str:
    """The region that keeps an account's alert records; raises Problem where that is not known."""
    if config not in RECORDS:
        raise Problem(
            "where the account's alert records are is not known, as the endpoint of Cloud Config "
            f"is set: set {ALERT_REGION} in .env, to {' or '.join(RECORDS.values())}"
        )
    return RECORDS[config]


def both(clients: "Clients") -> Mapping[str, "Clients"]:
    """The clients of each Cloud Config, by its region; for where its endpoint is not set to one."""
    return {each: clients.with_config(each) for each in (CHINA, INTERNATIONAL)}


def choose(candidates: Mapping[str, "Clients"], ours: frozenset[str]) -> str:
    """The region whose Cloud Config is the account's, of those that are asked.

    `ours` are the rule's name and ids. Where more than one is switched on, it is the one that has
    that rule; where both have the same one, either. Raises CloudError where none answers, and
    Problem where the answers do not tell.
    """
    status, failures = statuses(candidates)
    on = [region for region in status if status[region] not in _OFF]
    unknown = [region for region, error in failures.items() if not _is_refusal(error)]
    if len(on) == 1 and not unknown:
        return on[0]
    if on:
        return _with_the_rule(
            {region: candidates[region] for region in on}, ours, unknown, failures
        )
    if unknown:
        raise _with_advice(failures[unknown[0]])
    if len(status) == 1:
        return next(iter(status))  # switched off; the other knows no such account
    if status:
        raise Problem(
            "Cloud Config is switched on for this account neither in "
            f"{' nor in '.join(status)}: activate it at https://config.console.aliyun.com (China "
            "site) or https://config.console.alibabacloud.com (international site), and run again"
        )
    raise _all_refused(failures)


def statuses(
    candidates: Mapping[str, "Clients"],
) -> tuple[dict[str, str], dict[str, CloudError]]:
    """How the recorder stands, by region, where that is answered; and what was raised elsewhere."""
    from scripts.account.recorder import recorder  # noqa: PLC0415  (a slow import)

    status: dict[str, str] = {}
    failures: dict[str, CloudError] = {}
    for region, clients in candidates.items():
        try:
            status[region] = recorder(clients).status
        except CloudError as error:
            failures[region] = error
    return status, failures


def _with_the_rule(
    on: Mapping[str, "Clients"],
    ours: frozenset[str],
    unknown: list[str],
    failures: Mapping[str, CloudError],
) -> str:
    """The one of these that has the rule, by its name or an id."""
    from scripts.account.rule import rules  # noqa: PLC0415  (a slow import)

    having = {
        region: {rule.id for rule in rules(clients) if {rule.id, rule.name} & ours}
        for region, clients in on.items()
    }
    found = [region for region, ids in having.items() if ids]
    if len(found) == 1 or (found and len({frozenset(having[each]) for each in found}) == 1):
        return found[0]
    if unknown:
        raise _with_advice(failures[unknown[0]])
    has = "each has a rule of ours" if found else "none has our rule yet"
    raise Problem(
        f"Cloud Config is switched on for this account in {' and in '.join(on)}, and {has}: {_SAY}"
    )


def _is_refusal(error: CloudError) -> bool:
    """Whether it says that the account is not served there: to whom it is denied, it may be."""
    return not (error.denied or error.outage)


def _with_advice(error: CloudError) -> CloudError:
    error.args = (f"{error}; or {_SAY}",)
    return error


def _all_refused(failures: Mapping[str, CloudError]) -> Problem:
    first, *others = failures.values()
    if all(each.code == first.code for each in others):
        return first
    told = "; ".join(f"in {region}: {error.code}" for region, error in failures.items())
    return Problem(f"no Cloud Config serves this account ({told}): {_SAY}")
