import json
from pathlib import Path

import yaml

from scripts.declared.variables import Variables

FIXTURES = Path(__file__).parent / "fixtures"


def test_variables_resolve_as_the_client_resolved_them() -> None:
    """Every form of variable gives exactly what the real client made of it."""
    document = yaml.safe_load((FIXTURES / "variables.s.yaml").read_text("utf-8"))
    resolver = Variables(document["vars"], {"RULE_ID": "cr-1", "EMPTY": ""}, "1234567890123456")

    resolved = resolver.resolve(document["services"]["one"]["props"])

    assert resolved == json.loads((FIXTURES / "variables.json").read_text("utf-8"))
