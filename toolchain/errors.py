"""The one exception people see."""


class ToolchainError(Exception):
    """What happened, where, and what to do next, in one line."""
