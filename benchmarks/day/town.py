"""Who lives in the county, on which platform, and in which rooms: written into the database before the day begins."""

import secrets
from dataclasses import dataclass, field
from datetime import date, timedelta

from api.communities.tree import add_community
from api.context import Context
from api.people.websessions import open_web_session
from api.tokens import digest
from storage.base import new_pid
from storage.communities import Appointment, Community, Membership
from storage.messaging import Chat
from storage.people import ApiToken, Identity, Person
from storage.rooms import Room
from tests.emulators.telegram import Bot, add_person
from tests.emulators.telegram import Chat as Group
from tests.emulators.telegram import Person as Phone
from tests.emulators.telegram.groups import USUAL_RIGHTS
from tests.emulators.telegram.model import Member
from tests.emulators.telegram.world import World

COUNTY = 10_000  # teachers of the county that all figures are of
SCHOOLS, WORKSHOPS = 60, 300
EVERY_WEB = 10  # so many people have one of the web chat among them
MATRIX_ROOMS = 5  # workshops that have a room on Matrix, too


@dataclass(frozen=True, slots=True)
class Size:
    """How large it is; smaller ones are a county's in everything."""

    teachers: int

    @property
    def schools(self) -> int:
        """One for 167 teachers."""
        return max(2, round(self.teachers * SCHOOLS / COUNTY))

    @property
    def workshops(self) -> int:
        """One for 33 teachers."""
        return max(2, round(self.teachers * WORKSHOPS / COUNTY))

    @property
    def pages(self) -> int:
        """Pages of the web chat that are open all day: of one in twenty who have it."""
        return max(3, self.teachers // 200)

    @property
    def every_matrix(self) -> int:
        """So many people have one on Matrix among them."""
        return max(10, min(200, self.teachers // 5))

    def platform(self, n: int) -> str:
        """Where the n-th teacher is."""
        if n % self.every_matrix == 5:
            return "matrix"
        return "web" if n % EVERY_WEB == EVERY_WEB - 1 else "telegram"

    def on(self, platform: str) -> list[int]:
        """The numbers of the teachers of a platform."""
        return [n for n in range(self.teachers) if self.platform(n) == platform]


@dataclass
class Town:
    """What the database made of it. Teachers go by their numbers; the first of them host the workshops, and teacher 0
    administers the region."""

    size: Size
    region: str = ""
    workshops: list[str] = field(default_factory=list)
    people: list[int] = field(default_factory=list)
    phones: dict[int, Phone] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)
    cookies: dict[int, str] = field(default_factory=dict)
    tokens: dict[int, str] = field(default_factory=dict)

    def workshop_of(self, n: int) -> int:
        """The number of a teacher's workshop."""
        rounds, place = divmod(n, self.size.workshops)
        return (place + rounds) % self.size.workshops  # not those of one platform together

    def is_host(self, n: int) -> bool:
        """Whether a teacher hosts."""
        return n < self.size.workshops


def name_of(workshop: int) -> str:
    """What a workshop is called."""
    return f"{workshop + 1}号工坊"


def meet(world: World, bot: Bot, town: Town) -> None:
    """Everybody with Telegram has started the bot and sits in the group of their workshop, where it administers."""
    for n in town.size.on("telegram"):
        phone = town.phones[n] = add_person(world, f"老师{n}")
        world.private(phone, bot).started = True
        bot.met.add(phone.id)
    for number in range(town.size.workshops):
        group = world.new_chat("supergroup", name_of(number))
        group.members[bot.id] = Member(bot, "administrator", set(USUAL_RIGHTS))
        town.groups.append(group)
    for n, phone in town.phones.items():
        town.groups[town.workshop_of(n)].members[phone.id] = Member(phone)


def settle(ctx: Context, town: Town, bot: str, server: str) -> None:
    """Write them into the database: bound, at home where they are; on Matrix they come there by themselves."""
    region = add_community(ctx, kind="region", name="晨光县", level="county")
    size = town.size
    schools = [add_community(ctx, kind="school", name=f"第{n + 1}小学", parent=region) for n in range(size.schools)]
    shops = [add_community(ctx, kind="workshop", name=name_of(n), parent=region) for n in range(size.workshops)]
    town.region, town.workshops = region.pid, [shop.pid for shop in shops]
    people = [
        Person(pid=new_pid(), name=f"老师{n}", school_id=schools[n % len(schools)].id, region_id=region.id,
               staff_no=f"T{n:06}", created_at=ctx.now, privacy_version=1)
        for n in range(town.size.teachers)
    ]  # fmt: skip
    ctx.session.add_all(people)
    ctx.session.flush()
    town.people = [person.id for person in people]
    ctx.session.add_all([
        Membership(person_id=person.id, community_id=shops[town.workshop_of(n)].id, status="active", since=ctx.now,
                   role="host" if town.is_host(n) else "member")
        for n, person in enumerate(people)
    ])  # fmt: skip
    ctx.session.add(Appointment(pid=new_pid(), person_id=people[0].id, community_id=region.id, office="region_admin",
                                since=date(2026, 1, 1)))  # fmt: skip
    _on_telegram(ctx, town, people, bot)
    _on_the_web(ctx, town, people)
    ctx.session.add_all([_account(ctx, "matrix", f"@t{n}:{server}", people[n]) for n in town.size.on("matrix")])
    _groups(ctx, town, shops, bot)
    for n in range(town.size.workshops):
        town.tokens[n] = f"gf_{secrets.token_urlsafe(32)}"
        ctx.session.add(ApiToken(pid=new_pid(), person_id=people[n].id, name="日程", hash=digest(town.tokens[n]),
                                 scopes=["read", "write"], created_at=ctx.now,
                                 expires_at=ctx.now + timedelta(days=1)))  # fmt: skip


def _account(ctx: Context, platform: str, native: str, person: Person) -> Identity:
    return Identity(pid=new_pid(), platform=platform, native=native, name=person.name, person_id=person.id,
                    bound_at=ctx.now, created_at=ctx.now, last_spoke_at=ctx.now)  # fmt: skip


def _on_telegram(ctx: Context, town: Town, people: list[Person], bot: str) -> None:
    numbers = list(town.phones)
    chats = [_chat(ctx, bot, str(town.phones[n].id), "private", people[n].name) for n in numbers]
    accounts = [_account(ctx, "telegram", str(town.phones[n].id), people[n]) for n in numbers]
    _at_home(ctx, people, numbers, chats, accounts)


def _at_home(ctx: Context, people: list[Person], numbers: list[int], chats: list[Chat],
             accounts: list[Identity]) -> None:  # fmt: skip
    ctx.session.add_all([*chats, *accounts])
    ctx.session.flush()
    for n, chat, account in zip(numbers, chats, accounts, strict=True):
        chat.identity_id, account.chat_id, people[n].home_chat_id = account.id, chat.id, chat.id
    ctx.session.flush()


def _on_the_web(ctx: Context, town: Town, people: list[Person]) -> None:
    numbers = town.size.on("web")
    accounts = [_account(ctx, "web", f"w-{new_pid()}{new_pid()}", people[n]) for n in numbers]
    chats = [_chat(ctx, "", account.native, "private", "", "web") for account in accounts]
    _at_home(ctx, people, numbers, chats, accounts)
    for n in numbers[: town.size.pages]:
        _, town.cookies[n] = open_web_session(ctx, people[n], "Chrome")


def _groups(ctx: Context, town: Town, shops: list[Community], bot: str) -> None:
    chats = [_chat(ctx, bot, str(group.id), "room", group.title) for group in town.groups]
    ctx.session.add_all(chats)
    ctx.session.flush()
    ctx.session.add_all([
        Room(pid=new_pid(), chat_id=chat.id, community_id=shop.id, platform="telegram", created_at=ctx.now)
        for chat, shop in zip(chats, shops, strict=True)
    ])  # fmt: skip


def _chat(ctx: Context, bot: str, native: str, kind: str, title: str, platform: str = "telegram") -> Chat:
    return Chat(pid=new_pid(), platform=platform, account=bot, native=native, kind=kind, title=title,
                created_at=ctx.now)  # fmt: skip


def bind_matrix_room(ctx: Context, native: str, workshop: str) -> bool:
    """Make a room on Matrix that we are in a workshop's; False while we are not."""
    chat = ctx.session.query(Chat).filter_by(platform="matrix", native=native).first()
    if chat is None:
        return False
    shop = ctx.session.query(Community).filter_by(pid=workshop).one()
    ctx.session.add(Room(pid=new_pid(), chat_id=chat.id, community_id=shop.id, platform="matrix", created_at=ctx.now))
    return True
