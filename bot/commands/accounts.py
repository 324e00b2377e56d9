"""My accounts and devices, signing in on the web, where messages go, language, quiet hours."""

from api.errors import Invalid
from api.messaging.tree import Bold, Bullets, Button, Lines, Node, Rows, Seq, T, When, Words
from api.people.binding import list_accounts, unbind_account, undo_binding
from api.people.settings import DEFAULT, NEVER, set_language, set_quiet_hours, settle_here
from api.people.texts import account_name
from api.people.tokens import revoke_token
from api.people.websessions import LINK_MINUTES, list_devices, make_one_time_link, page_url, revoke_device
from bot.registry import ALONE, ANYONE, Command, Feature, Talk
from bot.turn import Choices, Turn

QUIET = "quiet_hours"
LANGUAGES = {"zh_CN": Words("中文"), "en": Words("English")}
SPOKEN = {"中文": "zh_CN", "汉语": "zh_CN", "chinese": "zh_CN", "英文": "en", "英语": "en", "english": "en"}


def show_accounts(turn: Turn) -> None:
    """List my accounts by platform and last use, each with a button to unbind it."""
    mine = list_accounts(turn.ctx)
    lines: list[Node] = []
    for account in mine:
        name = account_name(account.platform, account.name)
        line: list[Node] = [name, Words(" · ")]
        line.append(T("last used {when}", when=account.last_spoke_at) if account.last_spoke_at else T("not used yet"))
        if account.id == turn.face.identity.id:
            line += [Words(" · "), T("this one")]
        lines.append(Seq(*line))
    rows: Rows = [
        [Button(T("Unbind: {account}", account=account_name(one.platform, one.name)), f"accounts.unbind:{one.pid}")]
        for one in mine
    ]
    rows.append([Button(T("Devices on the web"), "run:devices"), Button(T("Sign in on the web"), "run:web")])
    turn.whisper(Lines(Bold(T("Your accounts")), Bullets(*lines)), rows)


def ask_unbind(turn: Turn, pid: str) -> None:
    """Before unbinding: say what it means, and ask."""
    mine = list_accounts(turn.ctx)
    account = next((one for one in mine if one.pid == pid), None)
    if account is None:
        turn.toast(T("This account is not connected with you any more."))
        return
    lines: list[Node] = [T("Unbind {account}?", account=account_name(account.platform, account.name))]
    if len(mine) == 1:
        last = T("It is your last account: I cannot reach you then, and you need a new claim code to return.")
        lines.append(last)
    lines.append(T("What you handed in stays."))
    part = Button(T("Unbind"), f"accounts.part:{pid}", style="danger")
    turn.say(Lines(*lines), [[part, Button(T("Leave it bound"), "accounts.keep:")]])


def unbind(turn: Turn, pid: str) -> None:
    """Confirmed: unbind. The account itself is told in its own chat."""
    account = unbind_account(turn.ctx, pid)
    turn.replace_pressed(T("Unbound: {account}", account=account_name(account.platform, account.name)))
    turn.toast(T("Unbound."))


def keep(turn: Turn, _rest: str) -> None:
    """Not after all."""
    turn.replace_pressed(T("Nothing was changed."))


def undo(turn: Turn, pid: str) -> None:
    """Undo a new binding, from another account."""
    account = undo_binding(turn.ctx, pid)
    name = account_name(account.platform, account.name)
    turn.replace_pressed(T("Undone: {account} is no longer connected with you.", account=name))
    turn.toast(T("Undone."))


def show_devices(turn: Turn) -> None:
    """The browsers signed in as me, each with a button to sign it out."""
    devices = list_devices(turn.ctx)
    if not devices:
        turn.whisper(T("No browser is signed in as you."), [[Button(T("Sign in on the web"), "run:web")]])
        return
    lines = [
        T("{device}: last used {seen}, signed in {day}", device=_device(one.device), seen=one.seen_at,
          day=When(one.created_at, "day")) for one in devices
    ]  # fmt: skip
    rows: Rows = [
        [Button(T("Sign out: {device}", device=_device(one.device)), f"devices.revoke:{one.pid}")] for one in devices
    ]
    turn.whisper(Lines(Bold(T("Browsers signed in as you")), Bullets(*lines)), rows)


def _device(name: str) -> Node:
    return Words(name) if name else T("a browser")


def revoke(turn: Turn, pid: str) -> None:
    """Sign a browser out."""
    turn.toast(T("Signed out.") if revoke_device(turn.ctx, pid) else T("It was signed out already."))


def end_token(turn: Turn, pid: str) -> None:
    """End a program's access."""
    token = revoke_token(turn.ctx, pid)
    turn.replace_pressed(T("Ended: “{name}” cannot act as you any more.", name=token.name))
    turn.toast(T("Ended."))


def send_link(turn: Turn) -> None:
    """A one-time link that signs in on the web."""
    secret = make_one_time_link(turn.ctx, turn.person)
    say = T("This link signs you in on the web: once, within {minutes} minutes. Keep it to yourself, it is your key.",
            minutes=LINK_MINUTES)  # fmt: skip
    turn.whisper(say, [[Button(T("Sign in on the web"), url=page_url(turn.ctx, f"/link/{secret}"))]])


def come_here(turn: Turn) -> None:
    """Personal messages come to this account from now on."""
    settle_here(turn.ctx, turn.face.identity)
    turn.say(T("Personal messages come here from now on, wherever you write next."))


def speak(turn: Turn) -> None:
    """Chinese or English: by buttons, or said with the command."""
    wanted = turn.args.strip()
    if wanted:
        choose_language(turn, SPOKEN.get(wanted.lower(), wanted))
        return
    rows = [[Button(label, f"people.language:{language}") for language, label in LANGUAGES.items()]]
    turn.whisper(T("Which language shall I speak with you?"), rows)


def choose_language(turn: Turn, language: str) -> None:
    """Set it, and answer in it."""
    set_language(turn.ctx, language, turn.face.identity)
    turn.whisper(T("From now on I speak English with you."))


def show_quiet(turn: Turn) -> None:
    """Show my quiet hours, or change them by words."""
    if turn.args:
        _set_quiet(turn, turn.args)
        return
    service = turn.ctx.config.time.quiet_hours
    mine = turn.person.quiet_hours
    now: Node = T("not set") if mine == "" else Words(mine or service or "—")
    prompt = Lines(
        T("Your quiet hours: {hours}. Reminders and notices wait until they end.", hours=now),
        T("Choose, or write your own like this: 22:00-06:30"),
    )
    usual = T("As usual ({hours})", hours=service or "—")
    choices: Choices = [
        [(usual, DEFAULT), (Words("22:00-06:30"), "22:00-06:30")],
        [(T("Never quiet"), NEVER)],
    ]
    turn.ask(QUIET, "hours", prompt, choices)


def hear_quiet(turn: Turn) -> None:
    """What was chosen or typed in dialogue `quiet_hours`."""
    _set_quiet(turn, turn.choice or turn.text)


def _set_quiet(turn: Turn, text: str) -> None:
    try:
        person = set_quiet_hours(turn.ctx, text)
    except Invalid as problem:
        turn.say(problem.say)
        return
    turn.end()
    if person.quiet_hours == "":
        turn.say(T("All right: I may write at any hour."))
    else:
        hours = person.quiet_hours or turn.ctx.config.time.quiet_hours or "—"
        turn.say(T("All right: reminders and notices leave you alone at {hours}.", hours=hours))


FEATURE = Feature(
    commands=(
        Command("accounts", ("账号", "我的账号", "accounts"), T("your accounts; unbind one"), show_accounts),
        Command("devices", ("设备", "devices"), T("browsers signed in as you; sign one out"), show_devices),
        Command("web", ("网页", "网页版", "web"), T("a link to sign in on the web"), send_link),
        Command("here", ("发到这里", "here"), T("personal messages come to this chat"), come_here, places=ALONE),
        Command("language", ("语言", "language"), T("中文 or English"), speak, who=ANYONE),
        Command("quiet", ("免打扰", "quiet"), T("when not to disturb you"), show_quiet, places=ALONE),
    ),
    buttons=(
        ("accounts.unbind", ask_unbind),
        ("accounts.part", unbind),
        ("accounts.keep", keep),
        ("accounts.undo", undo),
        ("devices.revoke", revoke),
        ("tokens.revoke", end_token),
        ("people.language", choose_language),
    ),
    dialogues=((QUIET, Talk(T("quiet hours"), hear_quiet)),),
)
