"""Backups: one archive of the database and the files that it counts on, and putting it back."""
