"""Samples as lm-evaluation-harness logs them: one row for each sample and filter (`samples_TASK_TIME.jsonl`).

A row says what was asked (`arguments`), what came back (`resps`, a list for each request of repeats), and what one
filter made of it with its metrics. The same sample comes again for the next filter, often thousands of rows later
(EleutherAI/lm-evaluation-harness#1687): it is one trace with a verdict of the file's own for each filter and metric.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from trajectories.core.completions.replies import list_of
from trajectories.core.importers.foreign_scores import read_score
from trajectories.core.importers.foreign_traces import ForeignTrace, Row
from trajectories.core.importers.question_rows import REFERENCES, WORKED
from trajectories.core.importers.row_fields import finished, last_question, model_of, read_key, temperature_of
from trajectories.core.importers.trace_turns import read_turns
from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.documents import check_text
from trajectories.core.records import JSON, VerdictRecord

QUESTIONS = ("question", "problem", "Question", "Problem", "prompt", "query", "input")
NO_METRICS = frozenset(
    (
        *("doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "doc_hash", "prompt_hash"),
        *("target_hash", "model", "temperature", "finish_reason", "problem_id", "problem_hash"),
    )
)
"""Columns of a sample that are no metric."""
LONGEST_READ = 200
LONGEST_TARGET = 200
ANSWERED = frozenset((*REFERENCES, WORKED, "solution", "answer_idx", "answer_index", "correct", "answerkey", "label"))
"""Names under which documents say what is right, in small letters."""
PAIR = 2
LIKELIHOODS = (
    "found how likely each choice is, expected texts of a model; a task of loglikelihoods has none: sample one that "
    "generates (generate_until)"
)
_LIKELIHOOD = re.compile(r"-\d+(?:\.\d+)?(?:e[-+]?\d+)?|-inf")


def is_logged(row: Row) -> bool:
    """Whether a row is of this shape."""
    return "doc_id" in row and "resps" in row


def read_logged(row: Row) -> list[ForeignTrace]:
    """A trace for each sample of a row, one for each repeat. Raises ProblemError."""
    if _is_likelihood(row):
        raise ProblemError("resps", LIKELIHOODS)
    answers = list(_answers(row["resps"]))
    if all(answer is None for answer in answers):
        found = "null" if answers else describe(row["resps"])
        raise ProblemError("resps", f"found {found}, expected a list of lists of texts")
    turns, options = _asked(row.get("arguments"))
    key = read_key(row, _question(row) or last_question(turns))
    traces = []
    for number, answer in enumerate(answers):
        if answer is None:  # its number is kept for the others
            continue
        # A metric is of all repeats together, and said of each; one that has a value for each is said of its own.
        verdicts = tuple(_verdicts(row, number, len(answers)))
        trace = ForeignTrace(
            problem=key,
            messages=turns,
            response=check_text(answer, "resps"),
            model=model_of(row),
            temperature=temperature_of({"temperature": options.get("temperature")}),
            finish_reason=finished(row.get("finish_reason"), answer),
            facts={"alternative": number} if len(answers) > 1 else {},
            verdicts=verdicts,
            adds_verdicts=True,
            question_row=_question_row(row),
        )
        traces.append(trace)
    return traces


def _question(row: Row) -> str:
    """The question of the document itself; "" where it has none by a known name."""
    doc = row.get("doc")
    doc = doc if isinstance(doc, Mapping) else {}
    return check_text(next((doc[name] for name in QUESTIONS if isinstance(doc.get(name), str)), ""), "doc")


def _answers(resps: JSON) -> Iterator[str | None]:
    """The texts that came back, None for one that did not."""
    for answers in resps if isinstance(resps, list) else ():
        for answer in answers if isinstance(answers, list) else [answers]:
            if answer is None or isinstance(answer, str):
                yield answer


def _asked(arguments: JSON) -> tuple[tuple[Row, ...], Row]:
    """Prompt and options of the first request; older files have lists where newer ones have `gen_args_0`. Where the
    model was asked through a chat the prompt is a text of its messages."""
    if isinstance(arguments, Mapping):
        first = next(iter(arguments.values()), None)
        values = list(first.values()) if isinstance(first, Mapping) else []
    else:
        first = arguments[0] if isinstance(arguments, list) and arguments else None
        values = first if isinstance(first, list) else []
    prompt = values[0] if values else ""
    prompt = prompt[0] if isinstance(prompt, list) and len(prompt) == 1 else prompt
    options = values[1] if len(values) > 1 and isinstance(values[1], Mapping) else {}
    if not isinstance(prompt, str) or not prompt:
        return (), options
    messages = _messages(prompt)
    turns = read_turns(messages, "arguments").all if messages else ()
    return turns or ({"role": "user", "content": check_text(prompt, "arguments")},), options


def _messages(prompt: str) -> list[JSON]:
    """The messages that a prompt is the text of; [] for a prompt that is just text."""
    try:
        found = json.loads(prompt) if prompt.lstrip().startswith("[") else []
    except (ValueError, RecursionError):
        return []
    are_messages = isinstance(found, list) and all(isinstance(one, dict) and "role" in one for one in found)
    return found if are_messages else []


def _verdicts(row: Row, number: int, count: int) -> Iterator[VerdictRecord]:
    """What one filter made of an answer, the `number`th of `count`: a verdict for each metric. Several metrics of one
    filter have names of their own."""
    by, read = row.get("filter"), row.get("filtered_resps")
    filtered = read[0] if isinstance(read, list) and read else read
    metrics = [metric for metric in list_of(row.get("metrics")) if isinstance(metric, str) and metric in row]
    if "metrics" not in row:  # before 0.4.5 the columns that nothing else is
        metrics = [
            name for name, value in row.items() if name not in NO_METRICS and isinstance(value, int | float | list)
        ]
    name = by if isinstance(by, str) and by not in ("", "none") else "no filter"
    for metric in metrics:
        score = row[metric]
        own = isinstance(score, list) and len(score) == count > 1
        beside = {"metric": metric, "filter": by, "read": filtered}
        called = f"lm-eval {name}" if len(metrics) == 1 else f"lm-eval {name}/{metric}"
        for found in read_score(called, score[number] if own else score, beside):
            told = f"{metric} {found.message}: read {describe(filtered)}"
            yield replace(found, message=told[:LONGEST_READ])


def _is_likelihood(row: Row) -> bool:
    """Whether a model was asked how likely texts are: its answers are numbers, and no text of it is there."""
    arguments = row.get("arguments")
    first = next(iter(arguments.values()), None) if isinstance(arguments, Mapping) else None
    values = list(first.values()) if isinstance(first, Mapping) else list_of(next(iter(list_of(arguments)), None))
    told = [answer for answers in list_of(row["resps"]) for answer in list_of(answers)]
    pairs = bool(told) and all(isinstance(answer, list) and len(answer) == PAIR for answer in told)
    return pairs or (len(values) == PAIR and isinstance(values[1], str)) or (len(values) == 1 and _are_numbers(told))


def _are_numbers(told: list[JSON]) -> bool:
    return bool(told) and all(isinstance(one, int | float) or _LIKELIHOOD.fullmatch(str(one)) for one in told)


def _is_answered(doc: Row) -> bool:
    """Whether a document says under a usual name what is right."""
    return any(name.lower().replace(" ", "_") in ANSWERED and value not in (None, "") for name, value in doc.items())


def _target(row: Row) -> JSON:
    """What the task says is right, of a document that does not; None for more than an answer, such as a program."""
    target = row.get("target")
    short = isinstance(target, str) and 0 < len(target.strip()) <= LONGEST_TARGET and "\n" not in target.strip()
    if short:
        return str(target).strip()
    return target if isinstance(target, int | float) and not isinstance(target, bool) else None


def _question_row(row: Row) -> Row:
    """The document as a row of a file of questions; of one that has no question, the prompt and its target."""
    doc = row.get("doc")
    if isinstance(doc, Mapping) and _question(row):
        return doc if _is_answered(doc) else {**doc, "answer": _target(row)}
    asked = last_question(_asked(row.get("arguments"))[0])
    return {"question": asked, "answer": row.get("target")} if asked else {}
