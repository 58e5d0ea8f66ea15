"""What a bucket can be given besides its ACL: tags, a policy, a website, domains, a block."""

from scripts.localcloud.http import Response
from scripts.localcloud.oss import errors, xml
from scripts.localcloud.oss.access import Call
from scripts.localcloud.oss.operations import forms


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
    """Removes all tags."""
    call.state.set_tags(call.own_bucket().name, {})
    return Response(204)


def get_bucket_policy(call: Call) -> Response:
    """A policy, byte for byte as it was put."""
    policy = call.own_bucket().policy
    if policy is None:
        raise errors.no_policy()
    return Response(200, policy.encode(), {"Content-Type": "application/json"})


def put_bucket_policy(call: Call) -> Response:
    """Sets the policy."""
    bucket = call.own_bucket()
    call.state.set_policy(bucket.name, call.request.body.decode("utf-8", "replace"))
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
    return forms.public_access_block(call.own_bucket().block_public_access)


def put_bucket_public_access_block(call: Call) -> Response:
    """Switches it on or off."""
    bucket = call.own_bucket()
    call.state.set_block_public_access(bucket.name, forms.wanted_block(call))
    return Response()


def delete_bucket_public_access_block(call: Call) -> Response:
    """Switches it off."""
    call.state.set_block_public_access(call.own_bucket().name, blocked=False)
    return Response(204)


def get_bucket_website(call: Call) -> Response:
    """Its index page; error pages and routing rules are not kept."""
    index = call.own_bucket().website
    if index is None:
        raise errors.no_website()
    return xml.answer("WebsiteConfiguration", {"IndexDocument": {"Suffix": index}})


def put_bucket_website(call: Call) -> Response:
    """Switches static website hosting on."""
    bucket = call.own_bucket()
    index = call.document("WebsiteConfiguration").findtext("IndexDocument/Suffix", "")
    if not index:  # a website of routing rules alone is not known here
        raise errors.malformed_xml()
    call.state.set_website(bucket.name, index)
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
