"""Finding the problems that rows of traces name by hash, name or question, and the samplers of their models."""

from collections.abc import Mapping, Sequence

from django.db.models import CharField, F, Func, Q, QuerySet, Value
from django.utils.text import slugify

from trajectories.core.identity import text_hash
from trajectories.core.importers.batch_rows import BARE_NUMBER, names_before_number, names_in_id
from trajectories.core.importers.foreign_traces import ProblemKey
from trajectories.core.problems import statement_hash
from trajectories.core.problems.arc_files import show
from trajectories.core.text.titles import shown_title
from trajectories.models import Problem, Sampler

HASH_LENGTH = 64


def find_problems(keys: set[ProblemKey]) -> dict[ProblemKey, Problem | str]:
    """The problem of each key, or why it is not clear which one is meant; keys that name none are left out."""
    names = {name for key in keys for name in _names(key)}
    hashes = {key.hash for key in keys if key.hash} | {name for name in names if len(name) == HASH_LENGTH}
    questions = {key.question: statement_hash(key.question) for key in keys if not key.hash and not key.name}
    rows = problems_named(hashes, names, {found for found in questions.values() if found})
    by_hash: dict[str, Problem] = {}
    by_name: dict[str, list[Problem]] = {}
    by_statement: dict[str, list[Problem]] = {}
    for problem in rows:
        by_hash[problem.content_hash] = problem
        by_name.setdefault(problem.name, []).append(problem)
        by_statement.setdefault(problem.statement_hash, []).append(problem)
    numbered = _numbered({name for key in keys for name in _doubtful(key)} & set(by_name))
    found: dict[ProblemKey, Problem | str] = {}
    for key in keys:
        if key.hash:
            candidates = [by_hash[key.hash]] if key.hash in by_hash else []
        else:
            left_out = numbered.intersection(_doubtful(key))
            candidates = _named([name for name in _names(key) if name not in left_out], by_hash, by_name)
        if key.question and not key.hash and not key.name:
            # The id of a request may be the name of something else: what was asked is the surer sign.
            asked = _letter_for_letter(key.question, by_statement.get(questions[key.question], []))
            candidates = [problem for problem in candidates if problem in asked] or asked or candidates
        if len(candidates) > 1:
            found[key] = f"found {len(candidates)} problems {shown_key(key)}, expected one; give its problem_hash"
        elif candidates:
            found[key] = candidates[0]
    return found


def _names(key: ProblemKey) -> tuple[str, ...]:
    """The names of problems that a key may stand for, the likeliest first; none for one with a hash."""
    if key.hash:
        return ()
    return (key.name,) if key.name else names_in_id(key.custom_id)


def _named(names: Sequence[str], by_hash: Mapping[str, Problem], by_name: Mapping[str, list[Problem]]) -> list[Problem]:
    """The problems of the first of some names or hashes that any has."""
    for name in names:
        if found := [by_hash[name]] if name in by_hash else by_name.get(name, []):
            return found
    return []


def _doubtful(key: ProblemKey) -> tuple[str, ...]:
    """Of the names that a key may stand for, those that only a bare number behind them leads to."""
    return () if key.hash or key.name else names_before_number(key.custom_id)


def _numbered(names: set[str]) -> set[str]:
    """The names that some problem has with a number behind it: where problems `sum` and `sum-1` are here, `sum-2` is
    another problem that is missing, not the second sample of `sum`."""
    if not names:
        return set()
    stem = Func(F("name"), Value(f"{BARE_NUMBER}$"), Value(""), function="regexp_replace", output_field=CharField())
    found = Problem.objects.annotate(stem=stem).filter(stem__in=names).exclude(name=F("stem"))
    return set(found.values_list("stem", flat=True))


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
    if key.name:
        return f"named {key.name[:60]!r}"
    names = " or ".join(repr(name[:60]) for name in names_in_id(key.custom_id))
    asks = f"that asks {key.question[:60]!r}" if key.question else ""
    return ", or ".join(part for part in (f"named {names}" if names else "", asks) if part)


def exported_sampler(model: str) -> Sampler | None:
    """The sampler of imported traces that an export of this installation calls by its name and version."""
    name, _, version = model.rpartition(" ")
    if not name.startswith("imported-") or version != "1":
        return None
    return Sampler.objects.filter(name=name, version=1, kind=Sampler.Kind.IMPORTED).first()


def imported_sampler(model: str) -> Sampler:
    """The sampler that stands for a model whose samples were drawn elsewhere, made on first use."""
    name = f"imported-{slugify(model)[:50].strip('-')}-{text_hash(model)[:8]}"
    sampler, _ = Sampler.objects.get_or_create(
        name=name, version=1, defaults={"title": shown_title(model)[:200], "kind": Sampler.Kind.IMPORTED}
    )
    return sampler
