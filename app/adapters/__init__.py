"""Other systems, each behind one module of ours: nobody else knows their protocols."""
