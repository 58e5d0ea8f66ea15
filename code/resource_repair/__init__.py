"""Closes what Cloud Config finds open: a finding comes in, a bucket provably private goes out."""
