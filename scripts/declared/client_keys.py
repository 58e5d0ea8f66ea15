"""Whether the Serverless Devs client has keys, and of which account; no more of them is read.

As the client's source has it (its package "credential"): it takes those of its environment, or what
a variable of the alias's name has as JSON, or what it keeps: `s config add` writes `access.yaml` in
`~/.s`, or in the workspace that `~/.s/config/s.json` names: by alias, value by value encrypted with
a passphrase that is everybody's. That hides and does not protect: keys are left encrypted here.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

_ACCOUNT = "AccountID"
# With all of them in its environment the client looks at nothing else.
_KEY_PAIR = (_ACCOUNT, "AccessKeyID", "AccessKeySecret")
# In a pipeline the client takes the alias from here.
_ALIAS = "serverless_devs_access_cicd_alias_name"
_HOME = "serverless_devs_config_home"  # instead of HOME
_DEFAULT = "default"  # where s.yaml names none
_OF_ALIYUN_CLI = "${aliyun-cli}"  # keys that another program keeps
_PASSPHRASE = b"SecretKey123"
_SALTED, _SALT, _BLOCK, _KEY = b"Salted__", 8, 16, 32  # bytes


def account_of(access: str, settings: Mapping[str, str]) -> str:
    """The account of the keys that the client has under an alias; empty if that cannot be told.

    `settings` are the environment, HOME among it, over that of .env.
    """
    if all(settings.get(name) for name in _KEY_PAIR):
        return ""
    told = str(_profile(access, settings).get(_ACCOUNT, ""))
    for account in (told, _decrypted(told)):
        if re.fullmatch(r"[0-9]+", account):
            return account
    return ""


def missing(access: str, settings: Mapping[str, str]) -> str:
    """Why the client would find no keys, in a line; "" if it finds some.

    It would ask for them then, and without a terminal end as if all were well. As `account_of`.
    """
    lacking = [name for name in _KEY_PAIR if not settings.get(name)]
    if not lacking or access == _OF_ALIYUN_CLI or _profile(access, settings):
        return ""
    alias = _alias(access, settings)
    return (
        f"the Serverless Devs client has no keys, and would deploy nothing and end with 0: set "
        f"{', '.join(lacking)} in the shell, or have it keep keys (s config add --access {alias})"
    )


def _alias(access: str, settings: Mapping[str, str]) -> str:
    return settings.get(_ALIAS) or access or _DEFAULT


def _profile(access: str, settings: Mapping[str, str]) -> dict[Any, Any]:
    """What the client has under an alias; nothing if there is none."""
    alias, home = _alias(access, settings), settings.get(_HOME) or settings.get("HOME")
    try:
        given = json.loads(settings.get(alias, ""))
    except (ValueError, RecursionError):
        given = None
    if isinstance(given, dict) and given:
        return given
    kept = _stored(Path(home)).get(alias) if home else None
    return kept if isinstance(kept, dict) else {}


def _stored(home: Path) -> dict[Any, Any]:
    """Everything by its alias; nothing if that cannot be read, which is no fault of anybody's."""
    for name in ("access.yaml", "access.yml"):
        path = _workspace(home) / name
        try:
            stored = yaml.safe_load(path.read_text("utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, ValueError, RecursionError, yaml.YAMLError):
            return {}
        return stored if isinstance(stored, dict) else {}
    return {}


def _workspace(home: Path) -> Path:
    try:
        said = json.loads((home / ".s" / "config" / "s.json").read_text("utf-8"))
        return Path(said["workspace"].replace("~", str(home), 1))
    except (OSError, ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return home / ".s"


def _decrypted(text: str) -> str:
    """What was encrypted as OpenSSL does it (AES-256-CBC, the key by MD5); empty if nothing was."""
    from cryptography.hazmat.primitives.ciphers import (  # noqa: PLC0415  (a slow import)
        Cipher,
        algorithms,
        modes,
    )

    try:
        salted = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return ""
    salt, secret = salted[len(_SALTED) :][:_SALT], salted[len(_SALTED) + _SALT :]
    if not salted.startswith(_SALTED) or not secret or len(secret) % _BLOCK:
        return ""
    derived = block = b""
    while len(derived) < _KEY + _BLOCK:
        block = hashlib.md5(block + _PASSPHRASE + salt, usedforsecurity=False).digest()
        derived += block
    cipher = Cipher(algorithms.AES(derived[:_KEY]), modes.CBC(derived[_KEY:]))
    decryptor = cipher.decryptor()
    padded = decryptor.update(secret) + decryptor.finalize()
    return padded[: -padded[-1]].decode("utf-8", "replace")
