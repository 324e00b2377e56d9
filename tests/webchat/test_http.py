"""The gate of the pages: coming in and out, forged requests, headers, failures (issue 2; architecture: Safety)."""

import re
from datetime import timedelta

import pytest

from api.people.codes import issue_claim_code
from api.people.texts import PRIVACY_VERSION
from api.people.websessions import make_one_time_link
from storage.base import new_pid
from storage.engine import StorageUnavailable
from tests.support.browser import SCRIPT, WebWorld, a_web_world
from tests.support.talk import Voice

AGREED = str(PRIVACY_VERSION)


@pytest.fixture
async def li(world: WebWorld) -> Voice:
    return await world.teacher("李春华", await world.school(await world.region(), "第一小学"))


async def test_without_signing_in_there_is_only_the_way_in(world: WebWorld) -> None:
    browser = await world.browser()
    assert 'name="code"' in await browser.open("/")
    for path in ("/web/me", "/web/devices", "/web/chats/abc", "/web/chats/abc/before/3", "/j/AB123456"):
        await browser.open(path, 303, follow=False)
    for path in ("/web/events", "/web/messages/a/files/b"):
        assert (await browser.http.get(path, headers=SCRIPT)).status_code == 401
    for path in ("/web/chats/abc/messages", "/web/chats/abc/read", "/web/messages/a/press", "/web/chats/a/uploads"):
        await browser.script(path, 401, text="x", value="x", seq="1")


async def test_a_claim_code_signs_in_after_the_notice_and_works_once(world: WebWorld, li: Voice) -> None:
    code = (await world.run(issue_claim_code, li.person)).code
    browser = await world.browser()
    await browser.open("/web")
    html = await browser.submit("/web/code", code=f" {code.lower()} ")
    assert "李春华" in html and "第一小学" in html and "会记录你的哪些信息" in html
    assert "gongfang" not in browser.http.cookies, "looking at the page signs nobody in"
    plain = code.replace("-", "")
    await browser.submit(f"/c/{plain}", 409, privacy_version="0")
    html = await browser.submit(f"/c/{plain}", privacy_version=AGREED)
    assert "工坊助手" in html and browser.http.cookies["gongfang"]
    again = await world.browser()
    await again.open("/web")
    assert "绑定码" in await again.submit("/web/code", 422, code=code)


async def test_wrong_codes_are_counted_by_address(world: WebWorld) -> None:
    browser = await world.browser()
    await browser.open("/web")
    for _ in range(20):
        await browser.submit("/web/code", 422, code="ABCD EFGH JK34")
    assert "分钟" in await browser.submit("/web/code", 429, code="ABCD EFGH JK34")


async def test_a_visitor_talks_and_becomes_somebody_without_losing_the_browser(world: WebWorld, li: Voice) -> None:
    browser = await world.browser()
    await browser.open("/web")
    html = await browser.submit("/web/visit")
    assert "工坊助手" in html and len(browser.chats()) == 1
    await world.settle()
    assert (await browser.read())[-1].side == "bot", "the assistant speaks first"
    code = (await world.run(issue_claim_code, li.person)).code
    await browser.open(f"/c/{code}")
    await browser.submit(f"/c/{code}", privacy_version=AGREED)
    assert "李春华" in await browser.open("/web/me")


async def test_who_sat_here_before_does_not_become_who_enters_a_code(world: WebWorld, li: Voice) -> None:
    for known_already in (False, True):  # the second time their web account is merged
        browser, before = await world.browser(), await world.browser()
        await browser.open("/web")
        await browser.submit("/web/visit")
        before.http.cookies.set("gongfang", browser.http.cookies["gongfang"], domain="gongfang.test")
        assert "访客" in await before.open("/web/me")
        code = (await world.run(issue_claim_code, li.person)).code
        await browser.open(f"/c/{code}")
        await browser.submit(f"/c/{code}", privacy_version=AGREED)
        assert 'name="code"' in await before.open("/web"), known_already
        assert "李春华" in await browser.open("/web/me")
        await before.script("/web/me", 401, language="en")


async def test_a_code_that_a_visitor_types_is_taken_to_its_page(world: WebWorld, li: Voice) -> None:
    browser = await world.browser()
    await browser.open("/web")
    await browser.submit("/web/visit")
    await world.settle()
    code = (await world.run(issue_claim_code, li.person)).code
    chat, plain = await browser.chat(), code.replace("-", "")
    answer = await browser.script(f"/web/chats/{chat}/messages", 204, client="c", text=f" {code.lower()} ")
    assert answer.headers["hx-redirect"] == f"/c/{plain}"
    html = await browser.submit(f"/web/chats/{chat}/messages", text=code)
    assert "李春华" in html and "会记录你的哪些信息" in html
    assert not any(plain in post.text.replace("-", "") for post in await browser.read()), "nobody reads it there"
    known = await world.browser(li)
    assert plain in await known.say(plain), "who is known may say what they like"


async def test_a_one_time_link_acts_on_the_button_only_and_once(world: WebWorld, li: Voice) -> None:
    token = await world.run(make_one_time_link, li.person)
    browser = await world.browser()
    for _ in range(3):  # previews and scanners
        assert "李春华" in await browser.open(f"/link/{token}")
    assert "gongfang" not in browser.http.cookies
    assert "工坊助手" in await browser.submit(f"/link/{token}")
    other = await world.browser()
    await other.open(f"/link/{token}", 409)


async def test_a_link_for_somebody_else_replaces_who_was_here(world: WebWorld, li: Voice) -> None:
    wang = await world.teacher("王建国")
    browser = await world.browser(wang)
    before = browser.http.cookies["gongfang"]
    token = await world.run(make_one_time_link, li.person)
    await browser.open(f"/link/{token}")
    await browser.submit(f"/link/{token}")
    assert "李春华" in await browser.open("/web/me")
    browser.http.cookies.set("gongfang", before, domain="gongfang.test")
    assert 'name="code"' in await browser.open("/web"), "the session before is over"


async def test_posts_from_elsewhere_are_refused(world: WebWorld, li: Voice) -> None:
    browser = await world.browser(li)
    chat = await browser.chat()
    path = f"/web/chats/{chat}/messages"
    good = {**SCRIPT, "X-CSRF-Token": browser.csrf}
    data = {"client": new_pid(), "text": "x"}
    for headers in (
        SCRIPT, {**SCRIPT, "X-CSRF-Token": "made up"},
        {**good, "Origin": "https://evil.test"}, {**good, "Origin": "null"}, {**good, "Origin": "http://gongfang.test.evil.test"},
    ):  # fmt: skip
        answer = await browser.http.post(path, data=data, headers=headers)
        assert answer.status_code == 403, headers
    other = await world.browser(await world.teacher("王"))
    answer = await browser.http.post(path, data=data, headers={**SCRIPT, "X-CSRF-Token": other.csrf})
    assert answer.status_code == 403, "another's token"
    answer = await browser.http.post(path, data=data, headers={**good, "Origin": "http://gongfang.test"})
    assert answer.status_code == 200


async def test_cookies_are_hidden_from_scripts_and_other_sites(database_url: str) -> None:
    for base, parts in (
        ("", {"HttpOnly", "SameSite=lax", "Path=/"}),
        ("https://gf.example", {"HttpOnly", "SameSite=lax", "Path=/", "Secure"}),
    ):
        async with a_web_world(database_url, base_url=base) as world:
            answer = await (await world.browser()).http.get("/web")
            cookie = answer.headers["set-cookie"]
            assert parts <= {part.strip() for part in cookie.split(";")}
            assert cookie.startswith("__Host-") == bool(base)


async def test_every_answer_carries_the_policy(world: WebWorld, li: Voice) -> None:
    browser = await world.browser(li)
    for path in ("/web", "/web/me", "/web/chats/none", "/link/none", "/c/none", "/web/code"):
        headers = (await browser.http.get(path)).headers
        assert "default-src 'none'" in headers["content-security-policy"], path
        assert headers["x-content-type-options"] == "nosniff" and headers["cache-control"] == "no-store"


async def test_a_session_slides_and_ends(world: WebWorld, li: Voice) -> None:
    browser = await world.browser(li)
    for _ in range(3):
        world.pass_time(days=170)
        assert "工坊助手" in await browser.open("/web")
        await browser.say("还在")
    world.pass_time(days=181)
    assert 'name="code"' in await browser.open("/web")


async def test_a_device_is_signed_out_from_another(world: WebWorld, li: Voice) -> None:
    here, there = await world.browser(li), await world.browser(li)
    html = await here.open("/web/devices")
    (device,) = re.findall(r"/web/devices/(\w+)/revoke", html)[:1]
    await here.submit(f"/web/devices/{device}/revoke")
    assert 'name="code"' in await there.open("/web")
    assert "工坊助手" in await here.open("/web")
    wang = await world.browser(await world.teacher("王"))
    await wang.submit(f"/web/devices/{device}/revoke", 404)


async def test_signing_out(world: WebWorld, li: Voice) -> None:
    browser = await world.browser(li)
    secret = browser.http.cookies["gongfang"]
    await browser.submit("/web/signout")
    assert "gongfang" not in browser.http.cookies
    browser.http.cookies.set("gongfang", secret, domain="gongfang.test")
    assert 'name="code"' in await browser.open("/web")


async def test_settings_change_what_one_reads(world: WebWorld, li: Voice) -> None:
    browser = await world.browser(li)
    answer = await browser.script("/web/me", 204, language="en", quiet_hours="23:00-07:00")
    assert answer.headers["hx-refresh"] == "true"
    html = await browser.open("/web/me")
    assert "Quiet hours" in html and 'value="23:00-07:00" selected' in html
    await browser.script("/web/me", 422, quiet_hours="whenever")


async def test_failures_are_pages_for_people_and_problems_for_scripts(world: WebWorld, li: Voice) -> None:
    browser = await world.browser(li)
    assert "这里什么也没有" in await browser.open("/web/chats/none", 404)
    answer = await browser.script("/web/chats/none/messages", 404, client="c", text="x")
    assert answer.headers["content-type"] == "application/problem+json" and answer.json()["detail"]


async def test_oversized_forms_are_refused_before_they_are_read(world: WebWorld, li: Voice) -> None:
    browser = await world.browser(li)
    chat = await browser.chat()
    await browser.script(f"/web/chats/{chat}/messages", 413, client="c", text="x" * (2 << 20))
    await browser.script(f"/web/chats/{chat}/messages", 413, client="c", text="字" * 20_001)
    await browser.say("字" * 20_000)


async def test_visitors_of_one_address_are_limited(world: WebWorld) -> None:
    for n in range(21):
        browser = await world.browser()
        await browser.open("/web")
        await browser.submit("/web/visit", 429 if n == 20 else 303, follow=False)


async def test_only_the_pane_is_sent_to_scripts_that_swap(world: WebWorld, li: Voice) -> None:
    browser = await world.browser(li)
    chat = await browser.chat()
    pane = (await browser.http.get(f"/web/chats/{chat}", headers={"HX-Request": "true"})).text
    assert pane.lstrip().startswith("<section") and "<html" not in pane
    whole = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<html" in (await browser.http.get(f"/web/chats/{chat}", headers=whole)).text


async def test_assets_are_kept_for_ever_under_their_version_only(world: WebWorld) -> None:
    browser = await world.browser()
    path = re.search(r"/web/static/\w+/base\.css", await browser.open("/web"))[0]  # type: ignore[index]
    assert "immutable" in (await browser.http.get(path)).headers["cache-control"]
    old = re.sub(r"static/\w+", "static/0000", path)
    assert (await browser.http.get(old)).headers["cache-control"] == "no-cache"
    for bad in ("%2e%2e/pages.py", "..%2fpages.py", "nothing.js"):
        assert (await browser.http.get(f"/web/static/x/{bad}")).status_code == 404


async def test_wait_is_said_in_seconds(world: WebWorld) -> None:
    browser = await world.browser()
    await browser.open("/web")
    for _ in range(20):
        await browser.submit("/web/code", 422, code="ABCD EFGH JK34")
    answer = await browser.http.post(
        "/c/ABCDEFGHJK34", data={"csrf": browser.csrf, "privacy_version": AGREED}, headers=SCRIPT
    )
    assert answer.status_code == 429 and 0 < int(answer.headers["retry-after"]) <= timedelta(hours=1).seconds + 2


async def test_an_absent_database_is_said_and_what_was_typed_can_be_sent_again(
    world: WebWorld, li: Voice, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await world.browser(li)
    chat = await browser.chat()
    path, fields = f"/web/chats/{chat}/messages", {"client": new_pid(), "text": "别丢了"}

    async def away(_job: object) -> None:
        raise StorageUnavailable("the database is away")

    with monkeypatch.context() as broken:
        broken.setattr(world.runtime.database, "run", away)
        broken.setattr(world.runtime.database, "read", away)
        answer = await browser.script(path, 503, **fields)
        assert answer.headers["retry-after"] and "存不了" in answer.json()["detail"]
        assert "马上就回来" in await browser.open("/web", 503)
    await browser.script(path, **fields)
    assert [post.text for post in await browser.read() if post.side == "mine"] == ["别丢了"]
