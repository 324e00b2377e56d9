"""Dead letters over /v1: the same operations, the same refusals."""

from tests.letters.conftest import Post
from tests.support.calling import client_of

T1, T2, T3 = "第一件", "第二件", "第三件"


async def test_list_count_retry_drop(post: Post) -> None:
    county = post.county
    first, second = await post.refuse(county.li, T1), await post.refuse(county.chen, T2)
    post.world.paper.gone.add(county.wang.chat)
    await post.tell(county.wang, T3)
    async with await client_of(post.world, county.lin) as lin, await client_of(post.world, county.wang) as wang:
        for path in ("/letters", "/letters/reasons"):
            assert (await wang.get(path)).status_code == 403
        assert (await wang.post(f"/letters/{first}/retry")).status_code == 403
        assert (await wang.post("/letters/drop", json={"reason": "rejected"})).status_code == 403
        page = (await lin.get("/letters", params={"limit": 2})).json()
        assert [one["reason"] for one in page["items"]] == ["blocked", "rejected"]
        rest = (await lin.get("/letters", params={"limit": 2, "cursor": page["next"]})).json()
        assert rest["next"] is None and [one["pid"] for one in rest["items"]] == [first]
        [letter] = rest["items"]
        assert (letter["name"], letter["school"], letter["platform"], letter["retriable"], letter["kind"]) == (
            "李老师", "第一小学", "paper", True, "send",
        )  # fmt: skip
        assert T1 not in str(rest) and "error" not in letter, "neither what it says nor what the platform said of it"
        narrow = {"reason": "rejected", "platform": "paper", "community": county.second.pid}
        assert [one["pid"] for one in (await lin.get("/letters", params=narrow)).json()["items"]] == [second]
        for wrong in ({"reason": "because"}, {"limit": 0}, {"community": "x"}):
            assert (await lin.get("/letters", params=wrong)).status_code == 422
        counted = (await lin.get("/letters/reasons")).json()["items"]
        assert [(one["reason"], one["n"], one["retriable"]) for one in counted] == [
            ("blocked", 1, 0), ("rejected", 2, 2),
        ]  # fmt: skip
        assert "联系不到" in counted[0]["means"]
        assert (await lin.post(f"/letters/{first}/retry")).json()["pid"] == first
        again = await lin.post(f"/letters/{first}/retry")
        assert (again.status_code, again.json()["code"]) == (409, "letter.over")
        assert (await lin.post("/letters/000000000000/retry")).status_code == 404
        many = {"reason": "rejected", "community": county.first.pid}
        assert (await lin.post("/letters/retry", json=many)).json() == {"n": 0, "left": 0, "next": None}
        assert (await lin.post("/letters/retry", json={})).status_code == 422, "never everything by mistake"
        assert (await lin.post("/letters/retry", json={"reason": "rejected"})).json()["n"] == 1
        assert (await lin.post("/letters/retry", json={"reason": "blocked"})).json() == {
            "n": 0, "left": 1, "next": None,
        }  # fmt: skip
        await post.world.settle()
        assert (post.got(county.li, [T1]), post.got(county.chen, [T2])) == ([T1], [T2])
        assert (await lin.post("/letters/drop", json={"reason": "blocked"})).json()["n"] == 1
        assert (await lin.get("/letters")).json() == {"items": [], "next": None}


async def test_one_is_dropped_and_members_out_of_reach_are_marked(post: Post) -> None:
    county = post.county
    pid = await post.refuse(county.li, T1)
    await post.world.join(county.li, county.workshop)
    post.world.paper.gone.add(county.li.chat)
    await post.tell(county.li, T2)
    async with await client_of(post.world, county.lin) as lin, await client_of(post.world, county.li) as li:
        assert (await lin.post(f"/letters/{pid}/drop")).json()["reason"] == "rejected"
        assert (await lin.post(f"/letters/{pid}/drop")).status_code == 409
        path = f"/communities/{county.w}/memberships"
        assert {one["name"]: one["away"] for one in (await lin.get(path)).json()["items"]} == {
            "王老师": False, "李老师": True,
        }  # fmt: skip
        assert {one["away"] for one in (await li.get(path)).json()["items"]} == {None}
