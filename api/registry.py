"""What the workers call by name: guards of deliveries, jobs of the clock, keepers of what is stored about a person."""

from collections.abc import Callable
from typing import Any

from api.attachments.fetching import Follower
from api.attachments.making import Maker
from api.attachments.service import Holders, erase_attachments, export_attachments, forget_made
from api.clock import Job
from api.communities.keeping import erase_communities, export_communities
from api.communities.pictures import may_see_picture
from api.context import Context
from api.journals.jobs import journals_waiting, purge_withdrawn, send_digests
from api.journals.keeping import erase_journals, export_journals
from api.journals.service import may_see as may_see_entry
from api.journals.submitting import follow_file
from api.mail.service import erase_mail, export_mail
from api.matrix.jobs import give_up_on_keys
from api.messaging.delivering import Guard
from api.messaging.jobs import end_dialogues, forget_handled, forget_said, forget_unreached, put_right
from api.messaging.votes import settle_votes
from api.notices.jobs import notice_not_received, notice_stands, refresh_notices, release_due_notices
from api.notices.keeping import erase_notices, export_notices
from api.notices.service import may_see_notice
from api.people.keeping import erase_people, export_people
from api.people.papers import CODES, follow_codes, make_codes
from api.people.service import purge_accounts
from api.polls.jobs import close_polls, refresh_polls, release_due_polls
from api.polls.keeping import erase_polls, export_polls
from api.quizzes.jobs import close_quizzes, quiz_not_answered, quiz_stands, refresh_quizzes, release_due_quizzes
from api.quizzes.keeping import erase_quizzes, export_quizzes
from api.relays.keeping import erase_relays, export_relays
from api.relays.service import follow_file as follow_relayed
from api.reminders.jobs import release_rules, ring_reminders
from api.reminders.keeping import erase_reminders, export_reminders
from api.reminders.missing import still_missing
from api.resources.keeping import erase_resources, export_resources
from api.resources.pushes import may_see_files, push_stands, refresh_pushes, release_due_pushes
from api.rooms.jobs import forget_accounts_gone
from api.rooms.keeping import erase_rooms, export_rooms
from api.rooms.service import room_unbound
from api.topics.keeping import erase_topics, export_topics
from api.webchat.keeping import erase_webchat, export_webchat, tidy_webchat
from storage.people import Person

GUARDS: dict[str, Guard] = {
    "room_unbound": room_unbound,
    "journals_waiting": journals_waiting,
    "still_missing": still_missing,
    "notice_not_received": notice_not_received,
    "notice_stands": notice_stands,
    "push_stands": push_stands,
    "quiz_stands": quiz_stands,
    "quiz_not_answered": quiz_not_answered,
}

JOBS: tuple[Job, ...] = (
    Job("messaging.dialogues", end_dialogues, 300),
    Job("messaging.forget", forget_handled, 3600),
    Job("messaging.prune", forget_said, 3600),
    Job("messaging.unreached", forget_unreached, 3600),
    Job("messaging.votes", settle_votes, 10),
    Job("messaging.put_right", put_right, 30),
    Job("matrix.keys", give_up_on_keys, 60),
    Job("journals.digests", send_digests, 60),
    Job("journals.purge", purge_withdrawn, 3600),
    Job("reminders.ring", ring_reminders, 5),
    Job("reminders.rules", release_rules, 20),
    Job("notices.release", release_due_notices, 10),
    Job("notices.refresh", refresh_notices, 10),
    Job("pushes.release", release_due_pushes, 10),
    Job("pushes.refresh", refresh_pushes, 10),
    Job("quizzes.release", release_due_quizzes, 10),
    Job("quizzes.refresh", refresh_quizzes, 10),
    Job("quizzes.close", close_quizzes, 10),
    Job("polls.release", release_due_polls, 10),
    Job("polls.refresh", refresh_polls, 10),
    Job("polls.close", close_polls, 10),
    Job("webchat.tidy", tidy_webchat, 60),
    Job("people.purge", purge_accounts, 3600),
    Job("attachments.made", forget_made, 3600),
    Job("rooms.forget", forget_accounts_gone, 3600),
)

# capability -> (what is stored about a person, what to forget of them)
Keeper = tuple[Callable[[Context, Person], dict[str, Any]], Callable[[Context, Person], None]]
PERSON_DATA: dict[str, Keeper] = {
    "people": (export_people, erase_people),
    "rooms": (export_rooms, erase_rooms),
    "communities": (export_communities, erase_communities),
    "mail": (export_mail, erase_mail),
    "reminders": (export_reminders, erase_reminders),
    "attachments": (export_attachments, erase_attachments),
    "journals": (export_journals, erase_journals),
    "notices": (export_notices, erase_notices),
    "resources": (export_resources, erase_resources),
    "quizzes": (export_quizzes, erase_quizzes),
    "polls": (export_polls, erase_polls),
    "relays": (export_relays, erase_relays),
    "topics": (export_topics, erase_topics),
    "webchat": (export_webchat, erase_webchat),
}

# what an attachment can belong to -> whether who acts may see what that thing (its pid) holds
HOLDERS: Holders = {
    "community": may_see_picture,
    "journal_entry": may_see_entry,
    "notice": may_see_notice,
    "resource": may_see_files,
}

# told in the settling transaction when a file became stored or failed
FOLLOWERS: tuple[Follower, ...] = (follow_file, follow_codes, follow_relayed)

# what is ordered and made beside the transactions, by the file worker
MAKERS: dict[str, Maker] = {CODES: make_codes}
