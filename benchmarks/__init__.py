"""Measurements. Every run prints ratios against a floor measured in the same run: absolute times mean little here."""
