"""Samples as lm-evaluation-harness logs them: one row for each sample and filter (`samples_TASK_TIME.jsonl`).

A row says what was asked (`arguments`), what came back (`resps`, a list for each request of repeats), and what one
filter made of it with its metrics. The same sample comes again for the next filter, often thousands of rows later
(EleutherAI/lm-evaluation-harness#1687): it is one trace with a verdict of the file's own for each filter and metric.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from trajectories.core.importers.foreign_scores import read_score
from trajectories.core.importers.foreign_traces import ForeignTrace, Row
from trajectories.core.importers.row_fields import finished, model_of_meta, read_key, temperature_of, text_at
from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.documents import check_text
from trajectories.core.records import JSON, VerdictRecord

QUESTIONS = ("question", "problem", "Question", "Problem", "prompt", "query", "input")
LONGEST_READ = 200


def is_logged(row: Row) -> bool:
    """Whether a row is of this shape."""
    return "doc_id" in row and "resps" in row


def read_logged(row: Row) -> list[ForeignTrace]:
    """A trace for each sample of a row, one for each repeat. Raises ProblemError."""
    answers = list(_answers(row["resps"]))
    if not answers:
        raise ProblemError("resps", f"found {describe(row['resps'])}, expected a list of lists of texts")
    prompt, options = _asked(row.get("arguments"))
    key = read_key(row, _question(row) or check_text(prompt, "arguments"))
    verdicts = tuple(_verdicts(row))  # a metric is of all repeats together: it is said of each
    traces = []
    for answer in answers:
        trace = ForeignTrace(
            problem=key,
            messages=({"role": "user", "content": check_text(prompt, "arguments")},) if prompt else (),
            response=check_text(answer, "resps"),
            model=text_at(row, "model") or model_of_meta(row),
            temperature=temperature_of({"temperature": options.get("temperature")}),
            finish_reason=finished(row.get("finish_reason"), answer),
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


def _answers(resps: JSON) -> Iterator[str]:
    for answers in resps if isinstance(resps, list) else ():
        yield from (
            answer for answer in (answers if isinstance(answers, list) else [answers]) if isinstance(answer, str)
        )


def _asked(arguments: JSON) -> tuple[str, Row]:
    """Prompt and options of the first request; older files have lists where newer ones have `gen_args_0`."""
    if isinstance(arguments, Mapping):
        first = next(iter(arguments.values()), None)
        values = list(first.values()) if isinstance(first, Mapping) else []
    else:
        first = arguments[0] if isinstance(arguments, list) and arguments else None
        values = first if isinstance(first, list) else []
    prompt = values[0] if values and isinstance(values[0], str) else ""
    options = values[1] if len(values) > 1 and isinstance(values[1], Mapping) else {}
    return prompt, options


def _verdicts(row: Row) -> Iterator[VerdictRecord]:
    """What one filter made of the sample: a verdict for each metric."""
    by, read = row.get("filter"), row.get("filtered_resps")
    filtered = read[0] if isinstance(read, list) and read else read
    metrics = row.get("metrics")
    name = by if isinstance(by, str) and by not in ("", "none") else "no filter"
    for metric in metrics if isinstance(metrics, list) else ():
        score = row.get(metric) if isinstance(metric, str) else None
        if score is None:
            continue
        beside = {"metric": metric, "filter": by, "read": filtered}
        for found in read_score(f"lm-eval {name}", score, beside):
            told = f"{metric} {found.message}: read {describe(filtered)}"
            yield replace(found, message=told[:LONGEST_READ])


def _question_row(row: Row) -> Row:
    """The document as a row of a file of questions; of one that has no question, the prompt and its target."""
    doc = row.get("doc")
    if isinstance(doc, Mapping) and _question(row):
        return doc
    prompt, _ = _asked(row.get("arguments"))
    return {"question": prompt, "answer": row.get("target")} if prompt else {}
