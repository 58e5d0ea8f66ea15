"""Variables in s.yaml, resolved as the Serverless Devs CLI (3.1.10, edition 1.0.0) resolves them.

Known are `${vars.a.b}`, `${env(X)}` and `${config(AccountID)}`. Seen by running it, the CLI deploys
silently, and wrong, what these rules refuse:

- what it cannot resolve (a missing one, `${ vars.x }` with spaces) stays as literal text;
- a variable may refer to others, but not to one that refers to others in turn: that stays literal;
- a number amid text replaces the whole text.
"""

import datetime
import re
from collections.abc import Mapping
from typing import TypeAlias

from scripts.declared.errors import SpecError

Scalar: TypeAlias = "str | int | float | bool | datetime.date | None"
Tree: TypeAlias = "Scalar | list[Tree] | dict[str, Tree]"

_EXPRESSION = re.compile(r"\$\{([^{}]*)\}")
_FORMS = re.compile(r"vars\.(?P<vars>[\w.-]+)|env\((?P<env>\w+)\)|config\((?P<config>AccountID)\)")


class Variables:
    """What `${…}` stands for: the file's `vars`, the environment, and the account's id."""

    def __init__(
        self, variables: Mapping[str, Tree], environ: Mapping[str, str], account_id: str
    ) -> None:
        self._vars = variables
        self._environ = environ
        self._account_id = account_id

    def resolve(self, tree: Tree, at: str = "") -> Tree:
        """The tree with every expression in its values replaced; raises SpecError, naming `at`."""
        return self._resolve(tree, at, nested=False)

    def _resolve(self, tree: Tree, at: str, *, nested: bool) -> Tree:
        if isinstance(tree, dict):
            return {k: self._resolve(v, f"{at}.{k}", nested=nested) for k, v in tree.items()}
        if isinstance(tree, list):
            return [self._resolve(v, f"{at}[{i}]", nested=nested) for i, v in enumerate(tree)]
        if isinstance(tree, str):
            return self._text(tree, at, nested=nested)
        return tree

    def _text(self, text: str, at: str, *, nested: bool) -> Tree:
        whole = _EXPRESSION.fullmatch(text)
        if whole:
            return self._value(whole[1], at, nested=nested)
        if "${" in _EXPRESSION.sub("", text):
            raise SpecError(at, f"{text!r} has a ${{ that nothing closes", "close it with }")
        return _EXPRESSION.sub(lambda match: self._amid_text(match[1], at, nested=nested), text)

    def _amid_text(self, expression: str, at: str, *, nested: bool) -> str:
        value = self._value(expression, at, nested=nested)
        if not isinstance(value, str):
            raise SpecError(
                at,
                f"${{{expression}}} is not text, and amid text the CLI would deploy it alone",
                "put it in quotes where it is defined",
            )
        return value

    def _value(self, expression: str, at: str, *, nested: bool) -> Tree:
        form = _FORMS.fullmatch(expression)
        if form is None:
            raise SpecError(
                at,
                f"${{{expression}}} is not known",
                "write ${vars.name}, ${env(NAME)} or ${config(AccountID)}, without spaces",
            )
        if form["vars"]:
            return self._variable(form["vars"], at, nested=nested)
        if form["env"]:
            return self._from_environment(form["env"], at)
        return self._account_id

    def _variable(self, name: str, at: str, *, nested: bool) -> Tree:
        value: Tree = dict(self._vars)
        for part in name.split("."):
            if not isinstance(value, dict) or part not in value:
                raise SpecError(at, f"there is no vars.{name}", "add it under vars, or correct it")
            value = value[part]
        if value is None:
            raise SpecError(at, f"vars.{name} is empty", "give it a value")
        if nested and has_expression(value):
            raise SpecError(
                at,
                f"vars.{name} refers to other variables, and so does the one that refers to it",
                "refer to the last one directly: the CLI resolves one step and leaves the rest",
            )
        return self._resolve(value, f"vars.{name}", nested=True)

    def _from_environment(self, name: str, at: str) -> str:
        if name not in self._environ:
            raise SpecError(
                at,
                f"the environment variable {name} is not set",
                "set it in the shell or in .env beside s.yaml",
            )
        value = self._environ[name]
        if "${" in value:
            raise SpecError(
                at,
                f"the environment variable {name} is itself an unresolved expression, {value!r}",
                "set it to its value",
            )
        return value


def has_expression(tree: Tree) -> bool:
    """Whether anything in the tree waits to be resolved."""
    if isinstance(tree, dict):
        return any(has_expression(value) for value in tree.values())
    if isinstance(tree, list):
        return any(has_expression(value) for value in tree)
    return isinstance(tree, str) and "${" in tree
