"""The laws of this code base, executable: each failure says what to do instead."""
