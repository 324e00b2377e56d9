"""The built-in web chat: pages, live events, and the platform adapter behind them."""
