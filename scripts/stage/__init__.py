"""The product on the local cloud."""
