"""Topics (研讨): discussions that a host opens, and opens to other workshops (G12)."""
