"""Of which account the keys are that the Serverless Devs client keeps; no more of them is read.

As the client's source has it (its package "credential"): `s config add` writes `access.yaml` in
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
_PASSPHRASE = b"SecretKey123"
_SALTED, _SALT, _BLOCK, _KEY = b"Salted__", 8, 16, 32  # bytes


def account_of(access: str, settings: Mapping[str, str]) -> str:
    """The account of the keys that the client has under an alias; empty if that cannot be told.

    `settings` are the environment, HOME among it, over that of .env.
    """
    home = settings.get(_HOME) or settings.get("HOME")
    if all(settings.get(name) for name in _KEY_PAIR) or not home:
        return ""
    profile = _stored(Path(home)).get(settings.get(_ALIAS) or access)
    told = str(profile.get(_ACCOUNT, "")) if isinstance(profile, dict) else ""
    for account in (told, _decrypted(told)):
        if re.fullmatch(r"[0-9]+", account):
            return account
    return ""


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
