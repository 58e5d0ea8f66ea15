"""What the function's OSS client makes of a bucket's answers, byte by byte."""

import pytest

from resource_repair import errors
from tests.contract.test_oss_gateway import INFO, Answer, Server, bucket, closed, server

__all__ = ["closed", "server"]


def test_an_answer_with_a_document_type_is_not_read(server: Server) -> None:
    """A few entities in it could stand for megabytes, in whatever encoding."""
    declared = '<!DOCTYPE a [<!ENTITY b "private">]>' + INFO.partition("?>")[2].replace(
        "public-read", "&b;"
    )
    server.answer = Answer(200, declared)
    with pytest.raises(errors.TransientError, match="unanswered: OddAnswerError"):
        bucket(server.url).read()


def test_closed_stays_closed(server: Server) -> None:
    """What was given up sends nothing any more, whoever still holds it: not even another write."""
    server.answer = Answer(200, INFO)
    held = bucket(server.url)
    held.read()
    held.close()
    for again in (lambda: held.write_acl("private"), held.read):
        with pytest.raises(errors.TransientError, match="closed"):
            again()
    assert len(server.asked) == 1


@pytest.mark.parametrize("missing", ["Name", "ID", "Grant", "CreationDate"])
def test_a_bucket_that_is_not_told_whole_is_no_answer(server: Server, missing: str) -> None:
    """Without its name, owner, ACL or creation date nothing can be said or done about a bucket."""
    server.answer = Answer(200, INFO.replace(missing, "Other"))
    with pytest.raises(errors.TransientError, match="malformed_answer"):
        bucket(server.url).read()


@pytest.mark.parametrize(("told", "blocked"), [("true", True), ("false", False), ("", None)])
def test_block_public_access_is_told_or_unknown(
    server: Server, told: str, blocked: bool | None
) -> None:
    """The bucket's flag is in the answer that is read already; the account's is asked for."""
    flag = f"<BlockPublicAccess>{told}</BlockPublicAccess>"
    server.answer = Answer(200, INFO.replace("<Name>", flag + "<Name>"))
    asked = bucket(server.url)
    assert asked.read().blocked is blocked
    document = f"<PublicAccessBlockConfiguration>{flag}</PublicAccessBlockConfiguration>"
    server.answer = Answer(200, document)
    if blocked is None:
        with pytest.raises(errors.TransientError, match="malformed_answer"):
            asked.account_blocked()
    else:
        assert asked.account_blocked() is blocked
    assert server.asked[-1][1].split("?")[0] == "/"
