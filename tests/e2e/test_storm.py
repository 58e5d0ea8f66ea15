"""A small storm, as a sample of `make storm`: whatever happens at once, every promise is kept."""

import pytest

from tests.account import Account
from tests.storm import telling
from tests.storm.drawing import draw
from tests.storm.running import Storm

SEED, MESSAGES = 8, 100


@pytest.mark.timeout(600)
def test_in_a_storm_every_promise_is_kept(product: Account) -> None:
    """Nothing is lost, wronged or claimed in vain; `make storm FIRST=8 SEEDS=1` has more of it."""
    storm = Storm(product)
    seen = storm.run(draw(SEED, MESSAGES))

    result = telling.judged(seen, SEED, storm.counts, problems=storm.problems)
    assert result.violations == []
    assert result.row["repaired"] > 10
    assert result.row["faults"] > 5
    assert result.row["verbs"] > 2
