"""While a question has no answer, none is put; what comes late is not taken for an answer to a later one."""

from __future__ import annotations

import asyncio

import pytest

from failover.question import Question


class Slow:
    """Answers with the number of the question, once it is let go."""

    def __init__(self) -> None:
        self.put = 0
        self.go = asyncio.Event()
        self.failure: Exception | None = None

    async def ask(self) -> int:
        self.put += 1
        number = self.put
        await self.go.wait()
        if self.failure:
            raise self.failure
        return number


def test_a_question_without_an_answer_is_not_followed_by_another() -> None:
    async def play() -> None:
        slow = Slow()
        question = Question(slow.ask)
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await question.answer(0.01)
        assert slow.put == 1
        slow.go.set()
        assert await question.answer(1) == 2  # the first one's answer is old
        await question.close()

    asyncio.run(play())


def test_askers_at_the_same_time_put_one_question_at_a_time() -> None:
    async def play() -> None:
        slow = Slow()
        question = Question(slow.ask)
        asked = [asyncio.create_task(question.answer(1)) for _ in range(3)]
        await asyncio.sleep(0.01)
        assert slow.put == 1
        slow.go.set()
        assert await asyncio.gather(*asked) == [1, 2, 3]

    asyncio.run(play())


def test_what_went_wrong_is_said_to_who_asked_and_the_next_question_is_put() -> None:
    async def play() -> None:
        slow = Slow()
        slow.failure = ValueError("no")
        question = Question(slow.ask)
        with pytest.raises(TimeoutError):
            await question.answer(0.01)
        slow.go.set()
        await asyncio.sleep(0)
        with pytest.raises(ValueError, match="no"):
            await question.answer(1)
        slow.failure = None
        assert await question.answer(1) == 3

    asyncio.run(play())


def test_a_question_that_is_given_up_ends() -> None:
    async def play() -> None:
        slow = Slow()
        question = Question(slow.ask)
        with pytest.raises(TimeoutError):
            await question.answer(0.01)
        await question.close()
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(play())
