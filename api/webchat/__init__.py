"""The built-in web chat as operations: who sees which chat, what is said there, files, what is new."""
