"""The medical service: what answers on both Macs behind the edge."""

__version__ = "0.1.0"
