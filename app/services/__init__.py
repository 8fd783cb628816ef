"""The rules of the record, each in one transaction with its audit; no HTTP, no SQL."""
