"""What takes several calls and some waiting."""
