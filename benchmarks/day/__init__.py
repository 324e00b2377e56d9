"""One day of a county, in parts: who lives there, what they do when, and what is written down meanwhile."""
