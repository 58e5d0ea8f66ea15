"""Log Service (SLS): projects, log stores, their indexes, and what is found in them."""
