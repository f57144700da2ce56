"""An office of tools that fail: prices are looked up, converted and booked, and every tool may fail or begin to lie."""

from collections.abc import Mapping
from typing import ClassVar

from trajectories.core.records import JSON
from trajectories.core.worlds.base import FREE, GOAL, HOLE, WALL, Moved, Setting, State, World

NORTH, SOUTH = "north", "south"
BANK, BUREAU = "bank", "bureau"
LOOK_UPS, CONVERSIONS = {"look_up_north": 1, "look_up_south": 2}, {"convert_bank": 1, "convert_bureau": 2}
BOOK, WAIT = "book", "wait"
LIMITED_AFTER = 3
"""The calls of one tool in a row after which it is rate-limited until something else is done."""


class FlakyTools(World):
    """States are (whose price is held, whose conversion, booked, the tool called last, how often in a row).

    One office and one converter tell the truth; the booking takes only the amount that follows from both, which is
    known by simulation. A call fails or times out by chance, and a tool called too often in a row is limited.
    """

    name: ClassVar[str] = "flaky-tools"
    title: ClassVar[str] = "Flaky tools"
    summary: ClassVar[str] = "Look up a price, convert it, book: with tools that fail, time out, limit calls or lie."
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("office", "Office", NORTH, "Which office has the right prices.", choices=(NORTH, SOUTH)),
        Setting("converter", "Converter", BANK, "Which converter has the right rate.", choices=(BANK, BUREAU)),
        Setting("failing", "Failing calls", 10, "Calls in a hundred that fail.", 0, 90),
        Setting("slow", "Calls that time out", 5, "Calls in a hundred that time out, which takes two steps.", 0, 90),
    )
    usual_changes: ClassVar[tuple[Mapping[str, JSON], ...]] = (
        {"episode": 50, "step": 0, "set": {"office": SOUTH, "converter": BUREAU}},
    )
    usual_steps: ClassVar[int] = 40

    def prepare(self) -> None:
        """The tools by name."""
        self.actions = (*LOOK_UPS, *CONVERSIONS, BOOK, WAIT)
        self.sizes = (3, 3, 2, len(self.actions) + 1, LIMITED_AFTER + 1)
        self.right = (1 if self.current["office"] == NORTH else 2, 1 if self.current["converter"] == BANK else 2)

    def begin(self) -> State:
        """Nothing is known and nothing booked; the prices of the day are drawn."""
        self.goal = None
        self.price, self.stale = (int(number) for number in self.np_random.choice(range(20, 200), 2, replace=False))
        self.rate = int(self.np_random.integers(2, 9))
        return (0, 0, 0, 0, 0)

    def attempt(self, state: State, action: int) -> Moved:
        """Calls fail and time out by chance; what is in vain changes nothing but the count of calls."""
        moved = self.move(state, action)
        tool = self.actions[action]
        if tool == WAIT or moved.violates:
            return moved
        chance = float(self.np_random.random()) * 100
        called = (*state[:3], *moved.state[3:])
        if chance < self.current["failing"]:
            return Moved(called, f"{tool}: 503, the service is not available.")
        if chance < self.current["failing"] + self.current["slow"]:
            self.taken += 1  # a call that times out takes a step more
            return Moved(called, f"{tool}: no answer in time.")
        return moved

    def move(self, state: State, action: int) -> Moved:
        """What the tool does when it works."""
        price, conversion, booked, last, often = state
        tool = self.actions[action]
        if tool == WAIT:
            return Moved((price, conversion, booked, 0, 0), "You wait.")
        often = often + 1 if last == action + 1 else 1
        if often > LIMITED_AFTER:
            return Moved(state, f"{tool}: 429, too many calls in a row.", violates=True)
        called = (action + 1, often)
        if tool in LOOK_UPS:
            return Moved((LOOK_UPS[tool], 0, booked, *called), f"{tool}: the price is {self._price(LOOK_UPS[tool])}.")
        if tool in CONVERSIONS:
            if not price:
                return Moved((*state[:3], *called), f"{tool}: there is no price to convert.", violates=True)
            amount = self._amount(price, CONVERSIONS[tool])
            return Moved((price, CONVERSIONS[tool], booked, *called), f"{tool}: that is {amount}.")
        if not (price and conversion):
            return Moved((*state[:3], *called), "book: an amount is needed first.", violates=True)
        if (price, conversion) != self.right:
            return Moved((0, 0, 0, *called), "book: refused, the amount is not the price; start again.")
        return Moved((price, conversion, 1, *called), "book: done, the seat is yours.", reached=True)

    def _price(self, office: int) -> int:
        return self.price if office == self.right[0] else self.stale

    def _amount(self, office: int, converter: int) -> int:
        return self._price(office) * (self.rate if converter == self.right[1] else self.rate + 1)

    def task(self) -> str:
        """What there is to do and with which tools."""
        return (
            "Book a seat: look up its price at one of two offices, convert it at one of two converters, then book. One "
            "of each may be out of date, and a booking with a wrong amount is refused. Calls may fail or time out; a "
            f"tool called more than {LIMITED_AFTER} times in a row is limited until you do something else. You have "
            f"{self.plan.steps} steps."
        )

    def picture(self) -> list[list[int]]:
        """A row each for the price, the conversion and the booking: what is held stands out."""
        price, conversion, booked = (self.state or (0, 0, 0))[:3]
        rows = [[HOLE if place == held else FREE for place in (1, 2)] for held in (price, conversion)]
        return [*rows, [GOAL if booked else WALL] * 2]
