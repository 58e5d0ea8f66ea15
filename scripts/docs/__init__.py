"""What is written into documents from what the code declares."""
