"""What the web chat stores about a person: handed out, forgotten; and what nobody needs any more."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from api.context import Context
from api.webchat.posting import touch_post
from api.webchat.speaking import forget_toasts, remove_post
from storage import accounts, webposts
from storage.attachments import Attachment
from storage.erasing import marks_of
from storage.people import Person

KEEP_UNSAID = timedelta(days=2)  # files that were never sent with a message
KEEP_WITHDRAWN = timedelta(days=7)  # files of messages taken back
BATCH = 100


def export_webchat(ctx: Context, person: Person) -> dict[str, Any]:
    """Everything a person said in the web chat, and the files they sent there."""
    mine = [account.id for account in accounts.identities_of(ctx.session, person.id) if account.platform == "web"]
    return {
        "web_posts": [
            {"pid": post.pid, "chat": chat, "text": post.text, "at": post.created_at.isoformat(),
             "withdrawn": post.removed_at is not None}
            for post, chat in webposts.posts_of(ctx.session, mine)
        ],
        "web_uploads": [
            {"pid": row.pid, "name": row.name, "kind": row.kind, "size": row.size, "at": row.created_at.isoformat()}
            for row in webposts.uploads_of(ctx.session, mine)
        ],
    }  # fmt: skip


def erase_webchat(ctx: Context, person: Person) -> None:
    """Forget every word and file a person sent; the gaps stay, as withdrawn messages. What the bot told them, and what
    it told others about them, disappears."""
    mine = [account.id for account in accounts.identities_of(ctx.session, person.id) if account.platform == "web"]
    for post, _ in webposts.posts_of(ctx.session, mine):
        post.text, post.files, post.removed_at = "", [], post.removed_at or ctx.now
        touch_post(ctx, post)
    for post in webposts.told_of(ctx.session, mine, marks_of(ctx.session, person)):
        remove_post(ctx, post)
    for row in webposts.uploads_of(ctx.session, mine):
        row.post_id = None
        ctx.session.delete(row)
        _purge_blobs(ctx, [row.blob_key, row.thumb_key])


def tidy_webchat(ctx: Context) -> bool:
    """Forget words of pressed buttons, and files that belong to no message any more; whether there is more."""
    forget_toasts(ctx)
    gone = webposts.forget_uploads(ctx.session, ctx.now - KEEP_UNSAID, ctx.now - KEEP_WITHDRAWN, BATCH)
    _purge_blobs(ctx, gone)
    return len(gone) >= BATCH


def _purge_blobs(ctx: Context, keys: Sequence[str | None]) -> None:
    """Hand blobs to the worker that deletes them: it works through removed attachments."""
    for key in filter(None, keys):
        row = Attachment(
            kind="document", name="", mime="", state="removed", blob_key=key, next_at=ctx.now, removed_at=ctx.now,
            created_at=ctx.now,
        )  # fmt: skip
        ctx.session.add(row)
        ctx.wake("files")
