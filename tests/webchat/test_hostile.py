"""What a browser sends that no page of ours would: refused in words, never a failure of ours, and nothing is lost."""

import pytest

from storage.base import new_pid
from tests.support.browser import SCRIPT, WebWorld

pytestmark = pytest.mark.both_databases


async def test_characters_that_no_database_keeps(world: WebWorld) -> None:
    school = await world.school(await world.region(), "第一小学")
    page = await world.browser(await world.teacher("李梅", school))
    chat = await page.chat()
    said = await page.script(f"/web/chats/{chat}/messages", text="一\x00二", client="a\x00b")
    assert "一二" in said.text
    await world.settle()
    for path in (f"/web/chats/{chat}%00/messages", "/web/messages/a%00/press", "/web/devices/a%00/revoke"):
        headers = {**SCRIPT, "X-CSRF-Token": page.csrf}
        answer = await page.http.post(path, data={"text": "x", "value": "x\x00"}, headers=headers)
        assert answer.status_code in (404, 409, 422), f"{path!r}: {answer.text}"
    for path in ("/web/chats/%00", "/c/%00", "/link/%00", "/o/%00", "/j/%00", "/web/messages/%00/files/%00"):
        assert (await page.http.get(path)).status_code in (404, 409, 422), path
    for code in ("AB12\x00CD34EF56", "\x00" * 12):
        fresh = await world.browser()
        await fresh.open("/web")
        answer = await fresh.http.post("/web/code", data={"csrf": fresh.csrf, "code": code})
        assert answer.status_code == 422, answer.text


async def test_paths_that_no_header_can_carry(world: WebWorld) -> None:
    fresh = await world.browser()
    for path in ("/web/chats/中文", "/web/chats/%0d%0aSet-Cookie:x=1", "/web/chats/%00"):
        answer = await fresh.http.get(path)
        assert answer.status_code == 303 and answer.headers["location"] == "/web", path
        assert "x=1" not in str(answer.headers.get_list("set-cookie")).replace("%", "")


async def test_numbers_that_are_none_or_too_large(world: WebWorld) -> None:
    page = await world.browser(await world.teacher("李梅"))
    chat = await page.chat()
    for number in ("9" * 20, "9" * 5000, "-1", "abc", "1.5", "%00"):
        assert (await page.http.get(f"/web/chats/{chat}/before/{number}")).status_code == 404, number[:30]
    assert (await page.http.get(f"/web/chats/{chat}/before/{'9' * 9}")).status_code == 200
    for cursor in ("9" * 30, f"1~{chat}.{'9' * 38}.{'9' * 38}", f"{'9' * 18}~{chat}.-1.x"):
        async with page.listen() as stream:
            assert stream.status == 200
        page.html = f'data-cursor="{cursor}"'


async def test_a_visitor_signs_nobody_out(world: WebWorld) -> None:
    school = await world.school(await world.region(), "第一小学")
    teacher = await world.teacher("李梅", school)
    li, _other = await world.browser(teacher), await world.browser(teacher)
    device = (await li.open("/web/devices")).split('action="/web/devices/')[1].split("/")[0]
    visitor = await world.browser()
    await visitor.open("/web")
    await visitor.submit("/web/visit")
    answer = await visitor.http.post(f"/web/devices/{device}/revoke", headers={**SCRIPT, "X-CSRF-Token": visitor.csrf})
    assert answer.status_code == 404, answer.text
    assert "李梅" in await li.open("/web/me")


async def test_forms_in_strange_encodings(world: WebWorld) -> None:
    school = await world.school(await world.region(), "第一小学")
    page = await world.browser(await world.teacher("李梅", school))
    chat = await page.chat()
    for charset in ("unicode_escape", "utf-7", "punycode", "zip", "utf-8"):
        part = "--x\r\nContent-Disposition: form-data; name="
        body = (
            f'{part}"client"\r\n\r\n{new_pid()}\\ud800\r\n'
            f'{part}"file"; filename="a\\ud800\\u202e.txt"\r\n\r\nhello\r\n--x--\r\n'
        )
        kind = f"multipart/form-data; boundary=x; charset={charset}"
        headers = {**SCRIPT, "X-CSRF-Token": page.csrf, "Content-Type": kind}
        wanted = 200 if charset == "utf-8" else 422
        answer = await page.http.post(f"/web/chats/{chat}/uploads", content=body.encode(), headers=headers)
        assert answer.status_code == wanted, f"{charset}: {answer.text}"
        words = f'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\n{"b9" * 9000}\r\n--x--\r\n'
        answer = await page.http.post(f"/web/chats/{chat}/messages", content=words.encode(), headers=headers)
        assert answer.status_code == wanted, f"{charset}: {answer.text}"


async def test_an_address_that_is_none_of_ours_gets_a_page(world: WebWorld) -> None:
    fresh = await world.browser()
    for path in ("/nothing", "/web/nothing", "/v2/x", "/%00"):
        assert "这里什么也没有" in await fresh.open(path, 404), path
    answer = await fresh.http.get("/nothing", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (404, "http.404")
    for path in ("/v1", "/v1/nothing", "/v1/claims"):  # programs get what HTTP says
        answer = await fresh.http.get(path)
        assert answer.status_code in (404, 405) and answer.headers["content-type"] == "application/problem+json", path
    assert (await fresh.http.post("/nothing")).status_code == 404
