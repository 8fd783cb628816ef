"""The boxes of the diagram: one component per module, its pure renderer beside it."""
