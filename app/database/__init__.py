"""The medical records' database as the service uses it: connections, transactions, migrations."""
