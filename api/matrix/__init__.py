"""The Matrix account as operations: its device and keys, its rooms, and what one sync brought."""
