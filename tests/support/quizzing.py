"""A workshop with a host and teachers, and quizzes as a host types them."""

from dataclasses import dataclass

from storage.communities import Community
from storage.quiz_pushes import QuizPush
from storage.quizzes import Quiz
from tests.support.talk import Voice, World

ONE = "1．地球绕着谁转？\nA．月亮\nB．太阳\nC．火星\n答案：B\n解析：一年转一圈。"
FOUR = (
    "第三单元小测\n"
    f"{ONE}\n"
    "2．下面哪些是水果？\nA．苹果\nB．白菜\nC．香蕉\n答案：AC\n"
    "3．太阳从东边升起。（ ）\n答案：√\n"
    "4．中国的首都是哪里？\n答案：北京；北京市"
)
RIGHT: tuple[tuple[tuple[int, ...], str], ...] = (((1,), ""), ((0, 2), ""), ((0,), ""), ((), "北京市。"))
WRONG: tuple[tuple[tuple[int, ...], str], ...] = (((0,), ""), ((0,), ""), ((1,), ""), ((), "上海"))


@dataclass(slots=True)
class Quizzing:
    """周 hosts; 李, 王 and 赵 are members."""

    world: World
    county: Community
    school: Community
    workshop: Community
    host: Voice
    li: Voice
    wang: Voice
    zhao: Voice

    async def quiz(self, text: str = FOUR, **named: object) -> Quiz:
        """A quiz in the workshop's bank."""
        from api.quizzes.service import add_quiz

        return await self.world.run(add_quiz, self.workshop.pid, text, actor=self.host, **named)

    async def push(self, text: str = FOUR, *, place: str = "people", **named: object) -> QuizPush:
        """A quiz that was pushed to the workshop."""
        from api.quizzes.pushes import push_quiz

        quiz = await self.quiz(text)
        return await self.world.run(
            push_quiz, quiz.pid, self.workshop.pid, place=place, actor=self.host, **named
        )

    async def answer(self, who: Voice, push: QuizPush, given: tuple[tuple[tuple[int, ...], str], ...] = RIGHT) -> str:
        """Somebody's whole attempt; returns its pid."""
        from api.quizzes.answering import answer_question, start_attempt

        attempt = await self.world.run(start_attempt, push.pid, actor=who)
        for n, (picked, words) in enumerate(given, 1):
            await self.world.run(answer_question, attempt.pid, n, picked, words, actor=who)
        return attempt.pid


async def quizzing_in(world: World) -> Quizzing:
    """The workshop in a world."""
    county = await world.region()
    school = await world.school(county, "第一小学")
    workshop = await world.workshop(county, "科学工坊")
    host, li, wang, zhao = [await world.teacher(name, school) for name in ("周坊主", "李老师", "王老师", "赵老师")]
    for voice, role in ((host, "host"), (li, "member"), (wang, "member"), (zhao, "member")):
        await world.join(voice, workshop, role)
    return Quizzing(world, county, school, workshop, host, li, wang, zhao)
