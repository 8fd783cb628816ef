"""The SQL of the records: one module per domain, each function inside its caller's transaction."""
