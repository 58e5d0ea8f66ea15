"""What is there: a module a kind of thing, read, made, changed and taken away."""
