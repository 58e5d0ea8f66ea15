"""Stand-ins for what the bundle leaves out: oss2 imports it, but no ACL request calls it.

oss2 imports its client-side encryption (Crypto, aliyunsdkcore, aliyunsdkkms), its checksums of
objects (crcmod), its transfers of large objects and `requests` at the top of its modules. The table
below names everything that is imported of them; each name becomes an object that says, when it is
called or looked into, what was left out.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple


class StandIn(NamedTuple):
    """What a module must have to be imported.

    `names` stand for modules, classes or functions, `exceptions` for exception classes; `real` are
    names that are really used, with the module of the standard library that has them.
    """

    names: tuple[str, ...] = ()
    exceptions: tuple[str, ...] = ()
    real: Mapping[str, str] = MappingProxyType({})


TABLE: dict[str, StandIn] = {
    # Its authorities are read from beside it; its code is for newer runtimes than some of ours.
    "certifi": StandIn(("contents", "where")),
    "crcmod": StandIn(("Crc",)),
    "Crypto": StandIn(("Random",)),
    "Crypto.Cipher": StandIn(("AES",)),
    "Crypto.Util": StandIn(("Counter",)),
    "oss2.crypto": StandIn(
        ("AliKMSProvider", "EncryptionMaterials", "LocalRsaProvider", "RsaProvider")
    ),
    "oss2.crypto_bucket": StandIn(("CryptoBucket",)),
    "oss2.resumable": StandIn(
        (
            "ResumableDownloadStore",
            "ResumableStore",
            "determine_part_size",
            "make_download_store",
            "make_upload_store",
            "resumable_download",
            "resumable_upload",
        )
    ),
    "oss2.select_response": StandIn(("SelectResponseAdapter",)),
    "oss2.task_queue": StandIn(("TaskQueue",)),
    # Our own connections do its work; what oss2 keeps headers in, requests.structures, is real.
    "requests": StandIn(("Session", "adapters", "get"), ("RequestException",)),
    "requests.compat": StandIn(
        real={"Mapping": "collections.abc", "MutableMapping": "collections.abc"}
    ),
}

# What every one of them begins with.
FIRST_WORDS = '"""Stands in for '

# Of these packages only these files come along.
PARTLY: dict[str, tuple[str, ...]] = {
    "certifi": ("cacert.pem",),
    "requests": ("structures.py",),
}

# Python 3.6 has no __getattr__ for modules, hence an object for each name.
_LEFT_OUT = '''"""Says so when something is used that this bundle was built without."""


class LeftOut(object):
    """Stands where `name` would be; using it in any way raises NotImplementedError."""

    def __init__(self, name):
        self.__name = name

    def __call__(self, *args, **kwargs):
        raise NotImplementedError(self.__name + " was left out of this bundle: closing a bucket"
                                  " needs nothing of it (the full bundle has it)")

    def __getattr__(self, attribute):
        return self()
'''

_PACKAGES = {*(module.rpartition(".")[0] for module in TABLE), "certifi"} - {""}


def write(folder: Path) -> None:
    """Write the stand-in modules into a bundle's folder."""
    (folder / "left_out.py").write_text(_LEFT_OUT, encoding="utf-8")
    for module, stand_in in TABLE.items():
        path = folder.joinpath(*module.split("."))
        file = path / "__init__.py" if module in _PACKAGES else path.with_suffix(".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_source(module, stand_in), encoding="utf-8")


def _source(module: str, stand_in: StandIn) -> str:
    lines = [f'{FIRST_WORDS}{module}, which this bundle was built without."""']
    imports = [f"from {origin} import {name}" for name, origin in sorted(stand_in.real.items())]
    if stand_in.names:
        imports.append("from left_out import LeftOut")
    if imports:
        lines += ["", *imports]
    if stand_in.names:
        lines += ["", *(f'{name} = LeftOut("{module}.{name}")' for name in stand_in.names)]
    for name in stand_in.exceptions:
        lines += [
            "",
            "",
            f"class {name}(Exception):",
            '    """Never raised: who would is left out."""',
        ]
    return "\n".join(lines) + "\n"
