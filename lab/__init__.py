"""The virtual hospital: real Debian machines on this computer, on a network of their own with no way out."""
