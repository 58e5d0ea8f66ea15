"""A small storm, as a sample of `make storm`: whatever happens at once, every promise is kept."""

import pytest

from tests.account import Account
from tests.storm import telling
from tests.storm.drawing import draw
from tests.storm.running import Storm

SEED, MESSAGES = 722, 40


@pytest.mark.timeout(600)
def test_in_a_storm_every_promise_is_kept(product: Account) -> None:
    """Nothing is lost, wronged or claimed in vain; `make storm FIRST=722 SEEDS=1` has more."""
    storm = Storm(product, at_once=12)
    seen = storm.run(draw(SEED, MESSAGES))

    result = telling.judged(seen, SEED, storm.counts, problems=storm.problems)
    assert result.violations == []
    assert result.row["repaired"] > 3
    assert result.row["faults"] > 3
    assert result.row["verbs"] > 2
