"""Whom a subscription is for, by its endpoint."""

from dataclasses import replace

import pytest

from scripts.account.subscribers import Whose, function_arn, whose
from scripts.decide.envelope import failure_in
from scripts.declared import Generation
from tests.unit.chain_facts import ACCOUNT, OTHER_ACCOUNT, SPEC

ALONE = replace(SPEC, generation=Generation.FC3)
HERE = f"acs:fc:{SPEC.region}:{ACCOUNT}:"
OURS = f"functions/{ALONE.function_in_cloud}"
OF_SERVICE = f"services/{SPEC.service.name}/functions/{SPEC.function.name}"
WEB = f"https://{ACCOUNT}.{SPEC.region}.fc.aliyuncs.com/2023-03-30/"


@pytest.mark.parametrize(
    ("endpoint", "whom"),
    [
        (f"{HERE}{OURS}", Whose.OURS),
        (f"{HERE}{OURS}/LATEST", Whose.OURS),
        (f"acs:fc:::{OURS}", Whose.OURS),
        (f"{HERE}{OURS}/7", Whose.OTHERS),
        (f"{HERE}functions/theirs", Whose.OTHERS),
        (f"{HERE.replace(ACCOUNT, OTHER_ACCOUNT)}{OURS}", Whose.OTHERS),
        (f"{HERE}{OF_SERVICE}", Whose.OTHERS),  # ours of 2.0, while it is moved
        (f"{HERE}functions/{SPEC.service.name}${SPEC.function.name}", Whose.UNCLEAR),
        (f"{WEB}{OURS}/invocations", Whose.UNCLEAR),
        (f"{WEB}functions/theirs/invocations", Whose.OTHERS),
    ],
)
def test_a_function_that_stands_alone_is_known_by_its_name(endpoint: str, whom: Whose) -> None:
    """Of another version, account or name, or of a service, it is not ours."""
    assert whose(endpoint, ALONE) is whom


OF_2 = f"https://{ACCOUNT}.{SPEC.region}.fc.aliyuncs.com/2016-08-15"


@pytest.mark.parametrize(
    ("endpoint", "whom"),
    [
        ("https://example.org/hook", Whose.OTHERS),
        (f"acs:mns:{SPEC.region}:{ACCOUNT}:queues/theirs", Whose.OTHERS),
        (f"smq-ep:dm:{ACCOUNT}:__dynamic", Whose.OTHERS),
        (f"{HERE}services/theirs/functions/{SPEC.function.name}", Whose.OTHERS),
        (f"{HERE}services/{SPEC.service.name}/functions/theirs", Whose.OTHERS),
        (f"{HERE}{OF_SERVICE.replace('/functions', '.7/functions')}", Whose.OTHERS),
        (f"acs:fc:cn-beijing:{ACCOUNT}:{OF_SERVICE}", Whose.OTHERS),
        (f"{HERE.replace(ACCOUNT, OTHER_ACCOUNT)}{OF_SERVICE}", Whose.OTHERS),
        (f"{OF_2}/services/theirs/functions/f/invocations", Whose.OTHERS),
        (f"{OF_2.replace(ACCOUNT, '1')}/{OF_SERVICE}/invocations", Whose.OTHERS),
        (f"{OF_2}/{OF_SERVICE}/invocations", Whose.UNCLEAR),
        (f"{HERE}functions/{SPEC.service.name}${SPEC.function.name}", Whose.UNCLEAR),
        (f"acs:eventbridge:{SPEC.region}:{ACCOUNT}:eventbus/default", Whose.UNCLEAR),
        ("something:else", Whose.UNCLEAR),
        ("", Whose.UNCLEAR),
        (f"acs:fc:::{OF_SERVICE}", Whose.OURS),
        (f"{HERE}{OF_SERVICE}", Whose.OURS),
    ],
)
def test_a_function_of_a_service_is_known_by_both_names(endpoint: str, whom: Whose) -> None:
    """What is surely for somebody else is not ours, and who cannot be told is not said to be."""
    assert whose(endpoint, SPEC) is whom


def test_either_is_somebody_else_to_the_other() -> None:
    """So the topic, which both listen to, stays when one of them goes."""
    assert whose(function_arn(SPEC), SPEC) is Whose.OURS
    assert whose(function_arn(ALONE), ALONE) is Whose.OURS
    assert whose(function_arn(ALONE), SPEC) is Whose.OTHERS


def test_what_was_given_up_is_of_the_function_by_its_name_alone() -> None:
    """As its failure queue tells it: not of one of that name in a service."""
    envelope = '{"requestContext": {"functionArn": "%s/LATEST"}, "requestPayload": "{}"}'
    failure = failure_in(envelope % function_arn(ALONE))
    assert failure.qualified_name == ALONE.qualified_name
    assert failure.qualified_name != SPEC.qualified_name
