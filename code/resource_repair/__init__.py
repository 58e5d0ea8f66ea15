"""Closes what Cloud Config finds open: a finding comes in, a bucket read back private goes out."""
