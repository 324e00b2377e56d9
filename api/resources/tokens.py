"""Links that open a push without signing in: for mails. The token is the public id of the delivery to one person, so it
stands for that person; a GET looks, only a confirmed POST opens (previews fetch links)."""

from datetime import timedelta

from api.attachments.service import Content, content_of, find_attachments
from api.context import Context
from api.errors import not_found
from api.resources.pushes import Opened, may_read_pushed, open_push, push_stands
from storage import pushes
from storage.people import Person
from storage.pushes import Push
from storage.resources import Resource

TOKEN_LIFE = timedelta(days=30)


def reader_of_token(ctx: Context, token: str) -> tuple[Push, Resource, Person]:
    """Whom a delivery's token stands for, and what it brought; changes nothing.

    Raises NotFound, also when it was taken back, and for whom it is not meant any more.
    """
    found = pushes.find_delivered(ctx.session, token)
    if found is None:
        raise not_found("push.unknown")
    push, person_id = found
    old = push.released_at is None or ctx.now - push.released_at > TOKEN_LIFE
    if old or not push_stands(ctx, [person_id], push.id):
        raise not_found("push.unknown")
    return push, ctx.session.get_one(Resource, push.resource_id), ctx.session.get_one(Person, person_id)


def open_by_token(ctx: Context, token: str) -> Opened:
    """Open the push that a delivery brought, as the person it was delivered to: the confirming POST of its page."""
    push, _, person = reader_of_token(ctx, token)
    ctx.actor = person
    return open_push(ctx, push.pid)


def read_file_by_token(ctx: Context, token: str, pid: str) -> Content:
    """A file of what a delivery brought, once its person has opened it. Raises NotFound."""
    _, resource, person = reader_of_token(ctx, token)
    files = find_attachments(ctx, [pid] if pid in resource.files and resource.removed_at is None else [])
    if not files or not may_read_pushed(ctx, resource, person.id):
        raise not_found("attachment.unknown")
    return content_of(ctx, files[0])
