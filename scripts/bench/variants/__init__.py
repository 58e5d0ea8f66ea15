"""What the product is compared with: each module is copied to be the `index.py` of a folder."""
