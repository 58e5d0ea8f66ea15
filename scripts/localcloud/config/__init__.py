"""Cloud Config: rules evaluated on buckets, and the findings that they publish."""
