"""Many clinicians at once: signs them in, lets them work, and looks for everything that was acknowledged.

address -> device (HTTP, retries) -> clinician (session) -> mix (what they do) -> run (when)
        -> ledger (what was acknowledged) -> report (figures and verdict)
"""
