"""What is said about files."""

from api.messaging.tree import Node, Plural, T, Words
from storage.attachments import Attachment

KINDS = {"photo": T("photo"), "voice": T("voice message"), "video": T("video"), "document": T("file")}

# why a file failed (Attachment.error)
REASONS: dict[str, T] = {
    "gone": T("it cannot be fetched any more"),
    "too_large": T("it is too large"),
    "refused": T("the chat service did not hand it over"),
    "hidden_place": T("it hides where it was taken and I cannot take that out; send it as an ordinary photo (JPEG)"),
    "unreadable": T("it takes more memory or time than there is to look into it; make it smaller and send it again"),
}


def kind_name(kind: str) -> T:
    """What a kind of file is called."""
    return KINDS.get(kind, KINDS["document"])


def describe(attachment: Attachment) -> Node:
    """A file in a few words: a document by its name, anything else by its kind."""
    return Words(attachment.name) if attachment.kind == "document" else kind_name(attachment.kind)


def reason(attachment: Attachment) -> T:
    """Why a file could not be kept."""
    return REASONS.get(attachment.error or "", REASONS["refused"])


def count_kind(kind: str, n: int) -> Plural:
    """How many files of a kind: "3 photos"."""
    match kind:
        case "photo":
            return Plural("{n} photo", "{n} photos", n)
        case "voice":
            return Plural("{n} voice message", "{n} voice messages", n)
        case "video":
            return Plural("{n} video", "{n} videos", n)
    return Plural("{n} file", "{n} files", n)


def megabytes(size: int) -> str:
    """A size as people read it: "20 MB", "1.5 MB"."""
    return f"{size / 2**20:.1f}".removesuffix(".0") + " MB"
