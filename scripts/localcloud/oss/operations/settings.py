"""What a bucket can be given besides its ACL: tags, a policy, a website, domains, a block."""

from collections.abc import Mapping
from xml.etree import ElementTree

from ...http import Response
from .. import bucket_policy, errors, xml
from ..access import Call
from . import forms


def get_bucket_tagging(call: Call) -> Response:
    """Without tags, an empty Tagging."""
    tags = call.own_bucket().tags
    rows = [{"Key": key, "Value": value} for key, value in tags.items()]
    return xml.answer("Tagging", {"TagSet": {"Tag": rows}} if rows else {})


def put_bucket_tagging(call: Call) -> Response:
    """Replaces all tags."""
    bucket = call.own_bucket()
    root = call.document("Tagging")
    tags = {
        tag.findtext("Key", ""): tag.findtext("Value", "") for tag in root.iterfind("TagSet/Tag")
    }
    if root.find("TagSet") is None or "" in tags:
        raise errors.malformed_xml()
    call.state.set_tags(bucket.name, tags)
    return Response()


def delete_bucket_tagging(call: Call) -> Response:
    """Removes the tags whose keys `tagging` names, with commas between; without any, all."""
    bucket = call.own_bucket()
    keys = call.request.params["tagging"]
    gone = keys.split(",") if keys else list(bucket.tags)
    left = {key: value for key, value in bucket.tags.items() if key not in gone}
    call.state.set_tags(bucket.name, left)
    return Response(204)


def get_bucket_policy(call: Call) -> Response:
    """A policy, byte for byte as it was put."""
    policy = call.state.read_policy(call.own_bucket().name)
    if policy is None:
        raise errors.no_policy()
    return Response(200, policy.encode(), {"Content-Type": "application/json"})


def put_bucket_policy(call: Call) -> Response:
    """Sets the policy."""
    bucket, text = call.own_bucket(), call.request.body.decode("utf-8", "replace")
    bucket_policy.check_new(text)
    call.state.set_policy(bucket.name, text)
    return Response()


def delete_bucket_policy(call: Call) -> Response:
    """Removes the policy, if there is one."""
    call.state.set_policy(call.own_bucket().name, None)
    return Response(204)


def get_bucket_policy_status(call: Call) -> Response:
    """Tells what the policy says, also while Block Public Access overrides it."""
    is_public = call.state.policy_is_public(call.own_bucket().name)
    return xml.answer("PolicyStatus", {"IsPublic": xml.boolean(is_public)})


def get_bucket_public_access_block(call: Call) -> Response:
    """Block Public Access of the bucket alone."""
    return forms.public_access_block(call.state.read_block(call.own_bucket().name))


def put_bucket_public_access_block(call: Call) -> Response:
    """Switches it on or off."""
    _block(call, blocked=forms.wanted_block(call))
    return Response()


def delete_bucket_public_access_block(call: Call) -> Response:
    """Switches it off."""
    _block(call, blocked=False)
    return Response(204)


def _block(call: Call, *, blocked: bool) -> None:
    bucket = call.own_bucket()
    call.state.set_block_public_access(bucket.name, blocked)
    if bucket.block_public_access and not blocked:
        call.state.begin_to_spread(bucket.name)


def get_bucket_encryption(call: Call) -> Response:
    """How the bucket is to be encrypted."""
    rule = call.state.read_encryption(call.own_bucket().name)
    if not rule:
        raise errors.no_encryption()
    return xml.answer("ServerSideEncryptionRule", {"ApplyServerSideEncryptionByDefault": {**rule}})


def put_bucket_encryption(call: Call) -> Response:
    """Sets it; nothing is encrypted, and no key is looked for."""
    bucket = call.own_bucket()
    given = call.document("ServerSideEncryptionRule").find("ApplyServerSideEncryptionByDefault")
    if given is None:
        raise errors.malformed_xml()
    rule = {each.tag: each.text for each in given if each.text}
    check_encryption(rule or {"SSEAlgorithm": ""})
    call.state.set_encryption(bucket.name, rule)
    return Response()


def delete_bucket_encryption(call: Call) -> Response:
    """Removes the rule, if there is one."""
    call.state.set_encryption(call.own_bucket().name, {})
    return Response(204)


def check_encryption(rule: Mapping[str, str]) -> None:
    """Raise ApiError for a rule that OSS does not take; none at all is one."""
    algorithm, key = rule.get("SSEAlgorithm", ""), rule.get("KMSMasterKeyID", "")
    if rule and algorithm not in ("KMS", "AES256", "SM4"):
        raise errors.invalid_encryption_algorithm(algorithm)
    if key and algorithm != "KMS":
        raise errors.invalid_argument("KMSMasterKeyID", key, EC="0005-00000204")
    data = rule.get("KMSDataEncryption", "")
    if data and (data != "SM4" or algorithm != "KMS"):
        raise errors.invalid_argument("KMSDataEncryption", data, EC="0005-00000203")


def get_bucket_website(call: Call) -> Response:
    """The configuration as it was put."""
    website = call.own_bucket().website
    if website is None:
        raise errors.no_website()
    return Response(200, website.encode(), {"Content-Type": "application/xml"})


def put_bucket_website(call: Call) -> Response:
    """Switches static website hosting on: with an index page, an error page or routing rules.

    What is put is kept and told; no page is served.
    """
    bucket = call.own_bucket()
    root = call.document("WebsiteConfiguration")
    parts = {"IndexDocument": "Suffix", "ErrorDocument": "Key", "RoutingRules": "RoutingRule"}
    given = {name: root.find(name) for name in parts}
    there = {name: part for name, part in given.items() if part is not None}
    if not there or any(part.find(parts[name]) is None for name, part in there.items()):
        raise errors.malformed_xml()
    for each in root.iter():
        if each.text in ("True", "False"):  # so oss2 writes it; OSS answers true and false
            each.text = each.text.lower()
    try:
        text = ElementTree.tostring(root, "unicode")
    except RecursionError as error:
        raise errors.malformed_xml() from error
    call.state.set_website_configuration(bucket.name, text)
    return Response()


def delete_bucket_website(call: Call) -> Response:
    """Switches static website hosting off."""
    call.state.set_website(call.own_bucket().name, None)
    return Response(204)


def list_cname(call: Call) -> Response:
    """The domains that are bound to the bucket; none has a certificate."""
    bucket = call.own_bucket()
    bound: list[xml.Content] = [
        {"Domain": domain, "LastModified": forms.timestamp(at), "Status": "Enabled"}
        for domain, at in bucket.domains.items()
    ]
    return xml.answer(
        "ListCnameResult", {"Bucket": bucket.name, "Owner": bucket.owner, "Cname": bound}
    )
