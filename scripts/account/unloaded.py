"""Stand-ins for the SDKs, for a process that only asks what verbs say of themselves.

To declare an option or a permission no SDK is needed, and to import them takes half a second. What
imports them finds modules, of which every name is an empty class, until the process ends.
"""

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_SDKS = {
    *("alibabacloud_config20200907", "alibabacloud_credentials", "alibabacloud_fc20230330"),
    *("alibabacloud_fc_open20210406", "darabonba"),
    *("alibabacloud_mns_open20220119", "alibabacloud_ram20150501", "alibabacloud_sls20201230"),
    *("alibabacloud_sts20150401", "alibabacloud_tea_openapi", "alibabacloud_tea_util"),
    *("Tea", "jinja2", "mns", "oss2", "requests", "yaml"),
}


def stand_in() -> None:
    """From now on, let nothing import an SDK."""
    sys.meta_path.insert(0, _Finder())


class _Names(type):
    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return cls


class _Nothing(Exception, metaclass=_Names):  # noqa: N818  (also in place of what is caught)
    """In place of any class."""


class _Module(ModuleType):
    __path__: list[str] = []  # noqa: RUF012  (a package, without a folder)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Nothing


class _Finder:
    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """Every module of an SDK."""
        ours = name.partition(".")[0] in _SDKS
        return ModuleSpec(name, self, is_package=True) if ours else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """An empty one."""
        return _Module(spec.name)

    def exec_module(self, _: ModuleType) -> None:
        """It has nothing to run."""
