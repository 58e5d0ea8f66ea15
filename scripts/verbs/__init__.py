"""What an operator runs, a module a verb."""
