"""Binding an account to a person, by their word or by the list, undoing it, and unbinding (architecture: Safety of
identity)."""

from datetime import timedelta

from api.communities.joining import list_joinable
from api.context import Context
from api.errors import Conflict, Invalid, Problem, not_found
from api.messaging.outbox import (
    PERSONAL,
    REPLY,
    deliver_to_chats,
    edit_message,
    say_in_chat,
    tell_person,
    write_message,
)
from api.messaging.places import deliver_late
from api.messaging.tree import Bullets, Button, Lines, Node, Quote, T, Words
from api.people.codes import look_up_code
from api.people.lookup import home_of
from api.people.texts import NEW_CODE_ADVICE, PRIVACY_VERSION, account_name, privacy_notice
from api.people.websessions import announce_device, find_web_identity, web_identity
from api.records.service import audit, record
from storage import accounts, claims
from storage.communities import Community
from storage.messaging import Message
from storage.people import BindingRequest, ClaimCode, Identity, Person, choose_home
from storage.whose import person_of

UNDO_LIFE = timedelta(days=7)
SEEK_EVERY = timedelta(minutes=5)
WEB = "web"


def check_unbound(ctx: Context, identity: Identity) -> None:
    """Raise Conflict saying how when an account belongs to somebody already."""
    if identity.person_id is None:
        return
    person = ctx.session.get_one(Person, identity.person_id)
    say = T("This account already belongs to {name}. To give it to somebody else, unbind it first: send “accounts”.",
            name=person.name)  # fmt: skip
    raise Conflict("account.bound", say)


def redeem_claim(ctx: Context, claim_id: int, identity: Identity) -> Identity:
    """Use a looked-up code (Claim.id): bind the account to its person, who has agreed to the privacy notice.

    Returns the account now in use: a browser's visitor account is merged into the person's one web account.
    Raises Conflict when the code was used or voided meanwhile, or the account is bound.
    """
    check_unbound(ctx, identity)
    person = _take(ctx, claim_id)
    return bind(ctx, identity, person, "code")


def redeem_code(ctx: Context, text: str, identity: Identity | None, address: str = "") -> Person | Problem:
    """Look a code up and use it in one step, for pages that showed the privacy notice with it.

    Without an account (a fresh browser) the person gets their web account; the caller opens a session on it.
    A wrong code is returned as a Problem (see look_up_code).
    """
    claim = look_up_code(ctx, text, identity, address)
    if isinstance(claim, Problem):
        return claim
    if identity is not None:
        redeem_claim(ctx, claim.id, identity)
        return claim.person
    person = _take(ctx, claim.id)
    known = find_web_identity(ctx, person) is not None
    account = web_identity(ctx, person)
    _agree(ctx, person)
    _write_down(ctx, account, person, "code")
    if not known:
        _welcome(ctx, account, person)
    return person


def _take(ctx: Context, claim_id: int) -> Person:
    claim = ctx.session.get(ClaimCode, claim_id)
    person = ctx.session.get_one(Person, claim.person_id) if claim else None
    here = person is not None and person.removed_at is None and person.erased_at is None
    if person is None or not here or not claims.take_code(ctx.session, claim_id, ctx.now):
        raise Conflict("code.used", T("This code does not work any more. {advice}", advice=NEW_CODE_ADVICE))
    return person


def _agree(ctx: Context, person: Person) -> None:
    person.privacy_version = PRIVACY_VERSION
    ctx.session.flush()


def bind(ctx: Context, identity: Identity, person: Person, by: str) -> Identity:
    """Let an account belong to a person who agreed; their other accounts are told and may undo it for 7 days."""
    _close_request(ctx, identity, person)
    if identity.platform == WEB:
        accounts.outdate_sessions(ctx.session, identity.id, ctx.now)  # who sat there before may know their tokens
        if (mine := find_web_identity(ctx, person)) is not None:
            return _merge(ctx, identity, mine, person, by)
    identity.person_id, identity.bound_at, identity.state = person.id, ctx.now, "active"
    identity.last_spoke_at, identity.parted_at = ctx.now, None
    if person.language != identity.language and person.privacy_version is None:
        person.language = identity.language  # what they chose or read before they were known
    _agree(ctx, person)
    nowhere = person.home_chat_id is None
    if nowhere or not person.home_chosen:
        person.home_chat_id = identity.chat_id
    ctx.session.flush()
    if nowhere and identity.chat_id is not None:
        deliver_late(ctx, identity)
    _write_down(ctx, identity, person, by)
    _announce(ctx, identity, person)
    _welcome(ctx, identity, person)
    return identity


def bind_listed(ctx: Context, identity: Identity) -> Person | None:
    """Bind an account that does something to whose it is by the list, or by the template; None where it is nobody's, or
    its person unbound it before. Nothing is asked of the person, who reads the privacy notice before anything else.

    Looks at the list every five minutes at most for one account.
    """
    sought = identity.sought_at is not None and ctx.now - identity.sought_at < SEEK_EVERY
    if identity.person_id is not None or identity.parted_at is not None or sought:
        return None
    person = person_of(ctx.session, identity.platform, identity.native, ctx.config.matrix.user_template)
    if person is None:
        identity.sought_at = ctx.now
        return None
    ctx.session.refresh(identity, with_for_update=True)  # it may be speaking in another room, too
    if identity.person_id is not None:
        return ctx.session.get_one(Person, identity.person_id)
    _close_request(ctx, identity, person)
    identity.person_id, identity.bound_at, identity.state = person.id, ctx.now, "active"
    nowhere = person.home_chat_id is None
    if identity.chat_id is not None and not (person.home_chat_id and person.home_chosen):
        person.home_chat_id = identity.chat_id
    ctx.session.flush()
    if nowhere and identity.chat_id is not None:
        deliver_late(ctx, identity)
    _write_down(ctx, identity, person, "list")
    _announce(ctx, identity, person)
    if identity.chat_id is not None:
        introduce(ctx, identity.chat_id, person)
    _welcome(ctx, identity, person)
    return person


def introduce(ctx: Context, chat_id: int, person: Person) -> None:
    """Tell somebody whom the list connected so in private, with the privacy notice, before anything else."""
    home = home_of(ctx, person)
    hello = T("Hello {name}! By the list of {place} this account is yours, so it is connected: you need no claim code.",
              name=person.name, place=home.name if home else "")  # fmt: skip
    wrong = T(
        "If that is wrong, or you do not want it: send “accounts” and unbind it. The list will not connect it again."
    )
    say_in_chat(ctx, chat_id, Lines(hello, privacy_notice(), wrong), lane=REPLY)
    _agree(ctx, person)


def _close_request(ctx: Context, identity: Identity, person: Person) -> None:
    """Nobody need decide any more on an account that found another way in."""
    request = claims.open_request_of(ctx.session, identity.id)
    if request is not None:
        request.state, request.person_id, request.decided_at = "bound", person.id, ctx.now
        show_outcome(ctx, request, T("Connected with a claim code meanwhile: there is nothing left to decide."))


def show_outcome(ctx: Context, request: BindingRequest, outcome: Node) -> None:
    """What its administrators were asked becomes what came of it."""
    if request.message_id is not None:
        school = ctx.session.get_one(Community, request.school_id)
        about = T("{name} asked to be let in at {school}.", name=request.claimed_name, school=school.name)
        edit_message(ctx, ctx.session.get_one(Message, request.message_id), Lines(about, Quote(outcome)))


def _merge(ctx: Context, visitor: Identity, mine: Identity, person: Person, by: str) -> Identity:
    """A visitor turns out to be somebody with a web account: the browser moves over, and is told of as a new device."""
    _agree(ctx, person)
    mine.state, mine.last_spoke_at = "active", ctx.now
    for session in accounts.move_sessions(ctx.session, visitor.id, mine.id):
        announce_device(ctx, person, session)
    _write_down(ctx, mine, person, by)
    ctx.wake("web")
    return mine


def _write_down(ctx: Context, account: Identity, person: Person, by: str) -> None:
    record(ctx, "person.bound", f"identity:{account.pid}", person_id=person.id)
    audit(ctx, "account.bound", f"identity:{account.pid}", by=by, person=person.pid)


def _welcome(ctx: Context, account: Identity, person: Person) -> None:
    """The first words in an account's chat: who they are here, and what to do next."""
    if ctx.actor is None:
        ctx.actor = person  # the account speaks for them from here on
    home = home_of(ctx, person)
    place = home.name if home else ""
    lines: list[Node] = [T("Welcome, {name}! You are connected with {place}.", name=person.name, place=place)]
    workshops = list_joinable(ctx, 3)[:3]
    if workshops:
        lines += [T("Workshops you can join:"), Bullets(*[Words(workshop.name) for workshop in workshops])]
    lines.append(T("Next: join a workshop, or just write to me. “help” shows everything you can say."))
    rows = [[Button(T("Join a workshop"), "run:join", style="primary"), Button(T("Help"), "run:help")]]
    if account.chat_id is not None:
        say_in_chat(ctx, account.chat_id, Lines(*lines), rows)
    elif person.home_chat_id is None:
        tell_person(ctx, person.id, Lines(*lines), rows, lane=REPLY)  # once there is a private chat


def _announce(ctx: Context, account: Identity, person: Person) -> None:
    chats = accounts.private_chats_of(ctx.session, person.id, but=account.id)
    if not chats:
        return
    where = account_name(account.platform, account.name)
    say = Lines(
        T("A new account was bound to you: {account}. From now on it can read and write as you.", account=where),
        T("If that was not you, undo it (within 7 days)."),
    )
    undo = Button(T("Undo"), f"accounts.undo:{account.pid}", style="danger")
    deliver_to_chats(ctx, write_message(ctx, say, [[undo]]), chats, PERSONAL)


def undo_binding(ctx: Context, identity_pid: str) -> Identity:
    """Take a binding of the last 7 days back, from another account of the same person."""
    account = _own_account(ctx, identity_pid)
    if account.bound_at is None or account.bound_at + UNDO_LIFE < ctx.now:
        say = T("That was more than 7 days ago. Unbind the account under “accounts” instead.")
        raise Invalid("account.undo_late", say)
    say = T("The binding of this account to {name} was undone from another account.", name=ctx.me.name)
    return _unbind(ctx, account, say, "undone")


def list_accounts(ctx: Context) -> list[Identity]:
    """The accounts of who acts, last used first."""
    return accounts.identities_of(ctx.session, ctx.me.id)


def unbind_account(ctx: Context, identity_pid: str) -> Identity:
    """Part one's own account from oneself. The last one may go too: a new code leads back."""
    account = _own_account(ctx, identity_pid)
    say = T("This account was unbound from {name}. To come back, send a claim code here.", name=ctx.me.name)
    return _unbind(ctx, account, say, "unbound")


def _own_account(ctx: Context, pid: str) -> Identity:
    account = accounts.identity_by_pid(ctx.session, pid)
    if account is None or account.person_id is None or account.person_id != ctx.me.id:
        raise not_found("account.unknown")
    return account


def _unbind(ctx: Context, account: Identity, say: Node, how: str) -> Identity:
    person = ctx.me
    release(ctx, account)
    record(ctx, "person.bound", f"identity:{account.pid}", person_id=person.id, amount=-1)
    audit(ctx, f"account.{how}", f"identity:{account.pid}", person=person.pid)
    if account.chat_id is not None:
        say_in_chat(ctx, account.chat_id, say, lane=PERSONAL)
    return account


def release(ctx: Context, account: Identity) -> None:
    """Part an account from its person: browsers signed out, its dialogues ended, personal messages go elsewhere."""
    person = ctx.session.get_one(Person, account.person_id)
    account.person_id = account.bound_at = account.wanted_at = None
    account.parted_at = ctx.now
    if account.platform == WEB:
        accounts.revoke_sessions(ctx.session, account.id, ctx.now)
    accounts.end_dialogues(ctx.session, account.id)
    ctx.session.flush()
    if person.home_chat_id == account.chat_id:
        choose_home(ctx.session, person.id)
        ctx.session.refresh(person)
    ctx.wake("web")

