"""`python -m alicloud_local`, once it is installed: the command `alicloud-local`."""

import sys

from .command import main

sys.exit(main())
