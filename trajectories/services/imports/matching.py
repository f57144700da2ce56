"""Finding the problems that rows of traces name by hash, name or question."""

from django.db.models import Q, QuerySet

from trajectories.core.problems import statement_hash
from trajectories.core.problems.arc_files import show
from trajectories.core.trace_files import ProblemKey
from trajectories.models import Problem

HASH_LENGTH = 64


def find_problems(keys: set[ProblemKey]) -> dict[ProblemKey, Problem | str]:
    """The problem of each key, or why it is not clear which one is meant; keys that name none are left out."""
    hashes = {key.hash for key in keys if key.hash} | {key.name for key in keys if len(key.name) == HASH_LENGTH}
    names = {key.name for key in keys if key.name}
    questions = {key.question: statement_hash(key.question) for key in keys if not key.hash and not key.name}
    rows = problems_named(hashes, names, {found for found in questions.values() if found})
    by_hash: dict[str, Problem] = {}
    by_name: dict[str, list[Problem]] = {}
    by_statement: dict[str, list[Problem]] = {}
    for problem in rows:
        by_hash[problem.content_hash] = problem
        by_name.setdefault(problem.name, []).append(problem)
        by_statement.setdefault(problem.statement_hash, []).append(problem)
    found: dict[ProblemKey, Problem | str] = {}
    for key in keys:
        if key.hash or key.name in by_hash:
            candidates = [by_hash[word] for word in (key.hash or key.name,) if word in by_hash]
        else:
            asked = by_statement.get(questions.get(key.question, ""), [])
            candidates = by_name.get(key.name, []) if key.name else _letter_for_letter(key.question, asked)
        if len(candidates) > 1:
            found[key] = f"found {len(candidates)} problems {shown_key(key)}, expected one; give its problem_hash"
        elif candidates:
            found[key] = candidates[0]
    return found


def problems_named(hashes: set[str], names: set[str], questions: set[str]) -> QuerySet[Problem]:
    """The problems of these content hashes, names and hashes of statements, each found by its index."""
    named = Q(content_hash__in=hashes) | Q(name__in=names) | Q(statement_hash__in=questions)
    return Problem.objects.filter(named).order_by("pk")


def _letter_for_letter(question: str, problems: list[Problem]) -> list[Problem]:
    """Of problems that differ in their spaces only, those that are the same in these too, if there are any."""
    return [problem for problem in problems if problem.statement.strip() == question] or problems


def shown_key(key: ProblemKey) -> str:
    """How a row names its problem, in a few words."""
    if key.hash:
        return f"with the hash {show(key.hash[:12])}"
    return f"named {key.name[:60]!r}" if key.name else f"that asks {key.question[:60]!r}"
