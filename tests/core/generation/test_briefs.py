import pytest

from tests.core.generation.recipes import SUM
from trajectories.core.generation.base import Order
from trajectories.core.generation.briefs import TARGETS, check_brief, fill_brief
from trajectories.core.generation.shipped import SHIPPED
from trajectories.core.prompts import PromptError
from trajectories.core.records import ProblemKind


@pytest.mark.parametrize("shipped", SHIPPED, ids=lambda shipped: shipped.name)
@pytest.mark.parametrize("kind", TARGETS)
def test_every_shipped_brief_can_be_filled_for_every_kind(shipped, kind):
    check_brief(shipped.generator, shipped.template)
    order = Order(0, 1, 4, shipped.words[:3], shipped.features[:1])
    [message] = fill_brief(shipped.template, kind=kind, family="", order=order, source=SUM)
    assert TARGETS[kind].target in message["content"]
    assert all(word in message["content"] for word in order.words)
    assert "a list of 4 problems" in message["content"]


def test_lists_that_nothing_is_drawn_from_leave_no_heading():
    [message] = fill_brief(SHIPPED[0].template, kind=ProblemKind.TEXT, family="", order=Order(0, 1, 1), source=None)
    assert "Use every one" not in message["content"]


@pytest.mark.parametrize(
    ("generator", "template", "message"),
    [
        ("constrained", "Write {count}.", "Found no slot {format}"),
        ("variants", "{format}", "Found no slot {source}"),
        ("constrained", "{format} {format}", "2 times"),
        ("constrained", "{format} {problem}", "Found the slot {problem}; expected one of count, target"),
        ("constrained", "{format} {", "lone brace"),
        ("constrained", "{format}" + "x" * 20_000, "expected at most 20,000"),
    ],
)
def test_a_template_that_cannot_work_is_refused(generator, template, message):
    with pytest.raises(PromptError, match=message.replace("{", r"\{").replace("}", r"\}")):
        check_brief(generator, template)
