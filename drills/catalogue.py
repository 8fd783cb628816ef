"""Every drill there is. Importing a script registers it."""

from drills import cpu_stress, http_failover
from drills.framework.registry import DRILLS, find

__all__ = ["DRILLS", "cpu_stress", "find", "http_failover"]
