"""What rooms know of a person: which of their accounts is in which, and what people there decided about it."""

from typing import Any

from api.context import Context
from storage.people import Person
from storage.rooms import accounts_of_person, forget_accounts


def export_rooms(ctx: Context, person: Person) -> dict[str, Any]:
    """Where their accounts are, or were."""
    return {
        "rooms": [
            {"platform": room.platform, "community": name, "account": one.native, "state": one.state, "since": one.at}
            for one, room, name in accounts_of_person(ctx.session, person.id)
        ]
    }


def erase_rooms(ctx: Context, person: Person) -> None:
    """Names and decisions are forgotten; that an account is to be taken out stays until it is."""
    forget_accounts(ctx.session, person.id)
