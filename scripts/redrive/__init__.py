"""Sends again what the failure queue keeps: reads its envelopes, and never loses one."""
