"""Coming in by a claim code and talking to the assistant, in a real browser (issue 2, web chat)."""

from playwright.async_api import expect

from tests.support.served import Served


async def test_a_claim_code_opens_the_chat_and_the_assistant_answers(world: Served) -> None:
    school = await world.school(await world.region(), "第一小学")
    li = await world.teacher("李春华", school)
    code = await world.code_for(li)
    window = await world.window()
    page = window.page
    await window.go("/web")
    await page.fill("#code", "AAAA BBBB CCCC")
    await page.click("button.primary")
    await expect(page.locator("#code-problem")).to_be_visible()
    await page.fill("#code", code.lower())
    await page.click("button.primary")
    await expect(page.locator("h1")).to_contain_text("李春华")
    await expect(page.locator(".places")).to_contain_text("第一小学")
    await page.click("button.primary")
    await page.wait_for_url("**/web")
    await window.chat()
    await window.say("帮助")
    await window.hears("/help")
    await expect(window.posts("mine")).to_have_count(1)
    await expect(page.locator(".pending")).to_have_count(0)
    await window.close()


async def test_a_visitor_types_the_code_in_the_chat_and_goes_on_as_somebody(world: Served) -> None:
    school = await world.school(await world.region(), "第一小学")
    for ask, name in (("{code}", "李春华"), ("/start {code}", "王建国")):  # taken to its page, or answered in the chat
        code = await world.code_for(await world.teacher(name, school))
        window = await world.window()
        page = window.page
        await window.go("/web")
        await page.click('form[action="/web/visit"] button')
        await window.chat()
        await expect(page.locator(".tools label, #record")).to_have_count(0)
        await window.say(ask.format(code=code))
        if ask == "{code}":
            await page.wait_for_url("**/c/*")
            await expect(page.locator("h1")).to_contain_text(name)
            await page.click("button.primary")
            await page.wait_for_url("**/web")
            await expect(page.locator(".pane h1")).to_contain_text(name)
            await window.chat()
        else:  # the page comes again by itself where it was, under a new cookie
            await window.press("同意")
            await window.hears("欢迎你", name)
        await expect(page.locator("#pick-file")).to_have_count(1)
        await window.say("帮助")
        await window.hears("/help")
        await window.close()
