"""Coded terminologies (CID-10, CIAP-2, CBO, LOINC) as data: loaded by a command, never written into code.

``python -m app.terminology`` reads the publishers' own files. What is in ``data/`` is only what the invented
patients need, in our own words (docs/decisions/0029-terminologies-and-seed-data.md says why).
"""
