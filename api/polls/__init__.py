"""Open polls: a question in the room, answered by name (C4). Everybody sees who chose what; never scored."""
