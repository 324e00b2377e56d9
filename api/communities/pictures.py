"""The picture of a community: what its rooms look like on the platforms that show one."""

from api.access import can
from api.attachments.service import attachments_of, remove_attachments, take_attachments
from api.communities.lookup import get_community_for
from api.context import Context
from api.errors import Invalid
from api.messaging.tree import T
from api.records.service import audit
from storage import communities, workshops
from storage.communities import Community
from storage.people import Person

PHOTO = "photo"


def set_picture(ctx: Context, pid: str, attachment: str | None) -> Community:
    """Give a community a photo that one has just sent (its pid), in place of the one before; None takes it away.

    For who may "manage" it. Raises NotFound for files that are not one's own or belong to something, Invalid for other
    files than photos.
    """
    community = get_community_for(ctx, pid, "manage")
    if attachment == community.picture:
        return community
    holder = f"community:{community.pid}"
    before = attachments_of(ctx, holder)
    if attachment is not None:
        (row,) = take_attachments(ctx, [attachment], holder)
        if row.kind != PHOTO:
            raise Invalid("community.picture", T("That is no photo. Send the picture as a photo, please."))
    remove_attachments(ctx, before)
    community.picture = attachment
    ctx.session.flush()
    audit(ctx, "community.picture", f"community:{community.pid}", community, set=attachment is not None)
    return community


def may_see_picture(ctx: Context, community_pid: str) -> bool:
    """Whether who acts may see what a community holds: whoever may see the community."""
    community = communities.get_by_pid(ctx.session, community_pid)
    return community is not None and can(ctx, "see", community)


def forget_pictures(ctx: Context, person: Person) -> None:
    """A person's files go: so do the pictures that they gave to communities."""
    for community in workshops.with_pictures_of(ctx.session, person.id):
        community.picture = None
