"""Quizzes over /v1: the same operations, the same refusals."""

from tests.support.calling import client_of
from tests.support.quizzing import FOUR, ONE, Quizzing

KEYED = {"Idempotency-Key": "once"}


async def test_type_read_change_find_remove(shop: Quizzing) -> None:
    w = shop.workshop.pid
    async with await client_of(shop.world, shop.host) as host, await client_of(shop.world, shop.li) as li:
        draft = (await host.post("/quiz-drafts", json={"text": "1. x\nA. 一\nB. 二\n答案：C"})).json()
        assert draft["faults"] == [
            {"line": 4, "code": "answer_unknown", "what": "答案“C”对不上选项，选项只有 A 到 B。"}
        ]
        refused = await host.post("/quizzes", json={"community": w, "text": "1. x"})
        assert (refused.status_code, refused.json()["code"]) == (422, "quiz.faults")
        assert refused.json()["faults"] == [{"line": 1, "code": "no_answer"}]
        assert (await li.post("/quizzes", json={"community": w, "text": ONE})).status_code == 403
        made = await host.post("/quizzes", json={"community": w, "text": FOUR, "tags": ["科学"]}, headers=KEYED)
        again = await host.post("/quizzes", json={"community": w, "text": FOUR, "tags": ["科学"]}, headers=KEYED)
        assert made.status_code == 201 and made.json()["pid"] == again.json()["pid"]
        pid = made.json()["pid"]
        assert [q["right"] for q in made.json()["questions"]] == [[1], [0, 2], [0], []]
        assert made.json()["questions"][3]["accepted"] == ["北京", "北京市"]
        assert (await li.get(f"/quizzes/{pid}")).status_code == 404
        assert (await li.get("/quizzes")).json()["items"] == []
        changed = (await host.patch(f"/quizzes/{pid}", json={"title": "新名字"})).json()
        assert (changed["pid"], changed["title"], len(changed["questions"])) == (pid, "新名字", 4)
        found = (await host.get("/quizzes", params={"words": "水果", "community": w})).json()["items"]
        assert [(each["title"], each["questions"]) for each in found] == [("新名字", 4)]
        assert (await li.delete(f"/quizzes/{pid}")).status_code == 404
        assert (await host.delete(f"/quizzes/{pid}")).status_code == 204
        assert (await host.get(f"/quizzes/{pid}")).status_code == 404


async def test_push_answer_look_remind_withdraw(shop: Quizzing) -> None:
    quiz = await shop.quiz()
    guest = await shop.world.teacher("外人")
    async with (
        await client_of(shop.world, shop.host) as host,
        await client_of(shop.world, shop.li) as li,
        await client_of(shop.world, guest) as other,
    ):
        push = {"quiz": quiz.pid, "community": shop.workshop.pid, "place": "people"}
        assert (await li.post("/quiz-pushes", json=push)).status_code == 404
        assert (await host.post("/quiz-pushes", json={**push, "attempts": 99})).status_code == 422
        naive = await host.post("/quiz-pushes", json={**push, "closes_at": "2026-12-01T08:00:00"})
        assert naive.status_code == 422
        made = await host.post("/quiz-pushes", json={**push, "closes_at": "2026-12-01T08:00:00Z"})
        assert made.status_code == 201, made.text
        pid = made.json()["pid"]
        assert (made.json()["reached"], made.json()["missing"], made.json()["pass_mark"]) == (3, 3, 60)

        assert [each["push"] for each in (await li.get("/me/quizzes")).json()["items"]] == [pid]
        assert (await other.get("/me/quizzes")).json()["items"] == []
        assert (await li.get(f"/quiz-pushes/{pid}")).json()["missing"] is None
        assert (await li.get(f"/quiz-pushes/{pid}")).json()["quiz"] is None
        assert (await other.get(f"/quiz-pushes/{pid}")).status_code == 404
        assert (await other.post(f"/quiz-pushes/{pid}/attempts")).status_code == 403
        attempt = (await li.post(f"/quiz-pushes/{pid}/attempts")).json()
        options = ["月亮", "太阳", "火星"]
        assert attempt["next"] == {"n": 1, "kind": "single", "stem": "地球绕着谁转？", "options": options}
        answers = f"/attempts/{attempt['pid']}/answers"
        first = (await li.post(answers, json={"n": 1, "picked": [0]})).json()
        assert (first["correct"], first["question"]["right"], first["question"]["reason"]) == (
            False, [1], "一年转一圈。",
        )  # fmt: skip
        assert (await li.post(answers, json={"n": 1, "picked": [1]})).status_code == 409
        assert (await li.post(answers, json={"n": 2, "picked": [7]})).json()["code"] == "quiz.picked"
        assert (await other.post(answers, json={"n": 2, "picked": [0]})).status_code == 404
        assert (await other.get(f"/attempts/{attempt['pid']}")).status_code == 404
        await li.post(answers, json={"n": 2, "picked": [2, 0]})
        await li.post(answers, json={"n": 3, "picked": [0]})
        last = (await li.post(answers, json={"n": 4, "words": " 北京 市。"})).json()
        assert (last["attempt"]["score"], last["attempt"]["passed"], last["attempt"]["left"]) == (3, True, 0)
        kept = (await li.get(f"/attempts/{attempt['pid']}")).json()
        assert (kept["score"], kept["next"]) == (3, None)
        assert (await li.get(f"/quiz-pushes/{pid}/attempts")).json()["items"] == [kept]
        assert (await li.post(f"/quiz-pushes/{pid}/attempts")).json()["code"] == "quiz.no_attempt_left"

        assert (await li.get(f"/quiz-pushes/{pid}/statistics")).status_code == 404
        told = (await host.get(f"/quiz-pushes/{pid}/statistics")).json()
        assert (told["push"]["answered"], told["push"]["passed"], told["push"]["missing"]) == (1, 1, 2)
        first = told["questions"][0]
        assert (first["answers"], first["correct"], first["options"]) == (1, 0, [1, 0, 0])
        missing = (await host.get(f"/quiz-pushes/{pid}/missing")).json()["items"]
        assert sorted(each["name"] for each in missing) == ["王老师", "赵老师"]
        assert (await host.post(f"/quiz-pushes/{pid}/reminders")).json() == {"reminded": 2}
        assert (await host.post(f"/quiz-pushes/{pid}/reminders")).json() == {"reminded": 0}
        assert [each["pid"] for each in (await host.get("/quiz-pushes")).json()["items"]] == [pid]
        assert (await li.post(f"/quiz-pushes/{pid}/withdrawal")).status_code == 403
        assert (await host.post(f"/quiz-pushes/{pid}/withdrawal")).json()["withdrawn_at"]
        assert (await host.post(f"/quiz-pushes/{pid}/withdrawal")).status_code == 409
