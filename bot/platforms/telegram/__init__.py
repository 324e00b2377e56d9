"""Telegram: the adapter and everything that knows the Bot API. aiogram is imported only when it is on."""
