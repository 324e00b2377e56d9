"""Rooms: which place on which platform mirrors which community, and how they are kept in step (C2)."""
