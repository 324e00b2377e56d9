"""Attachments: files people sent or we made, fetched once, kept safely, shown to those who may."""
