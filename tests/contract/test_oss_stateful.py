"""Whatever is done to buckets, in whatever order, oss2 sees what a simple model says."""

from dataclasses import dataclass, field

import oss2
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.contract.oss_helpers import OssCloud, oss_cloud

bucket_names = st.sampled_from(["alpha", "beta-2"])
acls = st.sampled_from(["private", "public-read", "public-read-write"])


@dataclass
class Expected:
    """A bucket as the model has it; `created` is what the wire told when it was new."""

    acl: str
    created: str = ""
    objects: set[str] = field(default_factory=set)


class Buckets(RuleBasedStateMachine):
    """Buckets that are made, changed and deleted, by oss2 and in the model."""

    def __init__(self) -> None:
        super().__init__()
        self.running = oss_cloud()
        self.cloud: OssCloud = self.running.__enter__()
        self.model: dict[str, Expected] = {}
        self.dates: set[tuple[str, str]] = set()

    def teardown(self) -> None:
        """Stop the cloud."""
        self.running.__exit__(None, None, None)

    @rule(name=bucket_names, acl=acls)
    def create(self, name: str, acl: str) -> None:
        """PutBucket makes it, or sets the ACL of the one there is."""
        self.cloud.bucket(name).create_bucket(acl)
        self._has(name, acl)

    @rule(name=bucket_names, acl=acls)
    def put_acl(self, name: str, acl: str) -> None:
        """PutBucketAcl does the same."""
        self.cloud.bucket(name).put_bucket_acl(acl)
        self._has(name, acl)

    @rule(name=bucket_names)
    def put_wrong_acl(self, name: str) -> None:
        """An ACL that is none makes and changes nothing."""
        with pytest.raises(oss2.exceptions.ServerError, match="InvalidArgument"):
            self.cloud.bucket(name).put_bucket_acl("public")

    @rule(name=bucket_names, key=st.sampled_from("ab"))
    def put_object(self, name: str, key: str) -> None:
        """An object needs a bucket."""
        bucket = self.cloud.bucket(name)
        if name in self.model:
            bucket.put_object(key, b"text")
            self.model[name].objects.add(key)
        else:
            with pytest.raises(oss2.exceptions.NoSuchBucket):
                bucket.put_object(key, b"text")

    @rule(name=bucket_names, key=st.sampled_from("ab"))
    def delete_object(self, name: str, key: str) -> None:
        """An object can be deleted whether or not it is there."""
        bucket = self.cloud.bucket(name)
        if name in self.model:
            bucket.delete_object(key)
            self.model[name].objects.discard(key)
        else:
            with pytest.raises(oss2.exceptions.NoSuchBucket):
                bucket.delete_object(key)

    @rule(name=bucket_names)
    def delete(self, name: str) -> None:
        """Only an empty bucket can be deleted."""
        bucket = self.cloud.bucket(name)
        expected = self.model.get(name)
        if expected is None:
            with pytest.raises(oss2.exceptions.NoSuchBucket):
                bucket.delete_bucket()
        elif expected.objects:
            with pytest.raises(oss2.exceptions.ServerError, match="BucketNotEmpty"):
                bucket.delete_bucket()
        else:
            bucket.delete_bucket()
            del self.model[name]

    @invariant()
    def the_wire_shows_the_model(self) -> None:
        """Names, ACLs and creation dates; and an anonymous reader gets what is public."""
        listed = self.cloud.service().list_buckets().buckets
        assert [bucket.name for bucket in listed] == sorted(self.model)
        for name, expected in self.model.items():
            info = self.cloud.bucket(name).get_bucket_info()
            assert (info.acl.grant, info.creation_date) == (expected.acl, expected.created)
            for key in expected.objects:
                status = self.cloud.plain("GET", f"/{name}/{key}").status
                assert status == (403 if expected.acl == "private" else 200)

    def _has(self, name: str, acl: str) -> None:
        if name in self.model:
            self.model[name].acl = acl
            return
        created = self.cloud.bucket(name).get_bucket_info().creation_date
        assert (name, created) not in self.dates, "a new bucket has a creation date of its own"
        self.dates.add((name, created))
        self.model[name] = Expected(acl, created)


Buckets.TestCase.settings = settings(max_examples=10, stateful_step_count=15, deadline=None)
TestBuckets = Buckets.TestCase
