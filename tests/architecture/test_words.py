"""One word means one thing: verifiers verify, models judge, people review; a term of the glossary names one class."""

import re
from collections import defaultdict
from functools import cache

import pytest

from tests.architecture.test_architecture_page import TERMS
from tests.architecture.test_files import named, text

HUMANS = r"(people|persons?|reviewers?|curators?|leads?|somebody|verifiers?)"
FORBIDDEN = {
    rf"\b({HUMANS}|judge|scorer)['’]s (\w+ )?word\b": "a verdict, a review, a decision or a label",
    r"\b(newest|first|second|standing|present) words? (of|on) (a|all|each|every|the)\b": "a verdict or a review",
    rf"\b{HUMANS} judged?\b": "to review or to verify: only models judge",
    r"\bjudge (for )?(themsel|himself|herself)": "to decide: only models judge",
}
"""Words that stood for something with a name, and what to say instead."""

JUDGEMENTS = {
    "docs/imports.md": "a column of NeMo-Skills",
    "trajectories/core/importers/generation_rows.py": "a column of NeMo-Skills",
    "trajectories/core/importers/row_scores.py": "a column of NeMo-Skills",
    "trajectories/core/verifiers/judge_evidence.py": "the key of a judge job in evidence that is stored",
    "trajectories/services/judging/asking.py": "the same key, and the name under which calls were paid for",
    "trajectories/services/runs/step_judging.py": "the name under which calls were paid for",
    "webapp/addresses.py": "addresses as they were before",
}
"""Where the old name of a judge job still stands, and why."""

SAME = {"reply", "rubric", "sampler", "step"}
"""Terms whose class in the core and the row of the database, or what the API tells of it, bear one name."""


@cache
def product() -> dict[str, str]:
    files = [*named(".py", under="trajectories/"), *named(".py", under="webapp/"), *named(".html", under="templates/")]
    files += [*named(".js", under="static/trajectories/js/"), *named(".md", under="docs/"), "README.md"]
    return {name: text(name) for name in files if "/migrations/" not in name}


@pytest.mark.parametrize("pattern", FORBIDDEN)
def test_what_has_a_name_is_called_by_it(pattern):
    found = [
        f"{name}: {match[0]!r}, expected {FORBIDDEN[pattern]}"
        for name, content in product().items()
        for match in re.finditer(pattern, content, re.IGNORECASE)
    ]
    assert not found


def test_jobs_of_model_judges_are_no_judgements_any_more():
    found = {name for name, content in product().items() if re.search(r"judge?ment", content, re.IGNORECASE)}
    assert found == set(JUDGEMENTS)


@cache
def classes() -> dict[str, list[str]]:
    found = defaultdict(list)
    for name, content in product().items():
        for match in re.finditer(r"^class (\w+)", content, re.MULTILINE):
            found[match[1]].append(name)
    return found


def names_of(row) -> list[str]:
    """The names that a row of the glossary explains, without what stands in brackets."""
    return [re.sub(r"\(.*?\)", "", name).strip() for name in row[0].split(",")]


@pytest.mark.parametrize("term", [name for row in TERMS for name in names_of(row)])
def test_a_term_of_the_glossary_names_one_class(term):
    camel = "".join(word.capitalize() for word in re.split(r"[ -]", term))
    assert len(classes().get(camel, ())) <= (2 if term in SAME else 1), classes()[camel]
