import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.declared.errors import Place, SpecError
from scripts.declared.node import Node, Tree
from scripts.declared.variables import Variables

NAMES = st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=8)
PLAIN = st.text(max_size=20).filter(lambda text: "${" not in text and not text.endswith("$"))
SCALARS = PLAIN | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False)
TREES: st.SearchStrategy[Tree] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


def node(tree: Tree, path: str) -> Node:
    """The tree as a reader would give it, all in one line."""
    place = Place(path, "s.yaml", 7)
    if isinstance(tree, dict):
        return Node({name: node(each, f"{path}.{name}") for name, each in tree.items()}, place)
    if isinstance(tree, list):
        return Node([node(each, f"{path}[{n}]") for n, each in enumerate(tree)], place)
    return Node(tree, place)


def resolve(value: Tree, variables: dict[str, Tree] | None = None, **environ: str) -> Tree:
    """What `value` becomes."""
    known = Variables(node(variables or {}, "vars"), environ, "1234567890123456", Path("not-there"))
    return known.resolve(node(value, "here")).plain()


@given(TREES)
def test_what_has_no_expression_stays_as_it_is(tree: Tree) -> None:
    """Values without `${` come out unchanged, whatever they are."""
    assert resolve(tree) == tree


@given(NAMES, TREES.filter(lambda tree: tree is not None))
def test_a_variable_alone_keeps_its_type(name: str, value: Tree) -> None:
    """A value that is one variable and nothing else becomes that variable, of its own type."""
    resolved = resolve(f"${{vars.{name}}}", {name: value})
    assert resolved == value
    assert type(resolved) is type(value)


@given(st.lists(st.tuples(PLAIN, NAMES, PLAIN), min_size=1, max_size=4), PLAIN)
def test_text_is_put_together_from_its_parts(parts: list[tuple[str, str, str]], end: str) -> None:
    """Amid text each variable is replaced by its text, at its place, and nothing else changes."""
    variables: dict[str, Tree] = {name: value for _, name, value in parts}
    template = "".join(f"{before}${{vars.{name}}}" for before, name, _ in parts) + end
    expected = "".join(f"{before}{variables[name]}" for before, name, _ in parts) + end
    assert resolve(template, variables) == expected


@given(NAMES)
def test_a_missing_name_is_an_error_that_names_it(name: str) -> None:
    """What is set nowhere is never passed on as literal text."""
    with pytest.raises(SpecError, match=f"vars.{name}"):
        resolve({"a": [f"x${{vars.{name}}}"]})
    with pytest.raises(SpecError, match=f"{name} is not set"):
        resolve({"a": [f"${{env({name})}}"]})


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("${ vars.a }", "not known"),
        ("${vars}", "not known"),
        ("${config(AccessKeySecret)}", "not known"),
        ("${file(./secret)}", "not known"),
        ("${}", "not known"),
        ("a ${vars.a", "nothing closes"),
        ("n=${vars.number}", "vars.number is 1, and stands amid text in here.key"),
        ("t=${vars.tree}", "vars.tree is a mapping, and stands amid text"),
        ("${vars.empty}", "is empty"),
        ("${vars.text.deeper}", "refers to vars.text.deeper, and there is none"),
        ("${vars.chain}", "so does vars"),
        ("${vars.loop}", "so does vars"),
        ("${env(LITERAL)}", "an unresolved expression"),
    ],
)
def test_what_the_client_would_deploy_wrong_is_refused(value: str, says: str) -> None:
    """Where the client deploys something silently that was not meant, the spec is an error."""
    variables: dict[str, Tree] = {
        "a": "a",
        "text": "text",
        "number": 1,
        "tree": {},
        "empty": None,
        "chain": "-${vars.link}",
        "link": "-${vars.a}",
        "loop": "${vars.loop}",
    }
    with pytest.raises(SpecError, match=says) as caught:
        resolve({"key": [value]}, variables, LITERAL="${env(LITERAL)}")
    assert caught.value.at in {"here.key[0]", *(f"vars.{name}" for name in variables), "LITERAL"}
