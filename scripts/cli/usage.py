"""What the command says of a verb: what it does, its options, and the permissions it needs."""

from collections.abc import Iterator

from scripts.cli import COMMAND
from scripts.cli.options import Option, told
from scripts.context import Check, Verb
from scripts.declared import Generation

_LEFT = 30  # of a help text: what is longer gets a line of its own


def of(verb: Verb | Check) -> str:
    """A verb's page."""
    options = told(verb.options)
    words = "".join(f" {each.value}" for each in options if each.by_place)
    lines = [f"usage: {COMMAND} {verb.name}{words} [options]", "", verb.does.strip(), ""]
    lines += ["options:", *(line for each in options for line in _option(each))]
    lines += _row("-h, --help", "show this page")
    if isinstance(verb, Verb):
        lines += ["", "needs these permissions:", *_permissions(verb)]
    return "\n".join([*lines, ""])


def _option(option: Option) -> Iterator[str]:
    names = ", ".join(reversed(option.names))
    yield from _row(f"{names} {option.value}".strip(), option.does)


def _row(left: str, right: str) -> Iterator[str]:
    if len(left) >= _LEFT - 2:
        yield f"  {left}"
        left = ""
    yield f"  {left:{_LEFT - 2}}{right}"


def _permissions(verb: Verb) -> Iterator[str]:
    alone = verb.needs(Generation.FC3)
    width = max((len(each.action) for each in verb.permissions), default=0)
    for each in verb.permissions:
        mark = "" if each in alone else f"  (not on {Generation.FC3.product})"
        yield f"  {each.action:{width}}  {each.resource}{mark}"
    for each in alone:
        if each not in verb.permissions:
            yield f"  {each.action:{width}}  {each.resource}  (on {Generation.FC3.product} alone)"
