"""The SQL behind the services; no rules."""
