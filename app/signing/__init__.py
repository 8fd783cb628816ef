"""Digital signatures: certificates of ICP-Brasil, PAdES, and what a signature in a PDF is worth."""

import logging

for _library in ("pyhanko", "pyhanko_certvalidator"):
    # What they warn of names the holders of certificates; a log may name nobody. Causes are told by us.
    logging.getLogger(_library).setLevel(logging.CRITICAL + 1)
