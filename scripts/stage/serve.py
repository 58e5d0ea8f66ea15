"""Keep a local cloud up: prints what to export so that every client finds it, until stopped.

    python -m scripts.stage.serve > build/cloud.env &
    . build/cloud.env

Its account, access key and ports are made at its start, unless they are named, and gone at its end
(Ctrl-C, SIGTERM). What is told here beside what the local cloud's own command tells is what this
product and the Serverless Devs client read. That client finds Function Compute here, but always
asks Alibaba Cloud's own RAM. With --deployed the product is on it, built from the sources, and the
rule's id is told too.
"""

import os
import sys
from collections.abc import Sequence

from scripts.declared import PATH, load
from scripts.declared.rule_ids import RULE_ID
from scripts.errors import Problem
from scripts.localcloud import LocalCloud, command


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM; returns the exit code."""
    options = command.parser(__doc__)
    options.add_argument("--deployed", action="store_true", help="begin with the product on it")
    deployed = options.parse_args(arguments).deployed
    return command.serve(options, arguments, _with_product if deployed else _ready)


def environment(cloud: LocalCloud) -> dict[str, str]:
    """What clients of `cloud` read from their environment: the key, the account, the endpoints.

    And that they use no proxy for it; ours do not, but others can be told by NO_PROXY alone.
    """
    return {**command.environment(cloud, os.environ), **_of_ours(cloud)}


def _ready(cloud: LocalCloud) -> dict[str, str]:
    let_functions_find_oss(cloud)
    return _of_ours(cloud)


def _with_product(cloud: LocalCloud) -> dict[str, str]:
    """The same once everything of s.yaml is on it; raises ValueError where that cannot be."""
    from scripts.bundling import fresh  # noqa: PLC0415  (slow imports)
    from scripts.stage.stage import set_up  # noqa: PLC0415  (which imports this module)

    try:
        declared = load(PATH, {RULE_ID: "cr-not-known-yet"}, cloud.account_id)
        fresh.build(declared.function)
        rule_id = set_up(cloud, declared.function.code).rule_id
    except Problem as problem:
        raise ValueError(str(problem)) from None
    return {**_of_ours(cloud), RULE_ID: rule_id}


def _of_ours(cloud: LocalCloud) -> dict[str, str]:
    return {
        **{
            f"RESOURCE_REPAIR_{service.upper()}_ENDPOINT": url
            for service, url in cloud.endpoints._asdict().items()
        },
        "s_default_fc_endpoint": cloud.endpoints.fc,
        "s_default_enable_fc_endpoint": "true",
        "FC_CLIENT_CUSTOM_ENDPOINT": cloud.endpoints.fc,  # how its component fc3 has it
    }


def let_functions_find_oss(cloud: LocalCloud) -> None:
    """Have the function repair the cloud's own buckets; who laid another endpoint down keeps it."""
    cloud.fc.function_environment.setdefault("ossEndpoint", cloud.endpoints.oss)


if __name__ == "__main__":
    sys.exit(main())
