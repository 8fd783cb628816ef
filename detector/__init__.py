"""Decides that a machine is dead, and promotes the standby. No other job."""
