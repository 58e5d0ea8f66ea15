"""The models of Alibaba Cloud's SDKs, field by field."""

import inspect
import typing
from collections.abc import Iterator, Mapping
from typing import Any


def fields(model: type[Any], base: type[Any], names: Mapping[str, Any]) -> Iterator[str]:
    """The path of each field of a model that is no model itself, down to the last.

    `base` is the class of all models of that SDK, and `names` what their annotations speak of.
    """
    return _leaves(_filled(model, base, names).to_map())


def _filled(model: type[Any], base: type[Any], names: Mapping[str, Any]) -> Any:
    """The model with something in every field."""
    hints = typing.get_type_hints(model.__init__, dict(names))
    given = list(inspect.signature(model.__init__).parameters)[1:]
    return model(**{name: _something(hints[name], base, names) for name in given})


def _something(kind: Any, base: type[Any], names: Mapping[str, Any]) -> Any:
    """A value of a field's kind; what lists and maps hold is part of the field's one value."""
    if typing.get_origin(kind) is typing.Union:  # Python 3.10 adds None, where that is the default
        kind = next(each for each in typing.get_args(kind) if each is not type(None))
    if typing.get_origin(kind) in (list, dict):
        return []
    return _filled(kind, base, names) if issubclass(kind, base) else kind(1)


def _leaves(described: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for name, value in described.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}"
