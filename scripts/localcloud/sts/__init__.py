"""STS: who somebody is, and keys for a while."""
