"""The virtual hospital: production, on machines that this computer boots. One drawing, one code."""

from stacks.prod import deploy

__all__ = ["deploy"]
