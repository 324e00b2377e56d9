"""Who may what in a group, from a ChatMember (https://core.telegram.org/bots/api#chatmember) to our own words. Pure."""

from collections.abc import Mapping
from typing import Any

from api.rooms.planning import LEADS, READS, SPEAKS

INVITES, RESTRICTS, PROMOTES = "can_invite_users", "can_restrict_members", "can_promote_members"
CHANGES, TOPICS = "can_change_info", "can_manage_topics"
# which right of an administrator each action takes, in a group and in a topic of one
IN_GROUP = {
    "invite": INVITES, "admit": INVITES, "refuse": INVITES,
    "remove": RESTRICTS, "ban": RESTRICTS, "unban": RESTRICTS, "hush": RESTRICTS, "unhush": RESTRICTS,
    "rank": PROMOTES, "name": CHANGES, "topic": CHANGES, "picture": CHANGES, "open": TOPICS,
}  # fmt: skip
IN_TOPIC = {"name": TOPICS, "hush": TOPICS, "unhush": TOPICS}
# what a cohost is given of what we have ourselves: not the right to appoint others, nor to rename what we keep in step
MODERATOR = (
    "can_delete_messages", "can_restrict_members", "can_invite_users", "can_pin_messages", "can_manage_topics",
    "can_manage_video_chats",
)  # fmt: skip
# what everybody in a group is allowed to send (https://core.telegram.org/bots/api#chatpermissions)
SENDING = (
    "can_send_messages", "can_send_audios", "can_send_documents", "can_send_photos", "can_send_videos",
    "can_send_video_notes", "can_send_voice_notes", "can_send_polls", "can_send_other_messages",
    "can_add_web_page_previews",
)  # fmt: skip
OWNS = 100  # the rank of a group's owner
LARGE = -1_000_000_000_000  # ids of supergroups lie below, those of basic groups above


def is_basic(chat: int) -> bool:
    """Whether a group is no supergroup: it has no bans, nobody is restricted there, and bots appoint nobody."""
    return chat > LARGE


def state_of(member: Mapping[str, Any]) -> str:
    """How an account stands in a group: join | leave | ban."""
    status = member.get("status")
    if status == "kicked":
        return "ban"
    inside = status in ("creator", "administrator", "member") or (status == "restricted" and member.get("is_member"))
    return "join" if inside else "leave"


def rank_of(member: Mapping[str, Any]) -> int:
    """The rank that a ChatMember has, of api.rooms.planning."""
    match member.get("status"):
        case "creator":
            return OWNS
        case "administrator":
            return LEADS
        case "restricted":
            return SPEAKS if member.get("can_send_messages") else READS
    return SPEAKS


def holds(member: Mapping[str, Any], right: str) -> bool:
    """Whether somebody has an administrator's right."""
    status = member.get("status")
    return status == "creator" or (status == "administrator" and bool(member.get(right)))


def may_of(member: Mapping[str, Any], chat: int, topic: bool = False) -> frozenset[str]:
    """The actions that a ChatMember may do in a group, or in a topic of one."""
    may = {action for action, right in (IN_TOPIC if topic else IN_GROUP).items() if holds(member, right)}
    return frozenset(may - {"rank"} if is_basic(chat) else may)
