"""A burst of findings as Function Compute's rules have it: what the simulation promises."""

from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scripts.scale.burst import FIRST_WAIT, PATIENCE, Burst, Course, Platform, course

CALM = Platform(
    instances=2,
    at_once=10,
    per_minute=10,
    cold=2.0,
    warm=0.2,
    idle=300.0,
    retries=3,
    retry_wait=60.0,
    retry_within=86_400.0,
)

bursts = st.builds(Burst, st.integers(1, 80), st.sampled_from([0.0, 0.1, 1.0, 10.0, 4000.0]))
platforms = st.builds(
    Platform,
    instances=st.integers(1, 20),
    at_once=st.integers(1, 10),
    per_minute=st.integers(1, 30),
    cold=st.floats(0.5, 20.0),
    warm=st.floats(0.05, 20.0),
    idle=st.sampled_from([1.0, 300.0]),
    retries=st.integers(0, 8),
    retry_wait=st.sampled_from([0.0, 1.0, 60.0]),
    retry_within=st.sampled_from([1.0, 600.0, 86_400.0]),
    failing=st.sampled_from([0.0, 0.3, 1.0]),
    hopeless=st.sampled_from([0.0, 0.2]),
    jitter=st.sampled_from([0.0, 0.5]),
)


def test_a_burst_counted_by_hand() -> None:
    """Three findings at once on two instances: two start cold, the third waits its three waits.

    Refused at 0, at 0.5 and at 1.5 s, it is tried again at 3.5 s, and finds both free since 2 s.
    """
    assert course(Burst(3, 0), CALM) == Course(
        settled=3,
        failed=0,
        never_run=0,
        half=2.0,
        nine_of_ten=3.7,
        last=3.7,
        most=2,
        cold_starts=2,
        runs=3,
        refused=3,
    )


def test_a_failing_finding_counted_by_hand() -> None:
    """A hopeless finding has its first run and its retries, with their waits, and is then kept."""
    what = course(Burst(1, 0), CALM._replace(hopeless=1.0, retries=2, idle=100.0))
    assert (what.settled, what.failed, what.runs) == (0, 1, 3)
    assert (
        what.cold_starts == 2
    )  # at 0 s and 62 s; at 182.2 s the instance, idle since 62.2, is gone


def test_an_instance_is_free_after_a_warm_run() -> None:
    """One instance, a finding a second: those at 2 s and, twice refused, at 2.5 s run warm."""
    what = course(Burst(3, 3.0), CALM._replace(instances=1))
    assert what.last == pytest.approx(2.7)
    assert (what.cold_starts, what.refused) == (1, 2)


def test_an_idle_instance_goes() -> None:
    """Findings that come further apart than an instance lives all start cold."""
    apart = Burst(4, 4 * 310.0)
    assert course(apart, CALM).cold_starts == 4
    assert course(apart, CALM._replace(idle=600.0)).cold_starts == 1


def test_the_rate_at_which_instances_start_is_kept() -> None:
    """After those that may start at once, further ones come at the rate of so many a minute."""
    slow = CALM._replace(instances=100, at_once=2, per_minute=6, cold=1000.0, warm=1000.0)
    assert course(Burst(20, 0), slow._replace(retry_within=9.0)).cold_starts == 2
    # They return at 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s: a place is free after 10, 20 and 30 s.
    assert course(Burst(20, 0), slow._replace(retry_within=40.0)).cold_starts == 5


def test_patience_ends_after_five_hours() -> None:
    """A finding that finds no instance for five hours is kept, never run, after fifteen returns."""
    busy = CALM._replace(instances=1, cold=10 * PATIENCE)
    what = course(Burst(2, 0), busy)
    assert (what.settled, what.never_run, what.runs) == (1, 1, 1)
    returns = 15  # the waits of 0.5 s, doubled fourteen times, are 16,383.5 s in all
    assert FIRST_WAIT * (2**returns - 1) < PATIENCE < FIRST_WAIT * (2 ** (returns + 1) - 1)
    assert what.refused == returns + 1


def test_a_finding_too_old_is_not_tried_again() -> None:
    """`retry_within` ends the retries of a failing finding before their number does."""
    what = course(Burst(1, 0), CALM._replace(hopeless=1.0, retries=8, retry_within=100.0))
    assert (what.failed, what.runs) == (1, 2)
    # Its age is since it came, and not since its last run: 422 s, and not 240 s.
    what = course(Burst(1, 0), CALM._replace(hopeless=1.0, retries=8, retry_within=250.0))
    assert (what.failed, what.runs) == (1, 3)


@settings(deadline=None)
@given(bursts, platforms, st.integers(0, 5))
def test_nothing_is_lost_and_no_limit_passed(burst: Burst, platform: Platform, seed: int) -> None:
    """Settled and kept are all findings; instances, runs and times stay within the rules."""
    what = course(burst, platform, seed)
    assert what.settled + what.kept == burst.findings
    assert what.most <= platform.instances
    assert what.cold_starts <= what.runs <= burst.findings * (platform.retries + 1)
    # Grown for as long as anybody can have waited, at the most.
    waited = burst.seconds + platform.retry_within + (platform.cold + platform.warm) * 9
    assert what.most <= platform.at_once + platform.per_minute * waited / 60 + 1
    assert what.half <= what.nine_of_ten <= what.last
    if what.settled:
        assert what.last >= min(platform.warm, platform.cold)


@settings(deadline=None, max_examples=50)
@given(bursts, platforms, st.integers(0, 5))
def test_the_same_seed_has_the_same_course(burst: Burst, platform: Platform, seed: int) -> None:
    """Nothing but the seed is left to chance."""
    assert course(burst, platform, seed) == course(burst, platform, seed)


@settings(deadline=None, max_examples=50)
@given(bursts, st.integers(1, 10), st.integers(1, 10))
def test_a_finding_fares_alike_on_every_platform(burst: Burst, few: int, more: int) -> None:
    """Which findings fail is the seed's, not the platform's: as many are kept on any."""
    failing = CALM._replace(failing=0.3, hopeless=0.1, jitter=0.5)
    on_few = course(burst, failing._replace(instances=few))
    on_many = course(burst, failing._replace(instances=few + more))
    assume(on_few.never_run == on_many.never_run == 0)
    assert (on_few.failed, on_few.runs) == (on_many.failed, on_many.runs)


@settings(deadline=None)
@given(bursts, st.integers(1, 8), st.integers(1, 8))
def test_more_instances_are_hardly_ever_slower(burst: Burst, few: int, more: int) -> None:
    """With more instances the last one ends within twice the time: drawn, and not proved."""
    slow, fast = (course(burst, CALM._replace(instances=n)) for n in (few, few + more))
    assert fast.last <= 2 * slow.last
    assert fast.refused <= slow.refused


def test_more_instances_can_be_slower() -> None:
    """The page's example: a cold start on a second instance ends later than waiting for the first.

    It is so without cold starts too, since a finding's next return may miss a free instance.
    """
    two = Burst(2, 1.0)
    assert course(two, CALM._replace(instances=1)).last == pytest.approx(2.2)
    assert course(two, CALM._replace(instances=2)).last == pytest.approx(2.5)

    even = CALM._replace(cold=0.7, warm=0.7)
    many = Burst(22, 1.0)
    four, five = (course(many, even._replace(instances=n)).last for n in (4, 5))
    assert five > four


def test_a_burst_that_comes_together_returns_together() -> None:
    """With waits to the letter a herd loses findings; spread by chance, all are settled."""
    herd, few = Burst(2_000, 0.1), CALM._replace(instances=10, at_once=10)
    literal, spread = course(herd, few), course(herd, few._replace(jitter=0.5))
    assert literal.never_run > 0
    assert spread.settled == herd.findings
    enough = Fraction(2_000, 10) * Fraction(1, 5)  # seconds of work for each instance
    assert enough <= spread.last
