"""Stand-ins for what the bundle leaves out: oss2 imports them, but no ACL request calls them.

oss2 imports its client-side encryption (Crypto, aliyunsdkcore, aliyunsdkkms) and its checksums of
objects (crcmod) at the top of its modules. The table below names everything that it imports of
them; each name becomes an object that says, when it is called or looked into, what was left out.
"""

from pathlib import Path

# module: (names that stand for modules, classes or functions; names that are exception classes)
TABLE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "crcmod": (("Crc",), ()),
    "Crypto": (("Random",), ()),
    "Crypto.Cipher": (("AES", "PKCS1_OAEP", "PKCS1_v1_5"), ()),
    "Crypto.PublicKey": (("RSA",), ()),
    "Crypto.Util": (("Counter",), ()),
    "aliyunsdkcore": (("client",), ()),
    "aliyunsdkcore.acs_exception": ((), ()),
    "aliyunsdkcore.acs_exception.exceptions": ((), ("ClientException", "ServerException")),
    "aliyunsdkcore.http": (("format_type", "method_type"), ()),
    "aliyunsdkkms": ((), ()),
    "aliyunsdkkms.request": ((), ()),
    "aliyunsdkkms.request.v20160120": (
        ("DecryptRequest", "EncryptRequest", "GenerateDataKeyRequest"),
        (),
    ),
}

# Python 3.6 has no __getattr__ for modules, hence an object for each name.
_LEFT_OUT = '''"""Says so when something is used that this bundle was built without."""


class LeftOut(object):
    """Stands where `name` would be; using it in any way raises NotImplementedError."""

    def __init__(self, name):
        self.__name = name

    def __call__(self, *args, **kwargs):
        raise NotImplementedError(self.__name + " was left out of this bundle: closing a bucket"
                                  " needs no client-side encryption and no object checksums")

    def __getattr__(self, attribute):
        return self()
'''

_PACKAGES = {module.rpartition(".")[0] for module in TABLE} - {""}


def write(folder: Path) -> None:
    """Write the stand-in modules into a bundle's folder."""
    (folder / "left_out.py").write_text(_LEFT_OUT, encoding="utf-8")
    for module, (names, exceptions) in TABLE.items():
        path = folder.joinpath(*module.split("."))
        file = path / "__init__.py" if module in _PACKAGES else path.with_suffix(".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_source(module, names, exceptions), encoding="utf-8")


def _source(module: str, names: tuple[str, ...], exceptions: tuple[str, ...]) -> str:
    lines = [f'"""Stands in for {module}, which this bundle was built without."""']
    if names:
        lines += ["", "from left_out import LeftOut", ""]
        lines += [f'{name} = LeftOut("{module}.{name}")' for name in names]
    for name in exceptions:
        lines += [
            "",
            "",
            f"class {name}(Exception):",
            '    """Never raised: who would is left out."""',
        ]
    return "\n".join(lines) + "\n"
