"""What follows from what is declared and what is there."""
