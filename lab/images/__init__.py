"""The image bundle: all that the cluster will ever run, signed, so that no machine pulls anything."""
