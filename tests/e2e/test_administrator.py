"""A county administrator's day, played in the real program (issue 2: the third of the three conversations)."""

from pathlib import Path

import pytest
from playwright.async_api import expect
from python_calamine import CalamineWorkbook

from tests.support.product import Product, download
from tests.support.served import PHONE, Window

COUNTY, SCHOOL = "云溪县", "云溪县第二中学"
SLIP = 100  # px: the least width of a QR code that is drawn in full


@pytest.mark.slow
async def test_an_administrators_day(product: Product, tmp_path: Path) -> None:
    admin = await product.window(product.links[2])
    await admin.chat()
    await hands_out_a_code(product, admin, tmp_path)
    newcomer = await lets_in_who_has_no_code(product, admin)
    await appoints(admin)
    await opens_a_workshop(admin)
    await tells_the_county(admin, newcomer)
    for window in (admin, newcomer):
        await window.close()


async def hands_out_a_code(product: Product, admin: Window, folder: Path) -> None:
    await admin.say("绑定码")
    await admin.hears("都有账号", "姓名或工号")
    await admin.say("叶青黛")
    await admin.press("叶青黛（YX-2009）")
    await admin.hears("叶青黛的绑定码", "14 天内有效")
    sheet = await download(admin, ".xlsx", folder)
    _, row = CalamineWorkbook.from_path(sheet).get_sheet_by_index(0).to_python()
    assert row[:3] == [SCHOOL, "叶青黛", "YX-2009"]
    slips = await download(admin, ".html", folder)
    paper = await admin.context.new_page()
    await paper.set_content(slips.read_text())
    await expect(paper.locator("article")).to_contain_text(row[3])
    drawn = await paper.locator("svg path").bounding_box()
    assert drawn is not None and drawn["width"] > SLIP, "as large as its place on the slip"
    await paper.close()
    stranger = await product.window(**PHONE)
    await stranger.go(row[4].removeprefix(product.address))
    await expect(stranger.page.locator("h1")).to_contain_text("叶青黛")
    await stranger.close()


async def lets_in_who_has_no_code(product: Product, admin: Window) -> Window:
    newcomer = await product.window(**PHONE)
    await newcomer.go("/web")
    await newcomer.page.get_by_role("button", name="我没有绑定码").click()
    await newcomer.page.wait_for_url("**/web")
    await newcomer.chat()
    await newcomer.hears("我是工坊助手")
    await newcomer.press("我没有绑定码")
    await newcomer.say("叶新竹")
    await newcomer.say("二中")
    await newcomer.press(SCHOOL)
    await newcomer.press("没有工号")
    await newcomer.hears("姓名：叶新竹", f"学校：{SCHOOL}")
    await newcomer.press("发送")
    await newcomer.hears("已经转给学校")
    await admin.say("绑定申请")
    await admin.hears("叶新竹申请加入", "学校名单上没有这个名字")
    await admin.press("作为新人员通过")
    await admin.told("已通过")
    await newcomer.hears("会记录你的哪些信息", "你同意吗")
    await newcomer.press("同意")
    await newcomer.hears("欢迎你，叶新竹", SCHOOL)
    return newcomer


async def appoints(admin: Window) -> None:
    await admin.say("任命")
    await admin.hears(f"{COUNTY}的任职", "沈雨桐")
    await admin.press("任命某所学校")
    await admin.hears("哪所学校")
    await admin.say("二中")
    await admin.press(SCHOOL)
    await admin.hears(f"{SCHOOL}的任职")
    await admin.press("任命")
    await admin.hears("什么职务")
    await admin.press("校级培训者")
    await admin.hears("写姓名")
    await admin.say("叶青黛")
    await admin.press(f"叶青黛 · {SCHOOL}")
    await admin.hears(f"任命叶青黛为{SCHOOL}的校级培训者吗")
    await admin.press("任命")
    await admin.hears("叶青黛现在是校级培训者了")


async def opens_a_workshop(admin: Window) -> None:
    await admin.say("工坊")
    await admin.press("开通新工坊")
    await admin.hears("叫什么名字")
    await admin.say("山区小学科学实验工坊")
    await admin.press("科学")
    await admin.hears("介绍一下")
    await admin.press("跳过")
    await admin.press("审核加入")
    await admin.press("就我一个")
    await admin.hears("现在开通吗", "学科：科学", "加入方式：审核加入")
    await admin.press("开通")
    await admin.hears("你是坊主", "加入码")
    await expect(admin.page.locator("#g-workshop .name", has_text="山区小学科学实验工坊")).to_be_visible()


async def tells_the_county(admin: Window, newcomer: Window) -> None:
    await admin.say("通知")
    await admin.say("请各校本周五前核对名册。")
    await admin.press("完成")
    await admin.hears("发给谁")
    await admin.press(COUNTY, whole=True)
    await admin.hears("预览", "请各校", f"发给：{COUNTY}（31 人）", "私聊发给每个人", "时间：现在")
    await admin.press("确认发送")
    live = admin.posts("bot").filter(has_text="通知已发出").last
    await expect(live).to_contain_text("已收到 0/31")
    await newcomer.hears("请各校", "发布人：顾文澜")
    await newcomer.press("收到")
    await newcomer.hears("已收到")
    await expect(live).to_contain_text("已收到 1/31", timeout=30_000)
