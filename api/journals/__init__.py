"""Journals (研修日志): teachers' activity logs, written, handed in, read, commented, scored, featured (G11)."""
