"""The ACLs that a bucket can have, and how open each is.

OSS, "Bucket ACL": the three values; there is no other for a bucket.
"""

from typing import Dict

PRIVATE = "private"
PUBLIC_READ = "public-read"
PUBLIC_READ_WRITE = "public-read-write"

OPENNESS: Dict[str, int] = {PRIVATE: 0, PUBLIC_READ: 1, PUBLIC_READ_WRITE: 2}
