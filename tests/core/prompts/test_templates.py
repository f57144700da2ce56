import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.prompts import PromptError
from trajectories.core.prompts.templates import check_template, fill_template, plain_text


def test_slots_are_filled_once_and_braces_stay():
    filled = fill_template(
        "{{}} {problem}\n{answer_format}", {"problem": "{answer_format}", "answer_format": "\\boxed{}"}
    )
    assert filled == "{} {answer_format}\n\\boxed{}\n"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{problem} {reference}", r"Found the slot \{reference\}; expected one of problem, encoding"),
        ("{problem.spec}", r"Found the slot \{problem.spec\}"),
        ("{problem[0]}", r"Found the slot"),
        ("{problem!r}", r"Found the slot \{problem!r\}"),
        ("{problem:>9}", r"Found the slot \{problem:>9\}"),
        ("{0}", r"Found the slot \{0\}"),
        ("{problem} \\boxed{}", r"Found the slot \{\}; .* \{\{ and \}\} for plain braces"),
        ("{problem", "Found a lone brace"),
        ("problem}", "Found a lone brace"),
        ("", "Found no slot for the problem"),
        ("{answer_format}", "Found no slot for the problem"),
        ("{problem}{problem}", r"Found the slot \{problem\} 2 times"),
        ("{problem}" + "x" * 20_000, "expected at most 20,000"),
    ],
)
def test_a_template_that_cannot_be_sent_is_refused_with_what_is_wrong(template, said):
    with pytest.raises(PromptError, match=said):
        check_template(template)


@given(st.text(alphabet="{}!:.[]probelmx01 "))
def test_any_template_is_either_filled_or_refused(template):
    try:
        filled = fill_template(template, {"problem": "P"})
    except PromptError:
        return
    assert filled.count("P") == template.replace("{{", "").count("{problem}")


def test_what_a_template_says_itself_has_no_slots_in_it():
    assert plain_text("a {problem} b {{c}}").split() == ["a", "b", "{c}"]
