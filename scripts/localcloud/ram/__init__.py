"""RAM and STS: identities, what they may do, and the keys they hold."""
