"""The published tutorial's way: one blind write a bucket, in the clear, signed with V1.

Written anew from what the tutorial describes: a client for each item of a list, one after another.
"""

import json
import logging
import os
from typing import Any

import oss2

logger = logging.getLogger()


def handler(event: bytes, context: Any) -> str:
    """Set every bucket of our rule private."""
    rule_id = os.environ["RULE_ID"]
    for item in json.loads(event):
        if item["configRuleId"] == rule_id:
            _close(item, context.credentials)
    return "success"


def _close(item: dict[str, Any], creds: Any) -> None:
    auth = oss2.StsAuth(creds.access_key_id, creds.access_key_secret, creds.security_token)
    endpoint = os.environ["OSS_ENDPOINT"].replace("{region}", item["regionId"])
    bucket = oss2.Bucket(auth, endpoint, item["resourceId"])
    bucket.put_bucket_acl(oss2.BUCKET_ACL_PRIVATE)
    logger.info("%s was set to private", item["resourceId"])
