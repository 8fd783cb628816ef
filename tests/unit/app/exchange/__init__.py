"""The record in FHIR, judged by two libraries that know the standard."""
