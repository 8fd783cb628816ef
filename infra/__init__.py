"""The program: entry point, typed configuration and pinned versions."""
