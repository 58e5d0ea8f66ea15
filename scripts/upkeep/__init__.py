"""What keeps the project itself up: newer locks, known vulnerabilities, what is given to others."""
