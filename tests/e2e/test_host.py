"""A workshop host's day, played in the real program (issue 2: the second of the three conversations)."""

from pathlib import Path

import pytest
from playwright.async_api import expect
from python_calamine import CalamineWorkbook

from tests.support.product import Product, download
from tests.support.served import PHONE, Window

READING = "小学语文阅读教学工坊"
SLOW = 30_000  # ms: live figures are shown by the clock


@pytest.mark.slow
async def test_a_hosts_day(product: Product, tmp_path: Path) -> None:
    of_teacher, of_host, _ = product.links
    host, teacher = await product.window(of_host), await product.window(of_teacher, **PHONE)
    await host.chat()
    await lets_in_who_asked(host)
    await pushes_a_resource(host, teacher)
    await sends_a_notice(host, teacher)
    await expect(host.posts("bot").filter(has_text="已推送“《落花生》")).to_contain_text("已打开 1/", timeout=SLOW)
    await reads_logs(host)
    await gets_the_figures(host, tmp_path)
    for window in (host, teacher):
        await window.close()


async def lets_in_who_asked(host: Window) -> None:
    await host.hears("石采薇（云溪县实验小学）申请加入")
    await host.press("同意加入")
    await host.told("已同意")
    await host.hears("石采薇", "沈雨桐已同意")


async def pushes_a_resource(host: Window, teacher: Window) -> None:
    await host.say("《落花生》朗读示范课，重点听第二段的停顿和轻重，可以和学生一起标一标。")
    await host.press("存为资源")
    await host.hears("新资源", "放到：", READING)
    await host.press("存入资源库")
    await host.press("推送")
    await host.hears("发给谁")
    await host.press(READING)
    await host.hears("预览", "《落花生》朗读示范课", f"发给：{READING}", "方式：发到群里", "时间：现在")
    await host.press("确认发送")
    live = host.posts("bot").filter(has_text="已推送“《落花生》").last
    await expect(live).to_contain_text("已打开 0/")
    await teacher.chat(READING)
    await teacher.hears("沈雨桐推荐了一个资源", "《落花生》朗读示范课")
    await teacher.press("打开")
    await teacher.told("已发到你的私聊")


async def sends_a_notice(host: Window, teacher: Window) -> None:
    await host.say("通知")
    asked = host.posts("bot").filter(has_text="发给谁")
    before = await asked.count()
    await host.say("明天下午三点开会，请带导学单。")
    await host.press("完成")
    await expect(asked).to_have_count(before + 1)
    await host.press(READING)
    await host.hears("预览", "请带导学单", "人）")
    await host.press("确认发送")
    live = host.posts("bot").filter(has_text="通知已发出").last
    await expect(live).to_contain_text("已收到 0/")
    await teacher.hears("通知", "请带导学单", "发布人：沈雨桐")
    await teacher.press("收到")
    await teacher.told("已收到，谢谢")
    await expect(live).to_contain_text("已收到 1/", timeout=SLOW)
    await host.press("谁没收到")
    missing = await host.hears("人没点收到", "周明月")
    await expect(missing).not_to_contain_text("林晓岚")
    await host.press("提醒未收到的")
    await host.told("正在私下提醒")
    await host.press("提醒未收到的")
    await host.told("今天已经提醒过了")
    await expect(teacher.posts().filter(has_text="周明月").filter(has_text="没")).to_have_count(0)


async def reads_logs(host: Window) -> None:
    await host.say("批阅")
    await host.hears("待看", "1★")
    log = host.posts("bot").filter(has=host.page.locator(".key", has_text="1★")).last
    await host.press("4★")
    await host.told("已打 4 分")
    await host.press("推优")
    await host.told("推优")
    await expect(log).to_contain_text("★★★★☆", timeout=SLOW)
    await host.press("评论")
    await host.hears("请写评论，只有")
    await host.say("可以和语文组一起上一节展示课。")
    await host.hears("会转给")
    await host.press("下一篇")
    await expect(log).not_to_contain_text("★★★★☆")  # the next one; of the first only its words stay


async def gets_the_figures(host: Window, folder: Path) -> None:
    await host.say("催交规则")
    await host.hears("每周五 18:00 前交 2 篇研修日志")
    await host.say("成员")
    await host.hears("石采薇", "程远舟：副坊主")
    await host.press("导出表格")
    await host.hears("请不要转发到群里")
    path = await download(host, ".xlsx", folder)
    head, *rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    assert head[:3] == ["姓名", "学校", "角色"] and "林晓岚" in {row[0] for row in rows}
    await host.say("工坊")
    await host.hears("我的工坊", f"{READING}：坊主")
    await host.press(READING)
    await host.hears("你的身份：坊主", "加入码")
    await host.press("设置")
    await host.hears(f"“{READING}”的设置")
    await host.press("归档工坊")
    await host.hears("归档", "12 位成员", "不能撤回")
    await host.press("算了")
    await host.hears("什么都没有改")
