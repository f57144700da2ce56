"""Rubrics that come with Minicolumn; people write further ones and new versions of these."""

from dataclasses import dataclass

from trajectories.core.verifiers.model_judge import Rubric


@dataclass(frozen=True, slots=True)
class ShippedRubric:
    """A rubric with its title."""

    title: str
    rubric: Rubric


_CORRECTNESS = (
    "Judge whether the reasoning is right, step by step. You are not told the right answer: find out by checking.\n"
    "\n"
    "1. Go through the work in its order. For each step ask: does it follow from the problem and from the steps "
    "before it? Redo every calculation, and hold every claimed pattern against all examples that the problem "
    "gives.\n"
    "2. A step that is wrong and later corrected in the open counts little. A wrong step that the answer rests on "
    "counts much, even if the answer looks plausible.\n"
    "3. Check that the final answer follows from the reasoning, has the form that the problem asks for, and, "
    "where there is a program, that the program does what the reasoning says and is no list of the examples.\n"
    "4. Do not reward length, confidence, style or a polite tone. Do not punish a short solution that is right.\n"
    "\n"
    "10: every step is right and the answer follows. 7: small slips that change nothing, the answer is right as "
    "far as you can check. 4: a real mistake, part of the way is right. 1: wrong from the start, or no solution "
    "at all.\n"
    "Name in your reason the first step that is wrong, or say that you found none.\n"
)

_CLARITY = (
    "Judge how clear and economical the work is, as an example for somebody who is to learn from it. Whether the "
    "answer is right matters only in so far as a reader would be misled.\n"
    "\n"
    "1. Clear: each step says what is done and why; terms are used in one sense; a reader with the problem in "
    "hand can follow without guessing; a program, where there is one, has telling names and no dead parts.\n"
    "2. Economical: no repetition, no padding, no second solution of what is solved, no doubt that leads nowhere. "
    "Going back after a real mistake is fine where the mistake is named; going in circles is not.\n"
    "3. Complete: no step that the answer rests on is missing, and the answer stands at the end in the form that "
    "was asked for.\n"
    "4. Length by itself is neither good nor bad: ask what could be left out without loss, and what is missing.\n"
    "\n"
    "10: nothing to add and nothing to leave out. 7: easy to follow, some repetition. 4: to be followed with "
    "effort, or a third could go. 1: not to be followed, or mostly padding.\n"
    "Name in your reason the passage that cost the most.\n"
)

SHIPPED_RUBRICS = (
    ShippedRubric("Correctness of the reasoning, step by step", Rubric("correctness", 1, _CORRECTNESS.strip())),
    ShippedRubric("Clarity and economy", Rubric("clarity", 1, _CLARITY.strip())),
)
