"""The time of day as one program on one machine sees it."""
