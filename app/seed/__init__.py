"""Invented Brazilian patients with medically coherent courses of illness: the same seed, the same bytes.

Nobody here is real: names are combined by chance, identifiers are valid but made up, and every patient
carries ``invented``. Nothing of this may be looked up in a national service or sent to a telephone.
"""
