"""Variables in s.yaml, resolved as the Serverless Devs CLI (3.1.10, edition 1.0.0) resolves them.

Known are `${vars.a.b}`, `${env(X)}` and `${config(AccountID)}`. Seen by running it, the CLI deploys
silently, and wrong, what these rules refuse:

- what it cannot resolve (a missing one, `${ vars.x }` with spaces) stays as literal text;
- a variable may refer to others, but not to one that refers to others in turn: that stays literal;
- a number amid text replaces the whole text.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from scripts.declared import dotenv
from scripts.declared.errors import Place
from scripts.declared.node import Node, nearest
from scripts.declared.rule_ids import FURTHER, HOW, RULE_ID

_EXPRESSION = re.compile(r"\$\{([^{}]*)\}")
_FORMS = re.compile(r"vars\.(?P<vars>[\w.-]+)|env\((?P<env>\w+)\)|config\((?P<config>AccountID)\)")


class Variables:
    """What `${…}` stands for: the file's `vars`, the environment, and the account's id.

    What of the environment is set in `env_file` is told by its line. `used` are the names of `vars`
    that something referred to.
    """

    def __init__(
        self, variables: Node, environ: Mapping[str, str], account_id: str, env_file: Path
    ) -> None:
        self._vars = variables
        self._environ = environ
        self._account_id = account_id
        self._env_file = env_file
        self.used: set[str] = set()

    def resolve(self, node: Node) -> Node:
        """The value with every expression in it replaced; raises SpecError.

        What is one expression and nothing else becomes what that stands for, which knows its own
        place: it is there that it can be edited.
        """
        return self._resolve(node, nested=False)

    def _resolve(self, node: Node, *, nested: bool) -> Node:
        value = node.value
        if node.place.path.startswith("vars."):  # by an alias of YAML's
            self.used.add(node.place.path.split(".")[1])
        if isinstance(value, dict):
            inner = {
                name: self._resolve(each, nested=nested).under(each.key)
                for name, each in value.items()
            }
            return Node(inner, node.place)
        if isinstance(value, list):
            return Node([self._resolve(each, nested=nested) for each in value], node.place)
        if isinstance(value, str) and "${" in value:
            return self._text(node, value, nested=nested)
        return node

    def _text(self, node: Node, text: str, *, nested: bool) -> Node:
        if whole := _EXPRESSION.fullmatch(text):
            return self._value(whole[1], node, nested=nested)
        if "${" in _EXPRESSION.sub("", text):
            node.fail(f"is {node.shown()} and has a ${{ that nothing closes", "close it with }")
        parts: dict[Place, Node] = {}

        def replaced(match: re.Match[str]) -> str:
            part = self._value(match[1], node, nested=nested)
            if not isinstance(part.value, str):
                part.fail(
                    f"is {part.shown()}, and stands amid text in {node.place.path} "
                    f"({node.place.where})",
                    "put it in quotes, or the CLI would deploy it alone",
                )
            parts.update({each.place: each for each in (part, *part.parts)})
            return part.value

        made = _EXPRESSION.sub(replaced, text)
        parts.pop(node.place, None)  # the account's id, which nobody edits
        return Node(made, node.place, parts.values())

    def _value(self, expression: str, node: Node, *, nested: bool) -> Node:
        form = _FORMS.fullmatch(expression)
        if form is None:
            node.fail(
                f"has ${{{expression}}}, which is not known",
                "write ${vars.name}, ${env(NAME)} or ${config(AccountID)}, without spaces",
            )
        if form["vars"]:
            return self._variable(form["vars"], node, nested=nested)
        if form["env"]:
            return self._from_environment(form["env"], node)
        return Node(self._account_id, node.place)

    def _variable(self, name: str, node: Node, *, nested: bool) -> Node:
        found = self._vars
        for part in name.split("."):
            known = found.value if isinstance(found.value, dict) else {}
            if part not in known:
                near = known.get(nearest(part, known))
                remedy = "add it under vars, or correct it"
                if near:
                    remedy = f"{near.key.path} ({near.key.where}) is perhaps meant"
                node.fail(f"refers to vars.{name}, and there is none", remedy)
            found = known[part]
        self.used.add(name.partition(".")[0])
        if found.value is None:
            found.fail("is empty", "give it a value")
        if nested and "${" in str(found.plain()):
            found.fail(
                f"refers to other variables, and so does {node.place.path} ({node.place.where}), "
                "which refers to it",
                "refer to the last one directly, since the CLI resolves one step and no more",
            )
        return self._resolve(found, nested=True)

    def _from_environment(self, name: str, node: Node) -> Node:
        if name not in self._environ:
            node.fail(
                f"stands for a variable of the environment, where {name} is not set",
                HOW
                if name in (RULE_ID, *FURTHER)
                else "set it in the shell or in .env beside s.yaml",
            )
        value = self._environ[name]
        found = Node(value, dotenv.place(self._env_file, name, value))
        if "${" in value:
            found.fail(f"is {found.shown()}, an unresolved expression", "set it to its value")
        return found
