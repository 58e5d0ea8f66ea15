"""The benchmark: the product beside what it replaces, what is honest, and what is possible.

`python -m scripts.bench`, or `make bench`. Everything that is measured runs in a process of its own
(`runner`), from a folder of code as Function Compute would have it (`folders`), against a server in
another process that emulates OSS and the way to it (`server`). Nothing leaves loopback.
"""
