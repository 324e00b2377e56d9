"""The documentation is tested: commands explained and tried, links that lead somewhere, both languages alike."""
