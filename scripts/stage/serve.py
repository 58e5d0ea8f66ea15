"""Keep a local cloud up: prints what to export so that every client finds it, until stopped.

    python -m scripts.stage.serve > build/cloud.env &
    . build/cloud.env

Its account, access key and ports are made at its start and gone at its end (Ctrl-C, SIGTERM).
The Serverless Devs client finds Function Compute here, but always asks Alibaba Cloud's own RAM.
"""

import argparse
import json
import os
import shlex
import signal
import sys
import threading
from collections.abc import Mapping, Sequence

from scripts.account import addresses
from scripts.localcloud import LocalCloud


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM; returns the exit code."""
    options = _parser().parse_args(arguments)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    with LocalCloud() as cloud:
        let_functions_find_oss(cloud)
        found = environment(cloud)
        print(json.dumps(found) if options.json else _exports(found), flush=True)
        stopping.wait()
    return 0


def environment(cloud: LocalCloud) -> dict[str, str]:
    """What clients of `cloud` read from their environment: the key, the account, the endpoints.

    And that they use no proxy for it; ours do not, but others can be told by NO_PROXY alone.
    """
    return {
        **addresses.sparing_loopback(os.environ),
        "ALIBABA_CLOUD_ACCESS_KEY_ID": cloud.credentials.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": cloud.credentials.access_key_secret,
        "ALIBABA_CLOUD_ACCOUNT_ID": cloud.account_id,
        **{
            f"RESOURCE_REPAIR_{service.upper()}_ENDPOINT": url
            for service, url in cloud.endpoints._asdict().items()
        },
        "s_default_fc_endpoint": cloud.endpoints.fc,
        "s_default_enable_fc_endpoint": "true",
    }


def let_functions_find_oss(cloud: LocalCloud) -> None:
    """Have the function repair the cloud's own buckets; who laid another endpoint down keeps it."""
    cloud.fc.function_environment.setdefault("ossEndpoint", cloud.endpoints.oss)


def _exports(variables: Mapping[str, str]) -> str:
    """Lines for a shell to evaluate. A token left from a real login would spoil the local key."""
    return "\n".join(
        [
            "# A local cloud is up. Evaluate these lines in the shell that is to use it:",
            "unset ALIBABA_CLOUD_SECURITY_TOKEN",
            *(f"export {name}={shlex.quote(value)}" for name, value in variables.items()),
            f"# Stop it with Ctrl-C, or: kill {os.getpid()}",
        ]
    )


def _parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--json", action="store_true", help="print one JSON object in a line")
    return options


if __name__ == "__main__":
    sys.exit(main())
