"""Models on the same rows: what their losses differ by, and whether that may be chance."""
