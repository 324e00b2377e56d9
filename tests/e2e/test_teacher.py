"""A teacher's day on a phone, played in the real program (issue 2: the first of the three conversations)."""

from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import expect

from tests.support.product import Product
from tests.support.served import PHONE

READING, INQUIRY = "小学语文阅读教学工坊", "初中数学问题导学工坊"
LOG = "今天的课上，我让学生先猜题目再读课文，愿意举手的孩子多了。"


@pytest.mark.slow
async def test_a_teachers_day(product: Product, tmp_path: Path) -> None:
    phone = await product.window(**PHONE, permissions=["microphone"])
    page = phone.page

    # the first time: a claim code on paper, and what is kept about me
    code = product.command.json("person", "claim-code", "YX-1004")["code"]
    await phone.go("/web")
    await page.fill("#code", code)
    await page.click("button.primary")
    await expect(page.locator("h1")).to_contain_text("林晓岚")
    await expect(page.locator(".notice")).to_contain_text("会记录你的哪些信息")
    await page.click("button.primary")
    await page.wait_for_url("**/web")
    await expect(page.locator(".row")).to_have_count(4)

    # the school's notice and the workshop's resource stand in their rooms
    await phone.chat("云溪县实验小学")
    await phone.hears("本周五下午 4:10", "发布人：罗秋平")
    await phone.press("收到")
    await phone.told("你已经点过收到了")
    await phone.chat(READING)
    await phone.press("打开")
    await phone.told("已发到你的私聊")
    await phone.chat()
    await phone.hears("《秋天的雨》两课时教学设计", "第二课时")

    # joining another workshop, from the list
    await phone.say("加入")
    await phone.press(INQUIRY)
    await phone.hears("欢迎加入", INQUIRY)

    # a log: words, photos, voice; looked at, handed in, changed, taken back
    await phone.say("日志")
    await phone.press(READING)
    await phone.say("太短")
    await phone.hears("已收到", "2 字")
    await phone.press("提交")
    await phone.hears("至少要 21 字", "还差 19 字")
    await phone.say(LOG)
    await page.set_input_files("#pick-photo", [a_photo(tmp_path, name) for name in ("一.jpg", "二.jpg")])
    await phone.say("")
    await page.click("#record")
    await page.wait_for_timeout(1200)
    await page.click("#record")
    await phone.say("")
    card = await phone.hears("已收到", "2 张照片 · 1 段语音")
    await expect(card).to_be_in_viewport()
    await phone.press("预览")
    shown = await phone.hears("看的人会看到", LOG)
    await expect(shown.locator(".album img")).to_have_count(2)
    await phone.press("提交")
    await phone.hears("已交到", READING)
    await phone.say("我的日志")
    await phone.press("太短")
    await phone.press("修改")
    await phone.say(f"{LOG}明天再试一次。")
    await phone.hears("改好了")
    await phone.say("进度")
    await phone.hears("你的进度", "1/2")
    await phone.press("写日志")
    await phone.say("取消")

    # reminders, and words that nobody knows
    await phone.say("提醒我 明天下午3点 交教案")
    await phone.hears("15:00", "交教案", "对吗")
    await phone.press("对")
    await phone.hears("提醒你：交教案")
    await phone.say("<b>怎么 *办*</b>")
    await phone.hears("没听懂")
    await expect(phone.posts("mine").last.locator(".text")).to_have_text("<b>怎么 *办*</b>")
    await phone.say("请假")
    await phone.say("帮助")
    await phone.hears("还没结束")
    await phone.say("取消")
    await phone.hears("已取消")
    await phone.say("字" * 10_000)
    await phone.hears("10000 个字")
    await phone.close()


def a_photo(folder: Path, name: str) -> Path:
    path = folder / name
    Image.new("RGB", (640, 480), "#88aa55").save(path)
    return path
