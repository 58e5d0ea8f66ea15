"""SDKs that this project does not use, against the local cloud: `make foreign`."""
