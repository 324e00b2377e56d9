"""What people's own tables hold about a person, for `person export`; and forgetting it, for `person erase`."""

from typing import Any

from api.context import Context
from api.people.lookup import home_of
from storage import erasing
from storage.people import ApiToken, BindingRequest, ClaimCode, Identity, Person


def export_people(ctx: Context, person: Person) -> dict[str, Any]:
    """The roster row, accounts, devices, codes, tokens, requests, transfers, records, and who looked at what."""
    home = home_of(ctx, person)
    rows, columns = erasing.rows_of, erasing.columns_of
    return {
        "person": {**columns(person, "staff_key"), "home": home.name if home else None},
        "accounts": [columns(one) for one in rows(ctx.session, Identity, person.id)],
        "devices": [columns(one, "hash") for one in erasing.sessions_of_anybody(ctx.session, person.id)],
        "claim_codes": [columns(one, "hash", "issued_by") for one in rows(ctx.session, ClaimCode, person.id)],
        "tokens": [columns(one, "hash") for one in rows(ctx.session, ApiToken, person.id)],
        "binding_requests": [columns(one, "decided_by") for one in rows(ctx.session, BindingRequest, person.id)],
        "transfers": [
            {"at": at, "from": old, "to": new} for at, old, new in erasing.transfers_of(ctx.session, person.id)
        ],
        "records": [
            {**columns(one), "community": place} for one, place in erasing.records_of(ctx.session, person.id)
        ],
        "audit": [{**columns(one), "actor": name} for one, name in erasing.audit_about(ctx.session, person)],
    }


def erase_people(ctx: Context, person: Person) -> None:
    """Names, numbers, contacts, accounts, sessions and codes go; records and tallies keep the id only."""
    erasing.forget_person(ctx.session, person, ctx.now)
    ctx.wake("web")
