"""What a Brazilian record identifies and describes people with: values that are valid once they exist.

Errors are for clinicians: one line in Portuguese, which never repeats what was typed. ``repr`` hides the
number, so that neither a log nor a trace can hold it by accident.
"""
