"""Made-up traces by the million, written by the database itself in minutes: see pages.py.

A trace's text is three of a thousand paragraphs, so that a word may be in most texts, in one of a hundred, or, with the
number of its trace in it, in ten of them.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PROBLEMS = 400
RUNS = 4
SENTENCES = 1_000
PARAGRAPHS = 1_000
BATCH = 50_000
WORDS = (
    "rotate mirror grid colour row column shift count border corner pattern sum product divide prime even odd square",
    "triangle circle angle length area volume therefore because suppose check wait instead maybe first then finally",
    "answer result step case proof lemma value variable equation solve factor root line point path tree graph node",
)
VOCABULARY = " ".join(WORDS).split()

INSERT = """
WITH drawn AS MATERIALIZED (
    SELECT n, {problems}[1 + (n / {runs}) %% {problem_count}] AS problem_id, {run_ids}[1 + n %% {runs}] AS run_id,
        {samplers}[1 + n %% {runs}] AS sampler_id, n / {runs} / {problem_count} AS index, random() AS drawn,
        random() AS luck, floor(1000 * random()) AS one, floor(1000 * random()) AS two, floor(1000 * random()) AS three
    FROM generate_series(%(first)s, %(last)s) AS n
), numbered AS MATERIALIZED (
    SELECT drawn.*, concat_ws(' ', 'Sample', n, 'rare' || n %% 100000, one.body, two.body, three.body) AS body,
        trajectories_words(concat_ws(' ', 'Sample', n, 'rare' || n %% 100000), '') || one.words || two.words
            || three.words AS words
    FROM drawn JOIN paragraphs AS one ON one.k = drawn.one JOIN paragraphs AS two ON two.k = drawn.two
        JOIN paragraphs AS three ON three.k = drawn.three
), texts AS (
    INSERT INTO trajectories_text (content_hash, body) SELECT encode(sha256(body::bytea), 'hex'), body FROM numbered
    RETURNING content_hash, body
), attempts AS (
    INSERT INTO trajectories_attempt (run_id, problem_id, instruction_id, index, ordinal, round, kind, temperature,
        seed, state, claims, error_kind, error_message, finished_at)
    SELECT run_id, problem_id, {instruction}, index, n, n %% 3, CASE WHEN n %% 20 = 0 THEN 'revision' ELSE 'first' END,
        0.5, n, 'done', 1, '', '', now() + n * interval '20 ms'
    FROM numbered RETURNING id, ordinal
), traces AS (
    INSERT INTO trajectories_trace (problem_id, attempt_id, run_id, sampler_id, instruction_id, temperature, seed,
        hinted, prompt_id, reasoning_id, parts, steps, answer, answer_hash, facts, finish_reason, input_tokens,
        cached_tokens, reasoning_tokens, output_tokens, latency_seconds, cost, content_hash, created_at, correctness,
        near_miss, model_judged, decision, disputed, withdrawn)
    SELECT problem_id, attempts.id, run_id, sampler_id, {instruction}, CASE WHEN n %% 10 = 0 THEN 1.0 ELSE 0.5 END, n,
        n %% 1000 = 0, %(prompt)s, encode(sha256(body::bytea), 'hex'), '[]',
        jsonb_build_array(jsonb_build_object('kind', 'text', 'title', 'Step 1', 'body', left(body, 200), 'depth', 0)),
        to_jsonb(CASE WHEN drawn < 0.4 THEN 'right' ELSE 'wrong ' || n %% 9 END), md5((n %% 9)::text) || md5(''),
        '{{}}', CASE WHEN drawn > 0.97 THEN 'length' ELSE 'stop' END, 300, 0, 0,
        round(exp(6.5 + 0.8 * (luck - 0.5) * 4)),
        exp(1 + luck - drawn), round(exp(-5 + luck * 1.4)::numeric, 6), md5(n::text) || md5('trace'),
        now() - (%(total)s - n) * interval '1 second',
        CASE WHEN drawn > 0.97 THEN 'unscored' WHEN drawn < 0.4 THEN 'pass' ELSE 'fail' END,
        CASE WHEN n %% 500 = 0 THEN 'offset' ELSE '' END, '',
        CASE WHEN n %% 50 = 0 THEN 'accepted' WHEN n %% 97 = 0 THEN 'rejected' ELSE '' END, false, false
    FROM numbered JOIN attempts ON attempts.ordinal = n ORDER BY n RETURNING id, correctness, seed
), searches AS (
    INSERT INTO trajectories_tracesearch (trace_id, words, tools)
    SELECT id, words, '{{}}' FROM traces JOIN numbered ON numbered.n = traces.seed
)
INSERT INTO trajectories_verdict (trace_id, verifier, version, revision, outcome, score, message, evidence, seconds,
    engine, previous_outcome, created_at)
SELECT id, 'numeric_answer', 1, 0, correctness, NULL, '', '{{}}', 0, '', '', now() FROM traces
"""


def fill(total: int) -> dict[str, int]:
    """So many traces of PROBLEMS problems and RUNS runs, with their attempts and verdicts; ids to visit, by name."""
    from django.db import connection

    from trajectories.core.identity import content_hash, text_hash
    from trajectories.models import Instruction, Problem, ProblemSet, Run, Sampler, Text, Trace

    kept = ProblemSet.objects.create(name="benchmark", title="Benchmark", problem_count=PROBLEMS)
    problems = Problem.objects.bulk_create(
        Problem(
            problem_set=kept,
            name=f"task-{number}",
            kind="numeric",
            statement=f"What is {number} + {number}?",
            reference=str(2 * number),
            content_hash=content_hash(["benchmark", number]),
        )
        for number in range(PROBLEMS)
    )
    instruction = Instruction.objects.create(name="benchmark", title="Plain", view="", style="answer")
    samplers = Sampler.objects.bulk_create(
        Sampler(name=f"model-{number}", title=f"Model {number}", kind=Sampler.Kind.CHAT) for number in range(RUNS)
    )
    runs = [
        Run.objects.create(
            title=f"Run {number}",
            sampler=sampler,
            problem_set=kept,
            seed=number,
            code_version="benchmark",
            state=Run.State.FINISHED,
            plan={"samples_each": total // RUNS // PROBLEMS, "problem_ids": [], "settings": {}},
        )
        for number, sampler in enumerate(samplers)
    ]
    prompt, _ = Text.objects.get_or_create(content_hash=text_hash("prompt"), defaults={"body": "[]"})
    generator = random.Random(0)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE paragraphs (k int, body text, words tsvector)")
        rows = [(number, body, body) for number, body in enumerate(_paragraphs(generator))]
        cursor.executemany("INSERT INTO paragraphs VALUES (%s, %s, trajectories_words(%s, ''))", rows)
        cursor.execute("ANALYZE paragraphs")
        statement = INSERT.format(
            problems=_array(problems),
            problem_count=PROBLEMS,
            run_ids=_array(runs),
            runs=RUNS,
            samplers=_array(samplers),
            instruction=instruction.pk,
        )
        with _unchecked(cursor):
            for first in range(0, total, BATCH):
                last = min(first + BATCH, total) - 1
                cursor.execute(statement, {"first": first, "last": last, "prompt": prompt.pk, "total": total})
        count(cursor)
    newest = Trace.objects.order_by("-pk")[0]
    return {"run": runs[0].pk, "problem": problems[0].pk, "trace": newest.pk, "problem_set": kept.pk}


@contextmanager
def _unchecked(cursor: Any) -> Iterator[None]:
    """Without triggers, which would read every text for its words, and with indexes that are made at the end: rows are
    written in a fraction of the time."""
    cursor.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
        " WHERE indrelid = ANY(%s::regclass[]) AND NOT indisunique",
        [[f"trajectories_{name}" for name in ("attempt", "text", "trace", "tracesearch", "verdict")]],
    )
    indexes = cursor.fetchall()
    for name, _ in indexes:
        cursor.execute(f"DROP INDEX {name}")
    cursor.execute("SET session_replication_role = replica")
    yield
    cursor.execute("SET session_replication_role = origin")
    cursor.execute("SET maintenance_work_mem = '512MB'")
    for _, definition in indexes:
        cursor.execute(definition)


def _paragraphs(generator: random.Random) -> list[str]:
    """Paragraphs of four sentences of fifteen words: the first words of WORDS are common, and each sentence has a word
    of its own."""
    sentences = [
        " ".join([*(VOCABULARY[int(len(VOCABULARY) * generator.random() ** 2)] for _ in range(14)), f"odd{number}"])
        + "."
        for number in range(SENTENCES)
    ]
    return [" ".join(generator.choices(sentences, k=4)) for _ in range(PARAGRAPHS)]


def _array(rows: list[Any]) -> str:
    return f"(ARRAY[{','.join(str(row.pk) for row in rows)}])"


def count(cursor: Any) -> None:
    """Bring the kept counters and the planner's statistics up to date."""
    cursor.execute(
        "UPDATE trajectories_problem p SET trace_count = c.n, correct_count = c.r"
        " FROM (SELECT problem_id, count(*) n, count(*) FILTER (WHERE correctness = 'pass') r"
        " FROM trajectories_trace GROUP BY 1) c WHERE c.problem_id = p.id"
    )
    cursor.execute(
        "UPDATE trajectories_run r SET planned_count = c.n, done_count = c.n, verified_count = c.n,"
        " correct_count = c.r FROM (SELECT run_id, count(*) n,"
        " count(*) FILTER (WHERE correctness = 'pass') r FROM trajectories_trace"
        " GROUP BY 1) c WHERE c.run_id = r.id"
    )
    cursor.execute("VACUUM ANALYZE")
