"""Keep a local Alibaba Cloud up: prints what to export so that clients find it, until stopped.

    alicloud-local --port 9000 > cloud.env &
    . ./cloud.env

All that it holds is gone at its end (Ctrl-C, SIGTERM). While it is up, GET /_local/health, POST
/_local/reset and more are answered at its control endpoint, which asks for no key.
"""

import argparse
import json
import math
import os
import queue
import shlex
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from . import switches
from .cloud import Endpoints, LocalCloud
from .control import Control
from .http import LOOPBACK

SECRET = "ALICLOUD_LOCAL_KEY_SECRET"  # noqa: S105  (the name of a variable)
"""Where the secret of `--key-id` is, if it is in no file."""

_SERVICES = Endpoints._fields
_CONTROL = "control"
_LAST_PORT = 65535
_SPARED = (LOOPBACK, "::1", "localhost")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM; returns the exit code."""
    return serve(parser(__doc__), arguments, own_variables)


def serve(
    options: argparse.ArgumentParser,
    arguments: Sequence[str] | None,
    variables: Callable[[LocalCloud], Mapping[str, str]],
) -> int:
    """Serve a cloud as `arguments` say until SIGINT or SIGTERM; returns the exit code.

    `variables` makes it ready, and gives what is printed beside the key and the control endpoint.
    """
    # A handler may interrupt this thread anywhere: of an Event it would wait for a lock that this
    # thread holds.
    stops = queue.SimpleQueue[int]()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda came, _: stops.put(came))
    chosen = options.parse_args(arguments)
    try:
        with _cloud(chosen) as cloud:
            _set(cloud, chosen)
            found = {**environment(cloud, os.environ), **variables(cloud)}
            with Control(cloud, chosen.port.get(_CONTROL, 0), chosen.control_host) as control:
                found["ALICLOUD_LOCAL_CONTROL"] = control.url
                _tell(chosen, found)
                stops.get()
    except (OSError, ValueError) as error:
        options.error(str(error))
    return 0


def environment(cloud: LocalCloud, environ: Mapping[str, str]) -> dict[str, str]:
    """What the official SDKs read: key, account and region; and that they use no proxy for it."""
    return {
        **_sparing_loopback(environ),
        "ALIBABA_CLOUD_ACCESS_KEY_ID": cloud.credentials.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": cloud.credentials.access_key_secret,
        "ALIBABA_CLOUD_ACCOUNT_ID": cloud.account_id,
        "ALIBABA_CLOUD_REGION_ID": cloud.region,
    }


def own_variables(cloud: LocalCloud) -> dict[str, str]:
    """The endpoints, which the SDKs read from no variable: for the program that makes clients."""
    return {
        f"ALICLOUD_LOCAL_{service.upper()}_ENDPOINT": url
        for service, url in cloud.endpoints._asdict().items()
    }


def parser(about: str | None) -> argparse.ArgumentParser:
    """The options of every command that keeps a cloud up."""
    options = argparse.ArgumentParser(
        description=about,
        epilog="switches:\n"
        + "\n".join(
            f"  {name:33} {switch.about}" + (switch.strict and f" (--strict: {switch.strict})")
            for name, switch in switches.SWITCHES.items()
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = options.add_argument
    add("--json", action="store_true", help="print one JSON object in a line")
    add("--port", action=_Ports, default={}, metavar="NUMBER|SERVICE=NUMBER",
        help=f"the first of eight ports in a row ({', '.join((*_SERVICES, _CONTROL))}), or that of "
        "one service, as often as wanted; others are free ones")  # fmt: skip
    add("--host", default=LOOPBACK,
        help="the address to listen at; whoever reaches another than this machine's own loopback, "
        "and has the key, can run code here")  # fmt: skip
    add("--control-host", default=LOOPBACK, metavar="HOST",
        help="the same for the control endpoint, which asks for no key")  # fmt: skip
    add("--account", metavar="ID", help="the account's id")
    add("--region", help="the region of all services but OSS, which has them all")
    add("--key-id", metavar="ID",
        help=f"the account's access key; its secret is in the variable {SECRET}, or in a file, "
        "never on a command line, which others can read. Without it a key is made")  # fmt: skip
    add("--key-secret-file", type=Path, metavar="FILE", help="where that secret is")
    add("--time-scale", type=_scale, default=0.01, metavar="NUMBER",
        help="how long the cloud's own delays last: 1 is an account's (default: 0.01)")  # fmt: skip
    add("--probed", type=Path, metavar="FILE",
        help="set switches by what an account answered, before --strict")  # fmt: skip
    add("--strict", action="store_true", help="set every switch to what asks most of a client")
    add("--set", action="append", default=[], metavar="SWITCH=VALUE",
        help="set a switch, after --strict")  # fmt: skip
    return options


def _scale(text: str) -> float:
    """A time scale; argparse makes its errors of a ValueError."""
    scale = float(text)
    if not 0 <= scale < math.inf:
        raise ValueError
    return scale


class _Ports(argparse.Action):
    """`9000`, or `oss=9000`: ports by the service's name."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        value: object,
        option: str | None = None,  # noqa: ARG002  (as the base has it)
    ) -> None:
        name, _, number = str(value).rpartition("=")
        names = (*_SERVICES, _CONTROL)
        if not number.isdecimal() or (name and name not in names):
            parser.error(f"--port {value}: it is a number, or one of {', '.join(names)}=<number>")
        first = int(number)
        if first + (0 if name else len(names) - 1) > _LAST_PORT:
            parser.error(f"--port {value}: ports end with {_LAST_PORT}")
        more = {name: first} if name else {each: first + at for at, each in enumerate(names)}
        setattr(namespace, self.dest, {**getattr(namespace, self.dest), **more})


def _cloud(chosen: argparse.Namespace) -> LocalCloud:
    """The cloud that was asked for; raises OSError and ValueError if it cannot be."""
    named = {"account_id": chosen.account, "region": chosen.region}
    return LocalCloud(
        time_scale=chosen.time_scale,
        host=chosen.host,
        ports={name: port for name, port in chosen.port.items() if name != _CONTROL},
        access_key=_key(chosen),
        probed=chosen.probed,
        **{name: value for name, value in named.items() if value},
    )


def _set(cloud: LocalCloud, chosen: argparse.Namespace) -> None:
    if chosen.strict:
        switches.be_strict(cloud)
    for each in chosen.set:
        name, _, value = each.partition("=")
        switches.set_switch(cloud, name, value)


def _key(chosen: argparse.Namespace) -> tuple[str, str] | None:
    if not chosen.key_id:
        if chosen.key_secret_file:
            raise ValueError("--key-secret-file is the secret of --key-id, which is not there")
        return None
    if chosen.key_secret_file:
        secret = chosen.key_secret_file.read_text(encoding="utf-8").strip()
    else:
        secret = os.environ.get(SECRET, "")
    if not secret:
        raise ValueError(f"the secret of --key-id is not there: set {SECRET}, or --key-secret-file")
    return chosen.key_id, secret


def _tell(chosen: argparse.Namespace, found: dict[str, str]) -> None:
    """Print what to export; and on the other stream who else can do what."""
    if chosen.host not in _SPARED:
        print(f"whoever reaches {chosen.host} and has the key can run code here", file=sys.stderr)
    if chosen.control_host not in _SPARED:
        print(f"whoever reaches {chosen.control_host} can reset this cloud", file=sys.stderr)
    if chosen.key_id:
        del found["ALIBABA_CLOUD_ACCESS_KEY_SECRET"]  # it may be a real one, and is known
    print(json.dumps(found) if chosen.json else _exports(found), flush=True)


def _sparing_loopback(environ: Mapping[str, str]) -> dict[str, str]:
    """NO_PROXY in both its spellings: what it says in `environ`, and this machine."""
    names = ("NO_PROXY", "no_proxy")
    own = [each.strip() for name in names for each in environ.get(name, "").split(",")]
    if "*" in own:
        return dict.fromkeys(names, "*")  # beside another entry it would not count
    return dict.fromkeys(names, ",".join(dict.fromkeys([*filter(None, own), *_SPARED])))


def _exports(variables: Mapping[str, str]) -> str:
    """Lines for a shell to evaluate. A token left from a real login would spoil the local key."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    if "ALIBABA_CLOUD_ACCESS_KEY_SECRET" not in variables:
        lines.append("# ALIBABA_CLOUD_ACCESS_KEY_SECRET is for you to set: you gave the secret.")
    return "\n".join(
        [
            "# A local cloud is up. Evaluate these lines in the shell that is to use it:",
            "unset ALIBABA_CLOUD_SECURITY_TOKEN",
            *lines,
            f"# Stop it with Ctrl-C, or: kill {os.getpid()}",
        ]
    )
