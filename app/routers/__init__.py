"""HTTP and nothing else: headers, forms and answers of what the services do."""
