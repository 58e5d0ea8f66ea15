"""Cleaning up never takes the place of what it comes after."""

import pytest

from scripts.afterwards import afterwards, if_stopped
from scripts.errors import CloudError, Problem


def refused() -> None:
    """A cleaning up that OSS refuses."""
    raise CloudError("oss:PutBucketAcl", "bucket", "AccessDenied", 403, "grant it")


@pytest.mark.parametrize("way", [afterwards, if_stopped])
@pytest.mark.parametrize("stopped", [KeyboardInterrupt, GeneratorExit, Problem])
def test_what_stopped_it_goes_on_and_a_refused_cleaning_up_is_told(
    way: type, stopped: type[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C, a generator that is closed, a failure."""
    with pytest.raises(stopped), way(refused):
        raise stopped
    assert "oss:PutBucketAcl" in capsys.readouterr().err


def test_at_a_good_end_it_is_raised() -> None:
    """Nothing else would tell it."""
    with pytest.raises(CloudError), afterwards(refused):
        pass


def test_if_nothing_stopped_it_nothing_is_cleaned_up() -> None:
    """By `if_stopped`, which is for what has its own good end."""
    with if_stopped(refused):
        pass
