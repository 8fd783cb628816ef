"""Courses of illness: each is a function that adds its visits to a chart, from a first day until now."""
