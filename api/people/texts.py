"""What several places say about people: the privacy notice, the greeting, names with schools, platforms."""

from api.messaging.tree import Bold, Bullets, Lines, Node, Seq, T, Words

# Raised whenever the notice says something else; what a person agreed to is kept as persons.privacy_version.
PRIVACY_VERSION = 3

PLATFORMS: dict[str, T] = {
    "web": T("web page"),
    "telegram": T("Telegram"),
    "matrix": T("Matrix"),
}

NEW_CODE_ADVICE = T("Ask your school administrator for a new one.")
UNBOUND_GREETING = Lines(
    T("Hello! I am the workshop assistant: notices, resources, logs and reminders of your school come through me."),
    T("Do you have a claim code from your school? Send it to me here: 12 letters and digits."),
)


def privacy_notice() -> Lines:
    """What is kept about a person, who sees it, and how to have it erased. Shown before the first binding."""
    return Lines(
        Bold(T("What is kept about you")),
        Bullets(
            T("From the school's list: your name, staff number, school, stage, subject, e-mail address, chat account."),
            T("From this account: its id and name."),
            T("What you do here: logs, files, receipts, answers. It shows your progress to you, hosts and school."),
            T("Nobody else sees it. Reading by administrators and exports are written down."),
            T("You may ask for everything that is stored, unbind this account (“accounts”), or have it all erased."),
        ),
    )


def platform_name(platform: str) -> Node:
    """A platform for people."""
    return PLATFORMS.get(platform, Words(platform))


def account_name(platform: str, name: str) -> Node:
    """An account for people: the platform, and the name it has there."""
    return Seq(platform_name(platform), Words(f" · {name}")) if name else platform_name(platform)
