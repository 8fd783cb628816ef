"""How fast this computer is says nothing about the code: no deadlines."""

import tests.strategies  # noqa: F401  (loads the profile)
