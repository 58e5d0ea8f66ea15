"""Ask OSV whether a locked version is known to be vulnerable: `make vulnerable`.

    python -m scripts.upkeep.vulnerable

All locks are asked about, the Serverless Devs client's too. One that is known fails, unless it is
ACCEPTED. What is not in the bundle that is deployed, or of which only a part is that was looked at,
is told and does not fail. Names and versions go out, and nothing else.

Exit code 0 none is known, 1 one is, or OSV did not answer. Source: page "POST /v1/querybatch" of
OSV, which has advisories of PyPI and npm.
"""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import requests

from scripts import CODE, ROOT
from scripts.bundling import bundle, stubs

API = "https://api.osv.dev/v1/querybatch"
ACCEPTED: dict[str, str] = {}
"""Advisories that do not fail, by id, with the reason and until when that is looked at again."""

CLIENT_LOCK = ROOT / ".github" / "client" / "package-lock.json"
_APART = (bundle.FULL_LOCK.name, bundle.PLATFORM_LOCK.name)
_AT_ONCE = 1000  # "a maximum of 1000 package versions", same page


class Locked(NamedTuple):
    """A version that a lock has."""

    ecosystem: str
    name: str
    version: str
    lock: str
    excuse: str = ""


def main(api: str = API) -> int:
    """Ask, and tell; see above for exit codes."""
    asked = list(locked())
    try:
        known = ask(asked, api)
    except (requests.RequestException, ValueError, KeyError) as error:
        print(
            f"vulnerable: OSV does not answer as it should ({error}): run it again", file=sys.stderr
        )
        return 1
    failing = 0
    for one, advisories in zip(asked, known, strict=True):
        for advisory in advisories:
            excuse = one.excuse or ACCEPTED.get(advisory, "")
            failing += not excuse
            verdict = f"left ({excuse})" if excuse else "vulnerable: have a newer one"
            print(f"{one.name} {one.version} of {one.lock}: {advisory}, {verdict}")
    print(f"{len(asked)} locked versions were asked about; {failing} advisories are open")
    return 1 if failing else 0


def locked() -> Iterator[Locked]:
    """All that the project locks; each once for each lock."""
    for lock in sorted([*ROOT.glob("scripts/*.txt"), *CODE.glob("requirements/*.txt")]):
        for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock.read_text("utf-8"), re.M):
            where = lock.relative_to(ROOT).as_posix()
            yield Locked("PyPI", name, version, where, _excuse(lock.name, name))
    for place, package in json.loads(CLIENT_LOCK.read_text("utf-8"))["packages"].items():
        if place:  # the first is the folder itself
            name = place.rpartition("node_modules/")[2]
            yield Locked("npm", name, package["version"], CLIENT_LOCK.relative_to(ROOT).as_posix())


def _excuse(lock: str, name: str) -> str:
    if lock in _APART:
        return "it is in no bundle that is deployed"
    if lock == bundle.LOCK.name and name in stubs.PARTLY:
        return f"of it the bundle has {', '.join(stubs.PARTLY[name])} alone"
    return ""


def ask(asked: Sequence[Locked], api: str = API) -> list[list[str]]:
    """The advisories of each, in the same order.

    Raises requests.RequestException, ValueError or KeyError where the answer is none.
    """
    known: list[list[str]] = [[] for _ in asked]
    pages = [(number, "") for number in range(len(asked))]
    while pages:
        part, pages = pages[:_AT_ONCE], pages[_AT_ONCE:]
        answer = requests.post(
            api,
            json={"queries": [_query(asked[number], page) for number, page in part]},
            timeout=60,
        )
        answer.raise_for_status()
        for (number, _), found in zip(part, answer.json()["results"], strict=True):
            known[number] += [each["id"] for each in found.get("vulns", ())]
            if page := found.get("next_page_token"):
                pages.append((number, page))
    return known


def _query(one: Locked, page: str) -> dict[str, object]:
    query: dict[str, object] = {
        "package": {"ecosystem": one.ecosystem, "name": one.name},
        "version": one.version,
    }
    return {**query, "page_token": page} if page else query


if __name__ == "__main__":
    sys.exit(main())
