"""Content outside of the database: sealed, under names that say nothing, in an S3 object store."""
