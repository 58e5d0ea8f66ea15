"""Closes what was open before, or is due by now, through the deployed function."""
