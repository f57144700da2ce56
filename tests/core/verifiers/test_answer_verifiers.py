from collections.abc import Mapping
from fractions import Fraction

import pytest

from tests.core.verifiers.doubles import ScriptedTools, ending, returning, trace
from trajectories.core.answers import RULE_SET
from trajectories.core.programs.engines import CallResult, CallStatus
from trajectories.core.records import JSON, Outcome, ProblemKind, ProblemRecord, VerdictRecord
from trajectories.core.verifiers import VERIFIERS, applicable_verifiers
from trajectories.core.verifiers.consensus import consensus_verdict, find_consensus
from trajectories.core.verifiers.expressions import MathComparison
from trajectories.core.verifiers.json_equal import json_equal
from trajectories.core.verifiers.numeric import NO_NUMBER


def problem(kind: ProblemKind, reference: JSON, spec: Mapping[str, JSON] | None = None) -> ProblemRecord:
    return ProblemRecord(kind, "p", "", spec or {}, reference, "train")


def verify(name: str, record: ProblemRecord, text: str) -> VerdictRecord:
    return VERIFIERS[name].verify(record, trace(program="", text=text), returning(True))


@pytest.mark.parametrize(
    ("reference", "text", "right"),
    [
        ("42", "Answer: 42", True),
        ("42", "we get 41, no, 42.0", True),
        ("42", "Answer: 43", False),
        ("1234", "#### 1,234", True),
        ("0.75", r"\boxed{\frac{3}{4}}", True),
        ("1/3", "Answer: 0.3333333333", True),
        ("1/3", "Answer: 0.33", False),
        ("45%", "Answer: 0.45", True),
        ("45%", "Answer: 45", True),
        ("0.45", "Answer: 45%", True),
        ("45", "Answer: 45%", False),
        ("12 km", "Answer: 12", True),
        ("12 km", "Answer: 12 KM.", True),
        ("12 km", "Answer: 12 m", False),
        ("12", "Answer: 12 apples", True),
        ("12 apples", "Answer: 12 pears", False),
        ("12 apples", "Answer: 12 red apples", True),
        ("42 km", "Answer: 42,000 metres", True),
        ("42", "Answer: 42 pairs", False),
        ("42 pairs", "Answer: 42 pairs", True),
        ("$0.50", "Answer: 50 cents", True),
        ("0.333333", "Answer: 1/3", True),
        ("1/3", "Answer: 0.333333", True),
        ("20 °C", "Answer: 20 degrees", True),
        ("68 °F", "Answer: 20 °C", True),
        ("5.25 ft", "Answer: 5 feet 3 inches", True),
        ("42", "Answer: forty-two", True),
        (42, "Answer: 42", True),
    ],
)
def test_numeric(reference: JSON, text: str, right: bool) -> None:
    verdict = verify("numeric", problem(ProblemKind.NUMERIC, reference), text)
    assert (verdict.outcome is Outcome.PASS) == right, verdict.message
    assert verdict.evidence["found"]["answer"]


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("45%", "0.45", True),
        (r"45\%", r"\frac{9}{20}", True),
        ("45 percent", "9/20", True),
        ("0.45%", "0.0045", True),
        ("120%", "1.2", True),
        (r"33\frac{1}{3}\%", "1/3", True),
        ("33.3333%", "1/3", True),
        ("45%", "4.5", False),
        ("45%", "4500", False),
        ("1/3", "0.333333", True),
        (r"\frac{1}{3}", "0.333333", True),
        ("-2/3", "-0.666667", True),
        ("1/7", "0.142857", True),
        (r"\sqrt{2}", "1.414214", True),
        ("1/3", "0.3333", False),
        ("2/3", "0.67", False),
    ],
)
def test_percent_and_rounded_fractions_are_the_same_both_ways(one: str, other: str, equal: bool) -> None:
    for reference, answer in ((one, other), (other, one)):
        verdict = verify("numeric", problem(ProblemKind.NUMERIC, reference), f"Answer: ${answer}$")
        assert (verdict.outcome is Outcome.PASS) == equal, (reference, answer, verdict.message)


def test_numeric_tolerance_is_the_problems() -> None:
    absolute = problem(ProblemKind.NUMERIC, "3.14159", {"tolerance": 0.01})
    relative = problem(ProblemKind.NUMERIC, "1000", {"relative_tolerance": "1/100"})
    assert verify("numeric", absolute, "Answer: 3.15").outcome is Outcome.PASS
    assert verify("numeric", absolute, "Answer: 3.16").outcome is Outcome.FAIL
    assert verify("numeric", relative, "Answer: 1010").outcome is Outcome.PASS
    assert verify("numeric", relative, "Answer: 1011").outcome is Outcome.FAIL
    bad = problem(ProblemKind.NUMERIC, "3", {"tolerance": -1})
    assert verify("numeric", bad, "Answer: 3").outcome is Outcome.ERROR


def test_plain_numbers_are_never_compared_as_expressions() -> None:
    tools = returning(True)
    for reference, text in [
        ("42", "Answer: 43"), ("12 km", "Answer: 12 m"), ("45%", "#### 0.45"), (42, r"\boxed{\frac{84}{2}}"),
        ("42", "Answer: forty-two"), ("42", "Answer: 42 of them, not 43"), ("1e400", "Answer: 1e399"),
    ]:  # fmt: skip
        VERIFIERS["numeric"].verify(problem(ProblemKind.NUMERIC, reference), trace(program="", text=text), tools)
    assert tools.compared == []


MATRIX = r"\begin{pmatrix}1\\2\end{pmatrix}"


@pytest.mark.parametrize(
    ("text", "comparison", "asked", "outcome", "message"),
    [
        (
            r"Answer: $\begin{pmatrix}1.0\\2\end{pmatrix}$",
            *(MathComparison(equal=True), 1, Outcome.PASS, "the answer is equal"),
        ),
        (
            r"Answer: $\begin{pmatrix}2\\2\end{pmatrix}$",
            *(MathComparison(), 2, Outcome.FAIL, "the answer is not equal"),
        ),
        (r"Answer: \odd{x}", MathComparison(unreadable="found"), 1, Outcome.FAIL, NO_NUMBER),
        ("Answer: x", MathComparison(unreadable="expected"), 1, Outcome.ERROR, None),
        ("Answer: 6.28", MathComparison(numbers=(Fraction("6.283185"), Fraction("6.28"))), 1, Outcome.FAIL, None),
        (
            f"Answer: ${MATRIX}$",
            None,
            1,
            Outcome.ERROR,
            "the answer could not be compared: comparing took longer than 5 s",
        ),
    ],
)
def test_what_is_not_read_here_is_compared_elsewhere(
    text: str, comparison: MathComparison | None, asked: int, outcome: Outcome, message: str | None
) -> None:
    tools = returning(True)
    tools.comparison = comparison
    verdict = VERIFIERS["numeric"].verify(problem(ProblemKind.NUMERIC, MATRIX), trace(program="", text=text), tools)
    assert len(tools.compared) == asked
    assert verdict.outcome is outcome
    assert message in (None, verdict.message)
    assert (verdict.score is None) == (outcome is Outcome.ERROR)


def test_a_comparison_is_asked_for_both_ways() -> None:
    class OneSided(ScriptedTools):
        def compare_expressions(self, expected: str, found: str) -> MathComparison:
            return MathComparison(equal=found == MATRIX)

    tools = OneSided(lambda _: CallResult(CallStatus.RETURNED))
    given = trace(program="", text=r"Answer: $\begin{pmatrix}1.0\\2\end{pmatrix}$")
    assert VERIFIERS["numeric"].verify(problem(ProblemKind.NUMERIC, MATRIX), given, tools).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("reference", "text", "right"),
    [
        ("x+1", "Answer: 1+x", True),
        ("x+1", "Answer: 2(x+1)/2", True),
        ("|x|", "Answer: x", None),
        ("2π", "Answer: 6.28", False),
        ("2π", "Answer: $2 π$", True),
        (r"2\pi\text{ cm}", r"Answer: $2\pi$ km", False),
        (r"2\pi\text{ cm}", r"Answer: $2\pi$", True),
        ("x<3", r"\boxed{(-\infty,3)}", True),
        (r"(-\infty,3)", "Answer: x < 3", True),
        ("[0, 2)", r"Answer: $0 \le x \le 2$", False),
        (r"\{1,2\}", r"\boxed{(1,2)}", False),
        ("(1,2)", r"\boxed{\{1,2\}}", False),
        ("(1,2)", r"\boxed{[1,2]}", False),
        (r"\{1,2\}", r"\boxed{1,2}", True),
        ("y = 2x + 1", r"\boxed{2x + 1 = y}", True),
        (r"\text{acute}", r"\boxed{\text{Acute}}", True),
        (r"\text{(A)}", r"\boxed{A}", True),
        (r"\text{acute}", r"\boxed{\text{obtuse}}", False),
    ],
)
def test_mathematics_is_compared_by_its_form(reference: str, text: str, right: bool | None) -> None:
    tools = returning(True)
    tools.comparison = MathComparison()
    verdict = VERIFIERS["numeric"].verify(problem(ProblemKind.NUMERIC, reference), trace(program="", text=text), tools)
    assert (verdict.outcome is Outcome.PASS) == bool(right), verdict.message
    assert bool(tools.compared) == (right is None)


@pytest.mark.parametrize("reference", ["n/a", "?", "see solution", r"\frac{1}{", "", "the answer"])
def test_a_reference_that_is_no_answer_is_the_problems_fault(reference: str) -> None:
    verdict = VERIFIERS["numeric"].verify(
        problem(ProblemKind.NUMERIC, reference), trace(program="", text="Answer: 1"), returning(True)
    )
    assert verdict.outcome is Outcome.ERROR


def test_the_problems_tolerance_holds_for_expressions() -> None:
    tools = returning(True)
    record = problem(ProblemKind.NUMERIC, r"\sqrt{2}", {"tolerance": 0.01})
    given = trace(program="", text="Answer: 1.41")
    assert VERIFIERS["numeric"].verify(record, given, tools).outcome is Outcome.PASS
    tight = problem(ProblemKind.NUMERIC, r"\sqrt{2}", {"relative_tolerance": 0.001})
    assert VERIFIERS["numeric"].verify(tight, given, tools).outcome is Outcome.FAIL


CHOICES: dict[str, JSON] = {"choices": ["a cat", "a dog", "Both A and B", "None"]}


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("Answer: B", "B"),
        ("Answer: (b)", "B"),
        ("Answer: B) a dog", "B"),
        ("The answer is **A dog**.", "B"),
        (r"\boxed{\text{B}}", "B"),
        (r"\boxed{\text{a dog}}", "B"),
        ("Answer: A dog", "B"),
        ("Answer: A", "A"),
        ("Answer: none", "D"),
        ("Answer: E", None),
        ("Answer: a bird", None),
    ],
)
def test_choice_by_letter_or_text(text: str, letter: str | None) -> None:
    verdict = verify("choice", problem(ProblemKind.CHOICE, "B", CHOICES), text)
    assert verdict.evidence["read_as"] == letter
    assert (verdict.outcome is Outcome.PASS) == (letter == "B")


@pytest.mark.parametrize(
    ("text", "letters", "right"),
    [("Answer: A, C", "A, C", True), ("The right ones are A and C.", "A, C", True), ("Answer: A", "A", False),
     ("Answer: A or C", None, False), (r"\boxed{A, B, C}", "A, B, C", False), ("Answer: C and A", "A, C", True)],
)  # fmt: skip
def test_several_choices_are_right_only_whole(text: str, letters: str | None, right: bool) -> None:
    record = problem(ProblemKind.CHOICE, ["A", "C"], {"choices": ["2", "3", "4"], "many": True})
    verdict = verify("choice", record, text)
    assert (verdict.evidence["read_as"], verdict.outcome is Outcome.PASS) == (letters, right)


def test_two_choices_named_are_none_where_one_is_asked_for() -> None:
    verdict = verify("choice", problem(ProblemKind.CHOICE, "A", CHOICES), "Answer: A and B")
    assert (verdict.outcome, verdict.evidence["read_as"]) == (Outcome.FAIL, None)


def test_a_reference_letter_is_a_letter_even_among_letters() -> None:
    swapped = problem(ProblemKind.CHOICE, "A", {"choices": ["B", "A"]})
    verdict = verify("choice", swapped, "Answer: B")
    assert (verdict.outcome, verdict.evidence["expected"]) == (Outcome.PASS, "A")


@pytest.mark.parametrize(
    ("match", "reference", "text", "right"),
    [
        ("normalised", "New  York", "Answer: new york!", True),
        ("normalised", ["NYC", "New York"], "Answer: nyc", True),
        ("normalised", "New York", "Answer: York", False),
        ("normalised", "ﬁne", "Answer: FINE", True),
        ("normalised", "C++", "Answer: C", False),
        ("normalised", "Paris", "The answer is Paris, because it is the capital.", True),
        ("normalised", "Paris", "Answer: Paris (France)", True),
        ("normalised", "Paris", "Answer: Paris or Lyon", False),
        ("normalised", "yes", "Yes, it is even.", True),
        ("normalised", "no", "Yes, it is even.", False),
        ("normalised", ["yes", "true"], "Answer: True", True),
        ("normalised", "-5", "Answer: 5", False),
        ("normalised", "(A)", "The answer is A.", True),
        ("normalised", "A", "So the answer is (A).", True),
        ("normalised", "(A)", "So the answer is (B).", False),
        ("normalised", "?", "Answer: !", False),
        ("exact", "New York", "<answer>New York</answer>", True),
        ("exact", "New York", "<answer>new york</answer>", False),
    ],
)
def test_text(match: str, reference: JSON, text: str, right: bool) -> None:
    verdict = verify("text", problem(ProblemKind.TEXT, reference, {"match": match}), text)
    assert (verdict.outcome is Outcome.PASS) == right


def test_patterns_run_in_the_sandbox() -> None:
    record = problem(ProblemKind.TEXT, "a+", {"match": "regex"})
    record_trace = trace(program="", text="Answer: aaa")
    tools = returning(True)
    assert VERIFIERS["regex"].verify(record, record_trace, tools).outcome is Outcome.PASS
    assert list(tools.jobs[0].calls) == [["a+", "aaa"]]
    assert VERIFIERS["regex"].verify(record, record_trace, returning(False)).outcome is Outcome.FAIL
    endless = VERIFIERS["regex"].verify(record, record_trace, ending(CallStatus.TIMEOUT))
    assert (endless.outcome, endless.score) == (Outcome.ERROR, None)


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        ({"a": 1, "b": [2]}, {"b": [2.0], "a": 1}, True),
        (1, True, False),
        ([True], [1], False),
        ([1, 2], [2, 1], False),
        ({"a": None}, {}, False),
        ("1", 1, False),
        ([], {}, False),
        (None, None, True),
        (0, False, False),
    ],
)
def test_json_equality(left: JSON, right: JSON, equal: bool) -> None:
    assert json_equal(left, right) is equal
    assert json_equal(right, left) is equal


def test_json_answers_are_parsed() -> None:
    record = problem(ProblemKind.TEXT, {"a": [1]}, {"match": "json"})
    assert verify("json", record, '<answer>{"a": [1.0]}</answer>').outcome is Outcome.PASS
    assert verify("json", record, '<answer>{"a": 1}</answer>').message == "the value is wrong"
    assert verify("json", record, "<answer>{a</answer>").message == "the answer is no JSON"


@pytest.mark.parametrize("name", ["numeric", "choice", "text", "regex", "json"])
def test_no_answer_and_no_reference_are_different_things(name: str) -> None:
    kind = {"numeric": ProblemKind.NUMERIC, "choice": ProblemKind.CHOICE}.get(name, ProblemKind.TEXT)
    spec: dict[str, JSON] = {"match": name} if name in ("regex", "json") else dict(CHOICES)
    reference = "B" if name == "choice" else "7"
    missing = verify(name, problem(kind, reference, spec), "well,\nhm")
    assert (missing.outcome, missing.message) == (Outcome.FAIL, "no answer found")
    assert missing.evidence == {"found": None, "rules": RULE_SET}
    unknown = verify(name, problem(kind, None, spec), "Answer: 7")
    assert (unknown.outcome, unknown.score) == (Outcome.UNSCORED, None)


TESTS: dict[str, JSON] = {
    "function": "double",
    "tests": [{"arguments": [1], "expected": 2}, {"arguments": ["a"], "expected": "aa"}],
}


def test_unit_tests_call_the_named_function() -> None:
    record = problem(ProblemKind.TEXT, None, TESTS)
    doubling = ScriptedTools(lambda argument: CallResult(CallStatus.RETURNED, value=argument * 2))
    verdict = VERIFIERS["unit_tests"].verify(record, trace(), doubling)
    assert (verdict.outcome, verdict.score) == (Outcome.PASS, 1.0)
    assert doubling.jobs[0].function == "double"
    half = VERIFIERS["unit_tests"].verify(record, trace(), returning(2))
    assert (half.outcome, half.score) == (Outcome.FAIL, 0.5)
    assert half.message == "1 of 2 tests passed; test 2: the value is wrong"
    fault = VERIFIERS["unit_tests"].verify(record, trace(), ending(CallStatus.UNSUPPORTED))
    assert (fault.outcome, fault.score) == (Outcome.ERROR, None)
    raised = VERIFIERS["unit_tests"].verify(record, trace(), ending(CallStatus.RAISED, "oh"))
    assert (raised.outcome, raised.score) == (Outcome.FAIL, 0.0)


def test_unit_tests_compare_printed_lines() -> None:
    record = problem(ProblemKind.TEXT, None, {"tests": [{"stdin": "2\n", "stdout": "4\n5\n"}]})
    printing = ScriptedTools(lambda text: CallResult(CallStatus.RETURNED, value="4 \n5"))
    assert VERIFIERS["unit_tests"].verify(record, trace(), printing).outcome is Outcome.PASS
    assert VERIFIERS["unit_tests"].verify(record, trace(), returning("4\n6")).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    "spec",
    [
        {"tests": []},
        {"tests": "x"},
        {"tests": [{"stdin": "x"}]},
        {"tests": [{"arguments": [], "expected": 1}]},
        {"tests": [{"arguments": [], "expected": 1}], "function": "a b"},
    ],
)
def test_unit_tests_that_cannot_run_are_an_error(spec: Mapping[str, JSON]) -> None:
    verdict = VERIFIERS["unit_tests"].verify(problem(ProblemKind.TEXT, None, spec), trace(), returning(1))
    assert (verdict.outcome, verdict.score) == (Outcome.ERROR, None)


def test_each_kind_has_its_verifier() -> None:
    def names(record: ProblemRecord) -> list[str]:
        return [each.name for each in applicable_verifiers(record, trace(text="Answer: 1")) if each.decides]

    assert names(problem(ProblemKind.NUMERIC, "1")) == ["numeric"]
    assert names(problem(ProblemKind.CHOICE, "A", CHOICES)) == ["choice"]
    assert names(problem(ProblemKind.TEXT, "1")) == ["text"]
    assert names(problem(ProblemKind.TEXT, "1", {"match": "regex"})) == ["regex"]
    assert names(problem(ProblemKind.TEXT, "1", {"match": "json"})) == ["json"]
    assert names(problem(ProblemKind.TEXT, None, TESTS)) == ["unit_tests"]


def test_consensus_carries_its_vote_share() -> None:
    found = find_consensus({"one": 2, "two": 1})
    assert found is not None
    assert (found.key, found.votes, found.of) == ("one", 2, 3)
    verdicts = [consensus_verdict(found, [[1]], key) for key in ("one", "two", None)]
    assert [verdict.outcome for verdict in verdicts] == [Outcome.PASS, Outcome.FAIL, Outcome.FAIL]
    assert [verdict.message.split(":")[0] for verdict in verdicts] == ["agrees", "disagrees", "no answer"]
    assert verdicts[0].evidence == {"answer": [[1]], "votes": 2, "of": 3, "share": pytest.approx(2 / 3)}


@pytest.mark.parametrize("votes", [{}, {"a": 1, "b": 1}, {"a": 2, "b": 2, "c": 1}, {"a": 1}])
def test_without_a_majority_nothing_is_scored(votes: dict[str, int]) -> None:
    assert consensus_verdict(find_consensus(votes), None, "a").outcome is Outcome.UNSCORED
