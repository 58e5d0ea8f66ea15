"""Calls of alibabacloud-oss-v2."""

import os
import urllib.request

import alibabacloud_oss_v2 as oss
from calls import call, refused

BUCKET, KEY = "foreign-bucket", "a folder/a name"

settings = oss.config.load_default()
settings.credentials_provider = oss.credentials.StaticCredentialsProvider(
    os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"], os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"]
)
settings.region = os.environ["ALIBABA_CLOUD_REGION_ID"]
settings.endpoint = os.environ["ALICLOUD_LOCAL_OSS_ENDPOINT"]
settings.use_path_style = True
client = oss.Client(settings)


def of_bucket(request: type, **more: object) -> object:
    """A request about the bucket."""
    return request(bucket=BUCKET, **more)


def of_object(request: type, **more: object) -> object:
    """A request about the object."""
    return request(bucket=BUCKET, key=KEY, **more)


def url_of_the_object() -> bytes:
    """What a signed URL leads to."""
    url = client.presign(of_object(oss.GetObjectRequest)).url
    with urllib.request.urlopen(url) as answer:  # noqa: S310  (of the local cloud)
        return answer.read()


call("PutBucket", lambda: client.put_bucket(of_bucket(oss.PutBucketRequest, acl="private",
     create_bucket_configuration=oss.CreateBucketConfiguration(storage_class="IA"))))  # fmt: skip
call("ListBuckets", lambda: client.list_buckets(oss.ListBucketsRequest(prefix="foreign")),
     lambda found: [each.name for each in found.buckets] == [BUCKET])  # fmt: skip
call("GetBucketInfo", lambda: client.get_bucket_info(of_bucket(oss.GetBucketInfoRequest)),
     lambda found: (found.bucket_info.acl, found.bucket_info.storage_class) == ("private", "IA")
)  # fmt: skip
call("PutBucketAcl", lambda: client.put_bucket_acl(of_bucket(oss.PutBucketAclRequest,
     acl="public-read")))  # fmt: skip
call("GetBucketAcl", lambda: client.get_bucket_acl(of_bucket(oss.GetBucketAclRequest)),
     lambda found: found.acl == "public-read")  # fmt: skip
call("PutBucketTags", lambda: client.put_bucket_tags(of_bucket(oss.PutBucketTagsRequest,
     tagging=oss.Tagging(tag_set=oss.TagSet(tags=[oss.Tag(key="a", value="b")])))))  # fmt: skip
call("GetBucketTags", lambda: client.get_bucket_tags(of_bucket(oss.GetBucketTagsRequest)),
     lambda found: found.tagging.tag_set.tags[0].value == "b")  # fmt: skip
call("DeleteBucketTags",
     lambda: client.delete_bucket_tags(of_bucket(oss.DeleteBucketTagsRequest)))  # fmt: skip
call("PutObject", lambda: client.put_object(of_object(oss.PutObjectRequest, body=b"text",
     metadata={"x": "y"})), lambda made: made.hash_crc64)  # fmt: skip
call("HeadObject", lambda: client.head_object(of_object(oss.HeadObjectRequest)),
     lambda found: (found.content_length, found.metadata["x"]) == (4, "y"))  # fmt: skip
call("GetObject", lambda: client.get_object(of_object(oss.GetObjectRequest)),
     lambda found: found.body.read() == b"text")  # fmt: skip
call("ListObjects", lambda: client.list_objects(of_bucket(oss.ListObjectsRequest)),
     lambda found: [each.key for each in found.contents] == [KEY])  # fmt: skip
call("ListObjectsV2", lambda: client.list_objects_v2(of_bucket(oss.ListObjectsV2Request,
     delimiter="/")), lambda found: found.common_prefixes[0].prefix == "a folder/")  # fmt: skip
call("presigned GetObject", url_of_the_object, lambda found: found == b"text")
call("PutBucketEncryption", lambda: client.put_bucket_encryption(
     of_bucket(oss.PutBucketEncryptionRequest, server_side_encryption_rule=(
         oss.ServerSideEncryptionRule(apply_server_side_encryption_by_default=(
             oss.ApplyServerSideEncryptionByDefault(sse_algorithm="KMS")))))))  # fmt: skip
call("GetBucketEncryption", lambda: client.get_bucket_encryption(
     of_bucket(oss.GetBucketEncryptionRequest)))  # fmt: skip
call("PutPublicAccessBlock", lambda: client.put_public_access_block(
     oss.PutPublicAccessBlockRequest(public_access_block_configuration=(
         oss.PublicAccessBlockConfiguration(block_public_access=False)))))  # fmt: skip
call("GetPublicAccessBlock",
     lambda: client.get_public_access_block(oss.GetPublicAccessBlockRequest()))  # fmt: skip
call("is_object_exist", lambda: client.is_object_exist(bucket=BUCKET, key=KEY), bool)
call("is_bucket_exist", lambda: client.is_bucket_exist(bucket="nobodys-bucket"),
     lambda found: not found)  # fmt: skip
refused("DeleteBucket with an object in it",
        lambda: client.delete_bucket(of_bucket(oss.DeleteBucketRequest)), "BucketNotEmpty"
)  # fmt: skip
call("DeleteObject", lambda: client.delete_object(of_object(oss.DeleteObjectRequest)))
call("DeleteBucket", lambda: client.delete_bucket(of_bucket(oss.DeleteBucketRequest)))
refused("GetBucketAcl of none",
        lambda: client.get_bucket_acl(of_bucket(oss.GetBucketAclRequest)), "NoSuchBucket"
)  # fmt: skip
