"""The record in FHIR R4's words: pure functions from values of ours to resources, and nothing else.

A resource is a plain dict, as it stands in JSON; which library judges it, and why none makes it, says
docs/decisions/0040-fhir.md.
"""
