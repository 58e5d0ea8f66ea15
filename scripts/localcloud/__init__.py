"""The embedded local cloud: the parts of Alibaba Cloud that this product touches, on loopback."""
