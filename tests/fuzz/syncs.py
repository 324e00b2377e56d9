"""What a homeserver tells in a sync, by chance: every event of the specification that concerns a bot, and odd ones."""

from random import Random
from typing import Any

from tests.fuzz.homeserver import ME, Home
from tests.fuzz.spoiling import spoil
from tests.fuzz.words import Vocabulary

Json = dict[str, Any]
SERVER = "fuzz.test"
MEGOLM, OLM = "m.megolm.v1.aes-sha2", "m.olm.v1.curve25519-aes-sha2"
BEGAN = 1_763_000_000_000  # milliseconds since 1970
MEMBERSHIPS = ("join", "leave", "invite", "ban", "knock", "x", None)
UNKNOWN = (
    "m.room.topic", "m.room.avatar", "m.room.pinned_events", "m.sticker", "m.call.invite", "m.space.child",
    "m.space.parent", "m.room.history_visibility", "m.room.join_rules", "m.key.verification.start", "m.beacon_info",
    "org.example.x", "", "m.room.server_acl", "m.room.aliases", "m.room.third_party_invite", "m.policy.rule.user",
    "m.room.guest_access", "m.room.canonical_alias",
)  # fmt: skip
ODDS = (
    ("said", 40), ("file", 4), ("notice", 2), ("edited", 5), ("replied", 5), ("threaded", 4), ("reacted", 8),
    ("redacted", 4), ("sealed", 4), ("voted", 5), ("polled", 1), ("member", 6), ("own", 1), ("levels", 2),
    ("tombstone", 0.5), ("create", 0.5), ("named", 1), ("encryption", 0.2), ("unknown", 4), ("again", 2),
)  # fmt: skip


class Syncs:
    """The account's rooms: `private` (room -> whose conversation it is) and `rooms`."""

    def __init__(self, chance: Random, vocabulary: Vocabulary, private: dict[str, str], rooms: list[str]) -> None:
        self.chance, self.vocabulary, self.private, self.rooms = chance, vocabulary, private, rooms
        self.home: Home
        self.number, self.position = 0, 0
        self.kinds, self.weights = zip(*ODDS, strict=True)
        self.last: Json = {}
        self.mine: list[str] = ["$none"]
        self.tried: list[str] = []
        self.good: set[str] = set()
        self.waiting: list[Any] = []
        self.asked: Any = None  # what was answered last

    def next(self) -> Any:
        """The answer to the next sync: what waits, or nothing new."""
        if self.waiting:
            self.asked = self.waiting.pop(0)
            return self.asked
        return {"next_batch": f"s{self.position}"}

    def again(self, position: str | None) -> None:
        """The homeserver is asked the same again, unless it was heard."""
        if self.asked is not None and position != self.asked["next_batch"]:
            self.waiting.insert(0, self.asked)

    def add(self, sections: Json, **more: Any) -> None:
        """Let the next sync bring this."""
        self.position += 1
        self.waiting.append({"next_batch": f"s{self.position}", "rooms": sections, **more})

    def begin(self) -> None:
        """We are in every room of ours."""
        self.add({})
        join: Json = {}
        for room, who in self.private.items():
            invited = {"membership": "invite", "is_direct": True}
            ours = self._state("m.room.member", {"membership": "join"}, ME, ME)
            ours["unsigned"] = {"prev_content": invited, "prev_sender": who}
            join[room] = self._section([self._state("m.room.create", {"room_version": "11"}, who), ours], 2)
        for room in self.rooms:
            state = [
                self._state("m.room.create", {"room_version": "11"}, "@boss:fuzz.test"),
                self._state("m.room.name", {"name": room}),
            ]
            join[room] = self._section([*state, self._state("m.room.member", {"membership": "join"}, ME, ME)], 9)
        self.add({"join": join})

    def batch(self, size: int) -> None:
        """One sync of so many events; some have sections that are no sections."""
        found: dict[str, list[Any]] = {}
        states: dict[str, list[Any]] = {}
        for _ in range(size):
            room, who = self._where()
            kind = self.chance.choices(self.kinds, self.weights)[0]
            event = (
                dict(self.last)
                if kind == "again" and self.last
                else getattr(self, f"_{'said' if kind == 'again' else kind}")(room, who)
            )
            if self.chance.random() < 0.13:
                self.good.discard(event["event_id"])
                kind, event = "spoiled", spoil(self.chance, event)
            elif kind != "again":
                self.last = event
                self.good.add(event["event_id"])
            self.tried.append(kind)
            found.setdefault(room, []).append(event)
            if self.chance.random() < 0.02 and isinstance(event, dict) and "state_key" in event:
                states.setdefault(room, []).append(event)
        sections: Json = {"join": {}}
        for room, events in found.items():
            timeline = {"events": events, "limited": self.chance.random() < 0.02, "prev_batch": "p"}
            sections["join"][room] = {"timeline": timeline, "state": {"events": states.get(room, [])}}
        if self.chance.random() < 0.7:
            self._beside(sections)
        self.add(sections, **self._device())

    def _beside(self, sections: Json) -> None:
        """Sections of other rooms: invitations, rooms that we left, garbage."""
        self.tried.append("section")
        stranger = f"!odd{self.number}:fuzz.test"
        invite = {
            "invite_state": {
                "events": [self._state("m.room.member", {"membership": "invite", "is_direct": True}, "@x:other", ME)]
            }
        }
        invites = {stranger: self.chance.choice((invite, spoil(self.chance, invite, 3)))}
        sections |= self.chance.choice((
            {"invite": invites}, {"invite": invites}, {"leave": {stranger: {}}}, {"leave": [stranger]},
            {"invite": None}, {"knock": {stranger: {}}},
        ))  # fmt: skip
        if self.chance.random() < 0.5:
            section = self._section([self._state("m.room.name", {"name": "x"})], 3)
            sections["join"][stranger] = spoil(self.chance, section, 4)
        if self.chance.random() < 0.3:
            sections["join"][self.chance.choice(self.rooms)] = self.chance.choice(
                (None, [], {}, {"timeline": None}, {"timeline": {"events": {}}})
            )

    def _device(self) -> Json:
        """What concerns our device: keys that are none, lists that are none."""
        if self.chance.random() < 0.4:
            return {}
        self.tried.append("device")
        sealed = {"algorithm": OLM, "sender_key": "k", "ciphertext": {"k": {"type": 0, "body": "x"}}}
        olm = {"type": "m.room.encrypted", "sender": "@x:y", "content": sealed}
        key = {
            "type": "m.room_key",
            "sender": "@x:y",
            "content": {"algorithm": MEGOLM, "room_id": "!r", "session_id": "s", "session_key": "k"},
        }
        made: Json = {
            "to_device": {"events": [olm, key]}, "device_lists": {"changed": ["@x:y"], "left": ["@z:y"]},
            "device_one_time_keys_count": {"signed_curve25519": 50},
            "device_unused_fallback_key_types": ["signed_curve25519"],
        }  # fmt: skip
        return {name: spoil(self.chance, value) for name, value in made.items() if self.chance.random() < 0.8}

    def _where(self) -> tuple[str, str]:
        if self.chance.random() < 0.7:
            return self.chance.choice(list(self.private.items()))
        return self.chance.choice(self.rooms), self.chance.choice(
            [*self.private.values(), f"@new{self.number}:fuzz.test"]
        )

    def _event(self, kind: str, who: str, content: Any, **more: Any) -> Json:
        self.number += 1
        about = {"event_id": f"$e{self.number}", "origin_server_ts": BEGAN + self.number, "unsigned": {"age": 5}}
        return {"type": kind, "sender": who, "content": content, **about, **more}

    def _state(self, kind: str, content: Any, who: str = "@boss:fuzz.test", key: str = "") -> Json:
        return self._event(kind, who, content, state_key=key)

    def _section(self, events: list[Json], joined: int) -> Json:
        return {
            "timeline": {"events": events},
            "summary": {"m.joined_member_count": joined, "m.invited_member_count": 0},
        }

    def _words(self, room: str) -> Json:
        text = self.vocabulary.text()
        if room not in self.private and self.chance.random() < 0.2:
            text = f"{self.chance.choice((ME, 'gongfang', '@gongfang'))}: {text}"
        content: Json = {"msgtype": self.chance.choice(("m.text", "m.text", "m.text", "m.emote")), "body": text}
        if self.chance.random() < 0.2:
            html = self.chance.choice(
                (
                    f"<b>{text}</b>",
                    "<i><b><a href='javascript:1'>x",
                    "<mx-reply>x</mx-reply>y",
                    "<p>" * 300,
                    "&#0;&#xD800;",
                )
            )
            content |= {"format": "org.matrix.custom.html", "formatted_body": html}
        return content

    def _said(self, room: str, who: str) -> Json:
        event = self._event("m.room.message", who, self._words(room))
        self.mine = [*self.mine[-40:], event["event_id"]]
        return event

    def _notice(self, room: str, who: str) -> Json:
        kind = self.chance.choice(("m.notice", "m.location", "m.server_notice", "m.key.verification.request", "x"))
        return self._event("m.room.message", who, {"msgtype": kind, "body": self.vocabulary.text()})

    def _file(self, room: str, who: str) -> Json:
        kind = self.chance.choice(("m.image", "m.video", "m.audio", "m.file"))
        size = self.chance.choice((0, -1, 10, 10**9, 1.5, "x"))
        content: Json = {
            "msgtype": kind,
            "body": self.vocabulary.argument()[:300],
            "info": {"mimetype": "text/plain", "size": size},
        }
        if self.chance.random() < 0.7:
            content["url"] = self.chance.choice(("mxc://fuzz.test/a", "http://x", "", "mxc://"))
        else:
            content["file"] = {
                "url": "mxc://fuzz.test/a",
                "key": {"k": "x"},
                "iv": "x",
                "hashes": {"sha256": "x"},
                "v": "v2",
            }
        if self.chance.random() < 0.5:
            content["filename"] = self.vocabulary.argument()[:300]
        return self._event("m.room.message", who, content)

    def _target(self, room: str) -> str:
        ours = [event for there, event in self.home.events if there == room]
        return self.chance.choice((*self.mine[-5:], *ours[-6:], "$x"))

    def _related(self, room: str, who: str, relation: Json, **more: Any) -> Json:
        return self._event("m.room.message", who, {**self._words(room), "m.relates_to": relation, **more})

    def _edited(self, room: str, who: str) -> Json:
        relation = {"rel_type": "m.replace", "event_id": self._target(room)}
        return self._related(room, who, relation, **{"m.new_content": self._words(room)})

    def _replied(self, room: str, who: str) -> Json:
        event = self._related(room, who, {"m.in_reply_to": {"event_id": self._target(room)}})
        if self.chance.random() < 0.5:
            event["content"]["body"] = f"> <{ME}> x\n> y\n\n{self.chance.choice(('1', '2', self.vocabulary.text()))}"
        return event

    def _threaded(self, room: str, who: str) -> Json:
        root = self._target(room)
        return self._related(
            room,
            who,
            {"rel_type": "m.thread", "event_id": root, "is_falling_back": True, "m.in_reply_to": {"event_id": root}},
        )

    def _reacted(self, room: str, who: str) -> Json:
        key = self.chance.choice(("1️⃣", "2️⃣", "✅", "👍", "", "x" * 500, self.vocabulary.argument()[:100]))
        return self._event(
            "m.reaction",
            who,
            {"m.relates_to": {"rel_type": "m.annotation", "event_id": self._target(room), "key": key}},
        )

    def _redacted(self, room: str, who: str) -> Json:
        target = self._target(room)
        return self._event("m.room.redaction", who, {"redacts": target, "reason": "x"}, redacts=target)

    def _sealed(self, room: str, who: str) -> Json:
        session = self.chance.choice(("s1", f"s{self.number}"))
        content = {"algorithm": MEGOLM, "sender_key": "k", "device_id": "D", "session_id": session}
        return self._event("m.room.encrypted", who, {**content, "ciphertext": self.chance.choice(("x", "", "AwgA"))})

    def _voted(self, room: str, who: str) -> Json:
        _, poll = self.chance.choice([*self.home.polls, (room, self._target(room))])
        chosen = self.chance.choice((["0"], ["1"], ["0", "1"], [], ["99"], ["x"], "0", None, [0]))
        relation = {"rel_type": "m.reference", "event_id": poll}
        if self.chance.random() < 0.5:
            return self._event("m.poll.response", who, {"m.relates_to": relation, "m.selections": chosen})
        kind = "org.matrix.msc3381.poll.response"
        return self._event(kind, who, {"m.relates_to": relation, kind: {"answers": chosen}})

    def _polled(self, room: str, who: str) -> Json:
        kind = self.chance.choice(
            ("org.matrix.msc3381.poll.start", "m.poll.start", "m.poll.end", "org.matrix.msc3381.poll.end")
        )
        return self._event(kind, who, {kind: {"question": {"body": "?"}, "answers": []}})

    def _member(self, room: str, who: str) -> Json:
        whom = self.chance.choice((who, f"@new{self.number}:fuzz.test", "@x:other"))
        content = {"membership": self.chance.choice(MEMBERSHIPS), "displayname": self.vocabulary.argument()[:200]}
        before = {"prev_content": {"membership": self.chance.choice(MEMBERSHIPS)}} if self.chance.random() < 0.7 else {}
        room_only = room not in self.private or self.chance.random() < 0.1
        return self._event("m.room.member", who, content, state_key=whom if room_only else who, unsigned=before)

    def _own(self, room: str, who: str) -> Json:
        content = {"membership": self.chance.choice(("join", "join", "invite", "leave"))}
        before = {"prev_content": {"membership": self.chance.choice(MEMBERSHIPS)}}
        return self._event("m.room.member", who, content, state_key=ME, unsigned=before)

    def _levels(self, room: str, who: str) -> Json:
        level = self.chance.choice((0, 50, 100, -1, "50", 2**53, None, 1.5))
        content = {
            "users": {who: level, ME: 100, "x": 5},
            "users_default": self.chance.choice((0, "0", None)),
            "events": {},
        }
        return self._event(
            "m.room.power_levels", who, content, state_key="", unsigned={"prev_content": {"users": {who: 0}}}
        )

    def _tombstone(self, room: str, who: str) -> Json:
        new = self.chance.choice((self.chance.choice(self.rooms), f"!new{self.number}:fuzz.test", "x", None))
        return self._event("m.room.tombstone", who, {"body": "x", "replacement_room": new}, state_key="")

    def _create(self, room: str, who: str) -> Json:
        content = {
            "room_version": self.chance.choice(("11", "12", "1", "x", "9" * 400, None, 12)), "type": "m.space",
            "additional_creators": self.chance.choice(([who], None, "x", [None])),
            "predecessor": {"room_id": self.chance.choice((*self.rooms, "x", None))},
        }  # fmt: skip
        return self._event("m.room.create", who, content, state_key="")

    def _named(self, room: str, who: str) -> Json:
        return self._event("m.room.name", who, {"name": self.vocabulary.argument()}, state_key="")

    def _encryption(self, room: str, who: str) -> Json:
        return self._event("m.room.encryption", who, {"algorithm": MEGOLM}, state_key="")

    def _unknown(self, room: str, who: str) -> Json:
        key = {"state_key": self.vocabulary.argument()[:200]} if self.chance.random() < 0.6 else {}
        return self._event(self.chance.choice(UNKNOWN), who, {"body": self.vocabulary.argument(), "via": ["x"]}, **key)
