"""What a bucket and a region may be called, to the last character."""

import pytest

from resource_repair import naming


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("cn-shanghai", "cn-shanghai"),
        ("oss-cn-shanghai", "cn-shanghai"),
        ("ab-1", "ab-1"),
        ("abc-1", "abc-1"),
        ("a-1", None),
        ("abcd-1", None),
        ("cn", None),
        ("cn-", None),
        ("cn--x", None),
        ("cn-" + "x" * 12, "cn-" + "x" * 12),
        ("cn-" + "x" * 13, None),
        ("cn-a-b-c-d", "cn-a-b-c-d"),
        ("cn-a-b-c-d-e", None),
        ("cn-a_b", None),
        ("cn-a.b", None),
        ("Cn-a", None),
        ("c1-a", None),
        ("cn-\u0661", None),
        ("cn-a\n", None),
        ("", None),
    ],
)
def test_a_region_is_a_few_short_words(text: str, region: str | None) -> None:
    """Of two to five words, as the id or as OSS writes it; and in an endpoint the same."""
    assert naming.region_id(text) == region
    if not text.startswith("oss-"):
        assert naming.region_of_endpoint(f"oss-{text}.aliyuncs.com") == region
    if region:
        assert naming.region_of_endpoint(f"oss-{region}-internal.aliyuncs.com") == region


@pytest.mark.parametrize(
    "host",
    [
        "cn-a.aliyuncs.com",
        "oss-cn-a.aliyuncs.comx",
        "oss-cn-axaliyuncs.com",
        "oss-cn-a.aliyuncsxcom",
    ],
)
def test_only_an_endpoint_of_oss_names_a_region(host: str) -> None:
    """Each of its dots is one."""
    assert naming.region_of_endpoint(host) is None


@pytest.mark.parametrize("character", "_.A/?#@:%\u0661 \n")
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_bucket_s_name_is_a_plain_label(character: str, at: int) -> None:
    """No character that means something in a URL, at any place; no hyphen at an end."""
    assert not naming.is_bucket_name("abc"[:at] + character + "abc"[at + 1 :])
    assert naming.is_bucket_name("abc"[:at] + "-" + "abc"[at + 1 :]) is (at == 1)
    assert naming.is_bucket_name("abc"[:at] + "1" + "abc"[at + 1 :])
