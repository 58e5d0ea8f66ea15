"""Function Compute of the local cloud."""
