"""Documents as people read and sign them: data in, PDF out."""
