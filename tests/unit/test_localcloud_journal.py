"""What the journal keeps of all that happens."""

from scripts.localcloud.http import Headers, Request
from scripts.localcloud.journal import Entry, Journal

KB = 1024


def subjects(entries: list[Entry]) -> list[str]:
    """What the entries are about."""
    return [entry.subject for entry in entries]


def test_the_journal_keeps_no_more_than_it_may() -> None:
    """The oldest go, as many as the new ones need; the last one stays, however large."""
    journal = Journal(most=200 * KB)
    for number in range(1000):
        journal.record("oss", "PutObject", str(number))
    kept = subjects(journal.entries())
    assert 90 <= len(kept) <= 100
    assert kept == [str(number) for number in range(1000 - len(kept), 1000)]
    body = b"x" * 120 * KB
    for number in range(2):
        upload = Request("PUT", "/", "", Headers({}), body)
        journal.record("oss", "PutObject", f"large {number}", request=upload)
    assert subjects(journal.entries())[-1] == "large 1"
    assert "large 0" not in subjects(journal.entries())


def test_a_position_stays_right_when_entries_are_forgotten() -> None:
    """What is told since then is what happened since then, as far as it is kept."""
    journal = Journal(most=200 * KB)
    for number in range(95):
        journal.record("oss", "PutObject", f"before {number}")
    seen = journal.position
    for number in range(20):
        journal.record("oss", "PutObject", f"after {number}")
    assert journal.position == seen + 20
    assert subjects(journal.entries(since=seen)) == [f"after {number}" for number in range(20)]
    assert len(journal.entries()) < 100


def test_a_snapshot_has_the_position_too() -> None:
    """After going back it is what it was, and so is what is kept."""
    journal = Journal(most=200 * KB)
    for number in range(150):
        journal.record("oss", "PutObject", str(number))
    memory, kept = journal.snapshot(), journal.entries()
    for number in range(150):
        journal.record("oss", "GetObject", str(number))
    journal.rollback(memory)
    assert (journal.position, journal.entries()) == (150, kept)
