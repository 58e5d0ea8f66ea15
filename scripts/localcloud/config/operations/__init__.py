"""What Cloud Config's operations do, each by its row's name."""
