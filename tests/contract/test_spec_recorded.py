import json
from pathlib import Path

from scripts.declared import yaml_text
from scripts.declared.variables import Variables

FIXTURES = Path(__file__).parent / "fixtures"


def test_variables_resolve_as_the_client_resolved_them() -> None:
    """Every form of variable gives exactly what the real client made of it."""
    document = yaml_text.read(FIXTURES / "variables.s.yaml").mapping()
    environ, nowhere = {"RULE_ID": "cr-1", "EMPTY": ""}, Path("not-there")
    resolver = Variables(document["vars"], environ, "1234567890123456", nowhere)

    resolved = resolver.resolve(document["services"].mapping()["one"].mapping()["props"])

    assert resolved.plain() == json.loads((FIXTURES / "variables.json").read_text("utf-8"))
