"""The fields of an account that people type."""

import re

USERNAME = re.compile(r"[a-z][a-z0-9._-]{2,39}")
REGISTRATION = re.compile(r"[A-Z]{2,8}-[A-Z]{2} [0-9]{1,10}")
"""A professional's council, its state, and the number there: ``CRM-SP 123456``."""
OCCUPATION = re.compile(r"[0-9]{6}")
"""CBO's code."""
