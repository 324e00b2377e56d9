"""Numbers as they come from outside: typed, in a cursor, in the data of a button. All of them may be nonsense."""


def read_number(text: str | None, digits: int = 17) -> int | None:
    """The whole number from 0 that a text is, of at most `digits` digits (17 fit every column); None for anything else.

    Full-width and other decimal digits count: people type them.
    """
    return int(text) if text and text.isdecimal() and len(text) <= digits else None
