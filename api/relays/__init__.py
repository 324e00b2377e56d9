"""Relays (the bridge): what people say in one room of a community is heard in its other rooms (C2)."""
