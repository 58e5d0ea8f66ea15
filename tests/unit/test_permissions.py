"""What the verbs declare that they need, as one table."""

from collections import defaultdict

from scripts.docs import permissions

DECLARED = {name: permissions.of(name) for name in permissions.VERBS}
# `verify --loop` changes no bucket but those that it makes itself.
OF_A_PROOF = "acs:oss:*:{account}:resource-repair-proof-*"


def test_a_permission_has_one_form() -> None:
    """Whoever is granted an action for one verb has it for every other."""
    forms = defaultdict(set)
    for declared in DECLARED.values():
        for each in declared:
            if each.resource != OF_A_PROOF:
                forms[each.action].add(each.resource)
    assert {action: on for action, on in forms.items() if len(on) > 1} == {}


def test_a_verb_declares_a_permission_once() -> None:
    """None stands twice in a verb's list."""
    for name, declared in DECLARED.items():
        actions = [each.action for each in declared]
        assert len(actions) == len(set(actions)), name
