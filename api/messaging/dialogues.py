"""Open dialogues: rows that survive restarts, say what they wait for, and end politely."""

from datetime import timedelta
from typing import Any

from api.context import Context
from api.messaging.tree import Node, pack, unpack
from storage import dialogues
from storage.base import new_pid
from storage.messaging import Dialogue

LIFE = timedelta(hours=24)


def open_dialogue(ctx: Context, chat_id: int, identity_id: int, name: str, step: str, prompt: Node,
                  data: dict[str, Any]) -> Dialogue:  # fmt: skip
    """Open the account's dialogue in a chat, or take the open one to its next step: the buttons of the steps before do
    nothing from then on, however late or often they are pressed."""
    dialogue = dialogues.find_open(ctx.session, chat_id, identity_id)
    if dialogue is None or dialogue.name != name:
        if dialogue is not None:
            ctx.session.delete(dialogue)
            ctx.session.flush()
        dialogue = Dialogue(chat_id=chat_id, identity_id=identity_id, name=name, created_at=ctx.now)
        ctx.session.add(dialogue)
    dialogue.pid = new_pid()
    dialogue.step, dialogue.data, dialogue.prompt = step, dict(data), pack(prompt)
    dialogue.expires_at = ctx.now + LIFE
    ctx.session.flush()
    return dialogue


def current_dialogue(ctx: Context, chat_id: int, identity_id: int) -> Dialogue | None:
    """The account's open dialogue in a chat."""
    return dialogues.find_open(ctx.session, chat_id, identity_id)


def close_dialogue(ctx: Context, dialogue: Dialogue) -> None:
    """End a dialogue; its buttons do nothing from now on."""
    ctx.session.delete(dialogue)
    ctx.session.flush()


def prompt_of(dialogue: Dialogue) -> Node:
    """What the dialogue waits for, in words."""
    return unpack(dialogue.prompt)


def expired_dialogues(ctx: Context, limit: int = 100) -> list[Dialogue]:
    """Dialogues that waited too long."""
    return dialogues.find_expired(ctx.session, ctx.now, limit)


__all__ = ["Dialogue", "close_dialogue", "current_dialogue", "expired_dialogues", "open_dialogue", "prompt_of"]
