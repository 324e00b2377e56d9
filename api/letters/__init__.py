"""Dead letters: what could not be delivered, why, and what can be done about it."""
