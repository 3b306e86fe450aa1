"""One suite for every supplier that is asked by program; whoever writes a connector runs it.

    class TestMine(SupplierConformance):
        @contextlib.asynccontextmanager
        async def stage(self):
            yield MyStage(...)

A `Stage` is the connector and a hand on its other side: what the supplier's own desk does, what time it is, and which
answers get lost on the way.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from dibs.connect.dispatcher import key_of
from dibs.connect.supplier import Notice, Order, Standing
from dibs.contract.terms import Terms
from dibs.errors import DibsError
from dibs.quantities import DAY, HOUR
from dibs.testing.acts import BEGIN

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from dibs.connect.supplier import Supplier

STARTS = BEGIN + 90 * DAY
ENDS = STARTS + 12 * 730 * HOUR


class Stage(Protocol):
    """A supplier, and a hand on its other side.  It has room for 10,000 of `sku` on `host` from the beginning."""

    supplier: Supplier
    party: str
    host: str
    sku: str
    loses: bool
    """Whether answers can get lost between us and it."""

    async def answer(self, notice: Notice, quantity: int) -> None:
        """Let its desk take so many of what a notice asks for, now; nothing means that it declines."""

    async def deliver(self, order: Order, quantity: int) -> None:
        """Let it deliver so many of an order in all, now."""

    def lose_next(self) -> None:
        """Let the next call be heard, and its answer be lost."""

    async def again(self) -> Supplier:
        """The connector as it is after a restart of our side: made anew."""


class SupplierConformance(ABC):
    """What the dispatcher relies on."""

    @abstractmethod
    def stage(self) -> AbstractAsyncContextManager[Stage]:
        """Make the supplier, with its other side at hand."""

    # --- what is asked

    def notice(self, stage: Stage, name: str = "off-1", quantity: int = 1000) -> Notice:
        """A notice that the supplier can take all of."""
        terms = Terms(
            sku=stage.sku,
            quantity=quantity,
            starts=STARTS,
            ends=ENDS,
            regions=(),
            classes=("training",),
            price=Decimal("2.10"),
            payment="monthly in arrears",
            address="capacity desk",
        )
        return Notice(id=name, holder=stage.party, terms=terms, served_at=BEGIN, respond_by=BEGIN + 30 * DAY, minimum=100)

    def order(self, stage: Stage, notice: Notice | None = None, name: str = "", quantity: int = 0) -> Order:
        """What was granted after a notice was taken, or without one."""
        return Order(
            id=name or (f"{notice.id}@{stage.host}" if notice else "grant-1"),
            operator=stage.party,
            host=stage.host,
            sku=stage.sku,
            workload_class="training",
            quantity=quantity or (notice.terms.quantity or 0 if notice else 1000),
            starts=STARTS,
            ends=ENDS,
            price=Decimal("2.10"),
            promised_at=BEGIN,
            deliver_by=STARTS + 30 * DAY,
            offer=notice.id if notice else "",
        )

    def play(self, scene: Callable[[Stage], Awaitable[None]]) -> None:
        """Play a scene on a stage of its own."""

        async def whole() -> None:
            async with self.stage() as stage:
                await scene(stage)

        asyncio.run(whole())

    async def ask(self, stage: Stage, **fields: Any) -> tuple[Notice, Standing]:
        """Serve a notice."""
        notice = self.notice(stage, **fields)
        return notice, await stage.supplier.offer(notice, key=key_of("offer", notice))

    async def taken(self, stage: Stage, quantity: int = 1000) -> tuple[Notice, Order]:
        """A notice of which so much was taken, and its order, told to the supplier."""
        notice, _ = await self.ask(stage)
        await stage.answer(notice, quantity)
        order = self.order(stage, notice, quantity=quantity)
        heard = await stage.supplier.accept(order, key=key_of("accept", order))
        assert heard.state == "accepted", heard
        return notice, order

    # --- who it is, what it has

    def test_it_says_for_whom_it_speaks(self) -> None:
        """A dispatcher, and people, see who answers."""

        async def scene(stage: Stage) -> None:
            found = await stage.supplier.describe()
            assert found.party == stage.party
            assert found.name
            assert found.says

        self.play(scene)

    def test_it_says_what_it_could_give(self) -> None:
        """In order of time, nothing negative, and nothing of what it does not have."""

        async def scene(stage: Stage) -> None:
            found = await stage.supplier.availability(stage.sku, starts=STARTS, ends=ENDS)
            assert sum(max(quantity for _, quantity in one.steps) for one in found) >= 10_000
            for one in found:
                assert one.sku == stage.sku
                assert [at for at, _ in one.steps] == sorted({at for at, _ in one.steps})
                assert all(quantity >= 0 and at < ENDS for at, quantity in one.steps)
            assert await stage.supplier.availability("no-such-thing", starts=STARTS, ends=ENDS) == ()

        self.play(scene)

    # --- notices

    def test_of_what_it_never_heard_it_knows_nothing(self) -> None:
        """Neither of a notice nor of an order."""

        async def scene(stage: Stage) -> None:
            notice = self.notice(stage, "never")
            assert (await stage.supplier.status(notice)).state == "unknown"
            assert (await stage.supplier.status(self.order(stage, name="never"))).state == "unknown"

        self.play(scene)

    def test_a_notice_is_open_until_it_is_answered(self) -> None:
        """And `status` changes nothing."""

        async def scene(stage: Stage) -> None:
            notice, heard = await self.ask(stage)
            assert heard.state == "open"
            for _ in range(2):
                stands = await stage.supplier.status(notice)
                assert (stands.state, stands.answer) == ("open", None)

        self.play(scene)

    def test_it_takes_all_a_part_or_nothing(self) -> None:
        """The answer says how much; nothing has a reason."""

        async def scene(stage: Stage) -> None:
            for name, quantity in (("all", 1000), ("part", 400), ("none", 0)):
                notice, _ = await self.ask(stage, name=name)
                await stage.answer(notice, quantity)
                stands = await stage.supplier.status(notice)
                assert stands.state == "answered"
                assert stands.answer is not None
                assert stands.answer.quantity == quantity
                assert (stands.answer.reason != "none") == (quantity == 0)
                assert sum(part for _, part in stands.answer.hosts) in (0, quantity)

        self.play(scene)

    def test_a_notice_said_again_is_one_notice(self) -> None:
        """Under its key, before and after the answer; nothing more is taken for it."""

        async def scene(stage: Stage) -> None:
            notice, _ = await self.ask(stage)
            assert (await self.ask(stage))[1].state == "open"
            await stage.answer(notice, 400)
            before = await stage.supplier.status(notice)
            assert (await self.ask(stage))[1].answer == before.answer
            assert await stage.supplier.status(notice) == before

        self.play(scene)

    def test_a_key_is_for_one_act(self) -> None:
        """Another act under it is refused, and leaves no trace."""

        async def scene(stage: Stage) -> None:
            notice, _ = await self.ask(stage)
            other = msgspec.structs.replace(notice, id="other", terms=msgspec.structs.replace(notice.terms, quantity=2000))
            try:
                await stage.supplier.offer(other, key=key_of("offer", notice))
            except DibsError:
                pass
            else:
                message = "a key was used for two acts"
                raise AssertionError(message)
            assert (await stage.supplier.status(other)).state == "unknown"

        self.play(scene)

    def test_an_answer_is_final(self) -> None:
        """Recalling the notice later does not undo it, and asking again does not change it."""

        async def scene(stage: Stage) -> None:
            notice, _ = await self.ask(stage)
            await stage.answer(notice, 400)
            before = await stage.supplier.status(notice)
            recalled = await stage.supplier.recall(notice, key=key_of("recall", notice))
            assert (recalled.state, recalled.answer) == ("answered", before.answer)
            assert (await stage.supplier.status(notice)).answer == before.answer

        self.play(scene)

    def test_a_notice_that_was_recalled_is_answered_no_more(self) -> None:
        """However late the desk is, and however often it is recalled or asked again under its key."""

        async def scene(stage: Stage) -> None:
            notice, _ = await self.ask(stage)
            for _ in range(2):
                assert self.nothing(await stage.supplier.recall(notice, key=key_of("recall", notice)))
            assert self.nothing((await self.ask(stage))[1])
            await stage.answer(notice, 1000)
            assert self.nothing(await stage.supplier.status(notice))

        self.play(scene)

    def test_a_late_answer_is_told_as_any_other(self) -> None:
        """Whether it is late is for the broker to say."""

        async def scene(stage: Stage) -> None:
            notice = msgspec.structs.replace(self.notice(stage), served_at=BEGIN - 2 * DAY, respond_by=BEGIN - DAY)
            await stage.supplier.offer(notice, key=key_of("offer", notice))
            await stage.answer(notice, 1000)
            stands = await stage.supplier.status(notice)
            assert stands.answer is not None
            assert stands.answer.quantity == 1000

        self.play(scene)

    def test_several_notices_are_kept_apart(self) -> None:
        """Each has an answer of its own."""

        async def scene(stage: Stage) -> None:
            notices = [(await self.ask(stage, name=f"off-{nth}"))[0] for nth in range(5)]
            for nth, notice in enumerate(notices):
                await stage.answer(notice, 100 * nth)
            for nth, notice in enumerate(notices):
                answer = (await stage.supplier.status(notice)).answer
                assert answer is not None
                assert answer.quantity == 100 * nth

        self.play(scene)

    # --- orders

    def test_what_it_took_it_accepts_and_delivers(self) -> None:
        """In parts, as they come; the same order said again is one order."""

        async def scene(stage: Stage) -> None:
            _, order = await self.taken(stage)
            assert (await stage.supplier.status(order)).delivered == 0
            await stage.deliver(order, 1000)
            for _ in range(2):
                heard = await stage.supplier.accept(order, key=key_of("accept", order))
                assert (heard.state, heard.delivered) == ("accepted", 1000)
            assert (await stage.supplier.status(order)).delivered == 1000

        self.play(scene)

    def test_it_is_never_more_than_was_ordered(self) -> None:
        """A part that was taken is delivered as that part."""

        async def scene(stage: Stage) -> None:
            _, order = await self.taken(stage, 400)
            await stage.deliver(order, 400)
            assert (await stage.supplier.status(order)).delivered == 400

        self.play(scene)

    def test_more_than_it_took_is_not_accepted(self) -> None:
        """An order goes no further than the answer."""

        async def scene(stage: Stage) -> None:
            notice, _ = await self.ask(stage)
            await stage.answer(notice, 400)
            order = self.order(stage, notice, quantity=1000)
            assert (await stage.supplier.accept(order, key=key_of("accept", order))).state == "refused"

        self.play(scene)

    def test_an_order_that_is_recalled_is_given_back_or_stands(self) -> None:
        """As it said it would; and it says the same again."""

        async def scene(stage: Stage) -> None:
            notice, order = await self.taken(stage)
            gives_back = (await stage.supplier.describe()).gives_back
            for _ in range(2):
                stands = await stage.supplier.recall(order, key=key_of("recall", order))
                assert stands.state == ("recalled" if gives_back else "accepted")
                assert (await stage.supplier.status(order)).state == stands.state
            if gives_back:
                heard = await stage.supplier.accept(order, key=key_of("accept", order))
                assert heard.state == "recalled"
                assert self.nothing(await stage.supplier.status(notice)) or (await stage.supplier.status(notice)).state == "answered"

        self.play(scene)

    def test_an_order_that_it_never_heard_of_is_recalled_without_harm(self) -> None:
        """As is a notice."""

        async def scene(stage: Stage) -> None:
            for about in (self.notice(stage, "never"), self.order(stage, name="never")):
                assert (await stage.supplier.recall(about, key=key_of("recall", about))).state in {"unknown", "recalled"}

        self.play(scene)

    # --- answers that are lost, and restarts

    def test_what_was_heard_and_not_answered_is_done_once(self) -> None:
        """Every verb, its answer lost, is said again under its key, and stands as if it had been said once."""

        async def scene(stage: Stage) -> None:
            if not stage.loses:
                return
            stage.lose_next()
            notice, _ = await self.ask(stage)
            await stage.answer(notice, 400)
            stage.lose_next()
            stands = await stage.supplier.status(notice)
            assert stands.answer is not None
            assert stands.answer.quantity == 400
            order = self.order(stage, notice, quantity=400)
            stage.lose_next()
            assert (await stage.supplier.accept(order, key=key_of("accept", order))).state == "accepted"
            other, _ = await self.ask(stage, name="off-2")
            stage.lose_next()
            assert self.nothing(await stage.supplier.recall(other, key=key_of("recall", other)))
            stage.lose_next()
            after = await stage.supplier.recall(order, key=key_of("recall", order))
            assert after.state == ("recalled" if (await stage.supplier.describe()).gives_back else "accepted")

        self.play(scene)

    def test_a_restart_of_our_side_changes_nothing(self) -> None:
        """What the state says is outstanding is said again, and stands as before."""

        async def scene(stage: Stage) -> None:
            notice, order = await self.taken(stage, 400)
            supplier = await stage.again()
            heard = await supplier.offer(notice, key=key_of("offer", notice))
            assert heard.answer is not None
            assert heard.answer.quantity == 400
            assert (await supplier.accept(order, key=key_of("accept", order))).state == "accepted"

        self.play(scene)

    @staticmethod
    def nothing(stands: Standing) -> bool:
        """Whether nothing is taken, and nothing will be."""
        return stands.state == "recalled" or (stands.state == "answered" and stands.answer is not None and not stands.answer.quantity)
