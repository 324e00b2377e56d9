"""The bridge for real: speak on the web, on Telegram or on Matrix, and listen on the other two."""

import pytest

from tests.support.classroom import a_photo
from tests.support.lane import ROOM, Lane

pytestmark = pytest.mark.slow

LONG = "今天听了一节语文课，收获很大，回去要试一试新的导入。"


async def speak(lane: Lane, where: str, text: str) -> None:
    """Say something on one platform."""
    assert lane.wang is not None
    if where == "web":
        await lane.wang.say(text, ROOM)
    elif where == "telegram":
        lane.li.say(lane.group, text)
    else:
        await lane.chen.say(lane.room, text)
    await lane.world.settle()


async def test_what_is_said_on_one_is_heard_on_the_other_two(lane: Lane) -> None:
    for where in ("web", "telegram", "matrix", "web", "matrix", "telegram"):
        await speak(lane, where, f"从 {where} 说")
    web, telegram, matrix = (f"{name}: 从 {where} 说" for where, name in
                             (("web", "王芳"), ("telegram", "李春华"), ("matrix", "陈静")))  # fmt: skip
    assert await lane.texts() == {
        "web": [telegram, matrix, matrix, telegram],
        "telegram": [web, matrix, web, matrix],
        "matrix": [web, telegram, web, telegram],
    }


async def test_formatting(lane: Lane) -> None:
    bold, link = {"type": "bold", "offset": 0, "length": 2}, {"type": "text_link", "offset": 3, "length": 2}
    lane.li.say(lane.group, "重点 看看 <b>", entities=[bold, {**link, "url": "https://example.org/"}])
    await lane.world.settle()
    html = '<strong>要点</strong><br><em>一</em> <a href="https://example.org/">看</a><blockquote>引</blockquote>'
    formatted = {"format": "org.matrix.custom.html", "formatted_body": html}
    await lane.chen.say(lane.room, "要点\n一 看\n> 引", **formatted)
    await lane.world.settle()
    first, second = await lane.posts()
    for part in ("<strong>重点</strong>", ">看看</a>", "&lt;b&gt;"):
        assert part in first.html
    for part in ("<strong>要点</strong>", "<em>一</em>", "<blockquote>"):
        assert part in second.html
    [event] = [one for one in await lane.events() if one["sender"] == lane.account.user_id]
    said = event["content"]["formatted_body"]
    assert said == '<strong>李春华</strong>: <strong>重点</strong> <a href="https://example.org/">看看</a> &lt;b&gt;'
    message = lane.messages()[-1]
    kinds = {(one["type"], message.text.encode("utf-16-le")[2 * one["offset"] : 2 * (one["offset"] + one["length"])]
              .decode("utf-16-le")) for one in message.content["entities"]}  # fmt: skip
    assert {("bold", "陈静"), ("bold", "要点"), ("italic", "一"), ("text_link", "看"), ("blockquote", "引")} <= kinds


async def test_photos(lane: Lane) -> None:
    assert lane.wang is not None
    await lane.wang.send_file("web.jpg", a_photo(), "image/jpeg", "网页的", ROOM)
    await lane.world.settle()
    lane.li.send(lane.group, "photo", a_photo(), caption="手机的")
    await lane.world.settle()
    address = await lane.chen.upload(a_photo(), "image/jpeg", "m.jpg")
    info = {"mimetype": "image/jpeg", "size": len(a_photo())}
    await lane.chen.send(lane.room, {"msgtype": "m.image", "body": "m.jpg", "url": address, "info": info})
    await lane.world.settle()
    web = [post for post in await lane.posts() if post.side == "other"]
    assert ["data-photo" in post.html for post in web] == [True, True] and web[0].text == "手机的"
    assert (await lane.wang.http.get(web[1].files[0])).status_code == 200
    phone = [message for message in lane.messages() if message.sender is lane.bot]
    assert [("photo" in one.content, one.text) for one in phone] == [(True, "王芳: 网页的"), (True, "陈静")]
    shown = [one["content"] for one in await lane.events() if one["sender"] == lane.account.user_id]
    assert [one["msgtype"] for one in shown] == ["m.text", "m.image", "m.text", "m.image"]
    assert (await lane.chen.download(shown[1]["url"]))[:2] == b"\xff\xd8"


async def test_replies(lane: Lane) -> None:
    assert lane.wang is not None
    await speak(lane, "telegram", "谁有教案？")
    [question] = lane.messages()
    copy = next(one for one in await lane.events() if "谁有教案" in one["content"]["body"])
    await lane.chen.say(lane.room, "我有", reply_to=copy["event"])
    await lane.world.settle()
    assert lane.messages()[-1].reply_to == question.id
    post = (await lane.posts())[-1]
    assert "<strong>李春华</strong><span>谁有教案？</span>" in post.html
    await lane.wang.say("发我一份", ROOM, reply=post.pid)
    await lane.world.settle()
    own = next(one for one in await lane.events() if one["content"]["body"] == "我有")
    answer = (await lane.events())[-1]
    assert answer["content"]["m.relates_to"]["m.in_reply_to"]["event_id"] == own["event"]
    answered = lane.group.messages[lane.messages()[-1].reply_to]
    assert answered.text == "陈静: 我有"
    lane.li.say(lane.group, "谢谢", reply_to=lane.messages()[-1])
    await lane.world.settle()
    assert "<strong>王芳</strong><span>发我一份</span>" in (await lane.posts())[-1].html


async def test_changes_and_deletions(lane: Lane) -> None:
    assert lane.wang is not None
    await speak(lane, "telegram", "周三")
    await speak(lane, "matrix", "周四")
    await speak(lane, "web", "周五")
    [own] = [post for post in await lane.posts() if post.side == "mine"]
    event = next(one["event"] for one in await lane.events() if one["sender"] == lane.chen.user_id)
    lane.li.edit(lane.messages()[0], "周三下午")
    await lane.chen.edit(lane.room, event, "周四下午")
    await lane.wang.script(f"/web/messages/{own.pid}/edit", text="周五下午")
    await lane.world.settle()
    assert await lane.texts() == {
        "web": ["李春华: 周三下午", "陈静: 周四下午"],
        "telegram": ["陈静: 周四下午", "王芳: 周五下午"],
        "matrix": ["李春华: 周三下午", "王芳: 周五下午"],
    }
    await lane.chen.redact(lane.room, event)
    await lane.wang.script(f"/web/messages/{own.pid}/withdraw")
    await lane.world.settle()
    assert await lane.texts() == {"web": ["李春华: 周三下午"], "telegram": [], "matrix": ["李春华: 周三下午"]}


async def test_a_restart_in_the_middle_doubles_nothing(lane: Lane) -> None:
    await speak(lane, "matrix", "重启以前")
    lane.li.say(lane.group, LONG)
    await lane.chen.say(lane.room, "说到一半")
    await lane.world.take_in()
    await lane.restart()  # taken in, not handled
    await lane.world.handlers.drain()
    await lane.restart()  # handled, not delivered
    lane.li.say(lane.group, "重启以后")
    await lane.world.settle()
    await lane.restart()  # delivered: what the platforms say of it again is known
    await lane.world.settle()
    texts = await lane.texts()
    between = texts["web"][1:3]
    assert sorted(between) == sorted([f"李春华: {LONG}", "陈静: 说到一半"]), "whoever spoke in two rooms at once"
    assert texts == {
        "web": ["陈静: 重启以前", *between, "李春华: 重启以后"],
        "telegram": ["陈静: 重启以前", "陈静: 说到一半"],
        "matrix": [f"李春华: {LONG}", "李春华: 重启以后"],
    }
