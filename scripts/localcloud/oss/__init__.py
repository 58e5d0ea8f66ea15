"""OSS: buckets and objects, who may do what to them, and what OSS says when they may not."""
