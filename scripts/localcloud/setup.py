"""What pyproject.toml cannot say: which packages there are; and that nothing is built in here."""

import tempfile

from setuptools import find_packages, setup

NAME = "alicloud_local"

with tempfile.TemporaryDirectory() as elsewhere:
    setup(
        script_name="setup.py",  # which is no part of it
        packages=[NAME, *(f"{NAME}.{part}" for part in find_packages("."))],
        options={"build": {"build_base": elsewhere}, "egg_info": {"egg_base": elsewhere}},
    )
