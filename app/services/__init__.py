"""What may be done with the records: rules, transactions and their audit."""
