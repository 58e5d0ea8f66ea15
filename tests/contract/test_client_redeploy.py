"""What a further `s deploy` of the Serverless Devs client leaves alone, by its own comparison."""

from typing import Any

import yaml
from alibabacloud_fc_open20210406 import models as fc

from scripts.declared import PATH
from tests.account import FUNCTION, SERVICE, Account


def test_a_redeploy_neither_deletes_nor_puts_the_asynchronous_configuration(
    sound: Account,
) -> None:
    """What is declared is, field by field, what the client compares with it.

    Its package fc-deploy (function-async-config.ts) takes `destination` for `destinationConfig`,
    and wants the rest as deep as equal to these four of the answer. Where one of them differs or is
    not declared, it deletes the configuration and puts it anew, and what fails in between is lost.
    """
    live = sound.clients.fc.get_function_async_invoke_config(
        SERVICE, FUNCTION, fc.GetFunctionAsyncInvokeConfigRequest()
    ).body.to_map()
    failure = str(live["destinationConfig"]["onFailure"]["destination"])
    cached = {
        "destinationConfig": live["destinationConfig"],
        "maxAsyncEventAgeInSeconds": live["maxAsyncEventAgeInSeconds"],
        "statefulInvocation": live.get("statefulInvocation"),
        "maxAsyncRetryAttempts": live["maxAsyncRetryAttempts"],
    }

    assert _as_the_client_compares_it(failure) == cached


def _as_the_client_compares_it(queue: str) -> dict[str, Any]:
    document = yaml.safe_load(PATH.read_text("utf-8"))
    (service,) = document["services"].values()
    declared = {
        name: document["vars"][value[len("${vars.") : -1]] if "${" in str(value) else value
        for name, value in service["props"]["function"]["asyncConfiguration"].items()
        if name != "destination"
    }
    return {**declared, "destinationConfig": {"onFailure": {"destination": queue}}}
