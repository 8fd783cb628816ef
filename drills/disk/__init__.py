"""A disk that fails on demand, under one folder of one machine."""
