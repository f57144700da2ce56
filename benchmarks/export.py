"""How fast a release rule is counted and a release frozen, among many traces.

    python -m benchmarks.export [--traces 100000] [--accepted 50000] [--compared 2000] [--exported 20000] [--repeat 3]

A new embedded database with so many traces over 1,000 problems, the first `--accepted` of which are accepted, each with
a review and a verdict; every twentieth trace has a second, different one. Says, for the machine as it is:

- the funnels of rules: of what was accepted, and of all; by a single verifier's verdict, a score, votes; in seconds
  (median);
- the preview that the editor asks for (funnel and three rows), through the page itself;
- freezing what is accepted, in rows a second with the worker's memory, and for a second of CPU, worker and database
  together; and the `COPY` of as many items beside it;
- files of `--exported` of these items with texts of 6 kB of their own, as JSON Lines, Parquet and a folder, in rows a
  second and for a second of CPU, beside the `COPY` of the same texts, in one run;
- the clauses that compare traces, in milliseconds a trace, over `--compared` traces with texts of 6 kB.
"""

import argparse
import os
import random
import resource
import signal
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.chaos import finish, prepare

PROBLEMS = 1_000
WORDS = 1_000
"""Of a text: about 6 kB."""

MAKE_TRACES = """
INSERT INTO trajectories_trace (
    problem_id, sampler_id, run_id, temperature, hinted, prompt_id, reasoning_id, steps, answer_hash, facts,
    finish_reason, input_tokens, cached_tokens, reasoning_tokens, output_tokens, latency_seconds, content_hash,
    created_at, correctness, near_miss, model_judged, decision, disputed, withdrawn, parts)
SELECT %(problem)s + n %% %(problems)s, NULL, NULL, 0.7, n %% 50 = 7, %(prompt)s, %(reasoning)s, '[]',
    md5(CASE WHEN n %% 3 = 0 THEN 'wrong ' || n / %(problems)s %% 250 ELSE 'right' END) || md5(''), '{}', 'stop',
    100, 0, 0, 900, 1.5, md5(n::text) || md5((n + 1)::text), now() - n * interval '1 second',
    CASE WHEN n %% 3 = 0 THEN 'fail' ELSE 'pass' END, '', '', CASE WHEN n < %(accepted)s THEN 'accepted' ELSE '' END,
    false, false, '[]'
FROM generate_series(0, %(traces)s - 1) n
"""
MAKE_REVIEWS = """
INSERT INTO trajectories_review (
    trace_id, reviewer_id, decision, score, reason, comment, step_labels, step_spans, scores, tags, key, created_at)
SELECT id, %(reviewer)s, 'accept', 1 + id %% 5, '', '', '{}', '{}', '{}', '[]', gen_random_uuid(), now()
FROM trajectories_trace WHERE decision = 'accepted'
"""
MAKE_VERDICTS = """
INSERT INTO trajectories_verdict (
    trace_id, verifier, version, revision, outcome, score, message, evidence, seconds, engine, previous_outcome,
    created_at)
SELECT id, 'numeric', 1, 0, correctness, 1, '', '{}', 0, '', '', now() FROM trajectories_trace
"""
MAKE_SCORES = """
INSERT INTO trajectories_verdict (
    trace_id, verifier, version, revision, outcome, score, message, evidence, seconds, engine, previous_outcome,
    created_at)
SELECT id, 'scorer:sure', 1, 0, 'unscored', (id % 100) / 100.0, '', '{}', 0, '', '', now()
FROM trajectories_trace WHERE id % 2 = 0
"""
MAKE_VERDICTS_AGAIN = """
INSERT INTO trajectories_verdict (
    trace_id, verifier, version, revision, outcome, score, message, evidence, seconds, engine, previous_outcome,
    created_at)
SELECT id, 'numeric', 1, 1, CASE correctness WHEN 'pass' THEN 'fail' ELSE 'pass' END, 0.5, '', '{}', 0, '', correctness,
    now()
FROM trajectories_trace WHERE id % 20 = 0
"""
MAKE_TEXTS = """
WITH made AS (
    SELECT id, md5(id::text) || md5('t' || id) AS hash,
        (SELECT string_agg(md5(id || ' ' || n), ' ') FROM generate_series(1, 180) n) AS body
    FROM trajectories_trace WHERE decision = 'accepted'
),
stored AS (INSERT INTO trajectories_text (content_hash, body) SELECT hash, body FROM made)
UPDATE trajectories_trace trace SET reasoning_id = made.hash,
    parts = jsonb_build_array(jsonb_build_object('kind', 'content', 'start', 0, 'end', length(made.body)))
FROM made WHERE made.id = trace.id
"""
MAKE_PROBLEMS = """
INSERT INTO trajectories_problem (
    problem_set_id, name, kind, statement, statement_hash, spec, reference, reference_source, split, family, difficulty,
    content_hash, trace_count, correct_count, accepted_count, created_at)
SELECT %(set)s, 'q' || n, 'numeric', 'What is ' || n || ' and one more?', md5(n::text), '{}', '1', '', 'train',
    'f' || n %% 10, '{}', md5(n::text) || md5('x' || n), %(each)s, 0, 0, now()
FROM generate_series(1, %(problems)s) n
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=int, default=100_000)
    parser.add_argument("--accepted", type=int, default=50_000)
    parser.add_argument("--compared", type=int, default=2_000)
    parser.add_argument("--exported", type=int, default=20_000)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    with ExitStack() as stack:
        var = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="minicolumn-export-"))).resolve()
        prepare(var)
        try:
            measure(options)
        finally:
            finish(var, None)


def measure(options: argparse.Namespace) -> None:
    """Make the rows, and time what works on them."""
    from django.contrib.auth.models import User

    from trajectories.core.releases.rules import Reviews, Rule, Verdicts
    from trajectories.selectors.release_rules import count_removed

    lead = User.objects.create_superuser("lead")
    make_rows(options, lead.pk)
    plain = Rule(reviews=Reviews(least_score=3), verdicts=Verdicts(correctness=("pass",)), whole=True)
    single = Rule(verdicts=Verdicts(required={"numeric": ("pass",)}))
    nobody = Reviews(accepted_by=0)
    rules = {
        "clauses of rows": plain,
        "a verifier's": single,
        "without reviews": Rule(reviews=nobody, verdicts=Verdicts(correctness=("pass",))),
        "without reviews, a verifier's": Rule(reviews=nobody, verdicts=single.verdicts),
        "without reviews, a score": Rule(reviews=nobody, verdicts=Verdicts(least_scores={"scorer:sure": 0.8})),
        "without reviews, votes": Rule(reviews=nobody, verdicts=Verdicts(least_votes=0.5)),
    }
    for title, rule in rules.items():
        seconds, (_, left) = timed(partial(count_removed, rule), options.repeat)
        print(f"funnel, {title}: {seconds:.3f} s for {options.traces:,} traces, {left:,} left")
    measure_page(lead, options.repeat)
    measure_freezing(lead)
    measure_exporting(options, lead)
    measure_comparing(options, lead)


def make_rows(options: argparse.Namespace, reviewer: int) -> None:
    """Problems, traces, reviews and verdicts, in a few statements."""
    from django.db import connection

    from trajectories.core.identity import text_hash
    from trajectories.models import Problem, ProblemSet
    from trajectories.services.texts import store_texts

    started = time.monotonic()
    prompt, reasoning = '[{"content":"Find it.","role":"user"}]', "It is one more."
    store_texts({text_hash(body): body for body in (prompt, reasoning)})
    made = ProblemSet.objects.create(name="many", title="Many")
    with connection.cursor() as cursor:
        cursor.execute(MAKE_PROBLEMS, {"set": made.pk, "problems": PROBLEMS, "each": options.traces // PROBLEMS})
        first = Problem.objects.filter(problem_set=made).order_by("pk").values_list("pk", flat=True)[0]
        values = {"problem": first, "problems": PROBLEMS, "traces": options.traces, "accepted": options.accepted}
        cursor.execute(MAKE_TRACES, {**values, "prompt": text_hash(prompt), "reasoning": text_hash(reasoning)})
        cursor.execute(MAKE_REVIEWS, {"reviewer": reviewer})
        cursor.execute(MAKE_VERDICTS)
        cursor.execute(MAKE_SCORES)
        cursor.execute(MAKE_VERDICTS_AGAIN)
        cursor.execute("VACUUM ANALYZE")
    print(f"rows made in {time.monotonic() - started:.0f} s")


def measure_page(lead: Any, repeat: int) -> None:
    """The fragment that the editor asks for at every change."""
    from django.test import Client
    from django.urls import reverse

    client = Client()
    client.force_login(lead)
    address = reverse("release_new", query={"min_score": 3, "correctness": "pass"})
    seconds, answer = timed(lambda: client.get(address, headers={"HX-Request": "true", "Host": "localhost"}), repeat)
    print(f"preview: {seconds:.3f} s, status {answer.status_code}")


def measure_freezing(lead: Any) -> None:
    """Freezing all that is accepted, and the COPY of the same items out."""
    from django.db import connection

    from trajectories.core.releases.rules import Rule
    from trajectories.services.releases.freezing import freeze_accepted

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    started, own, server = time.monotonic(), time.process_time(), cpu_seconds(backend)
    release = freeze_accepted(actor=lead, title="All", rule=Rule(hinted="too"), key=uuid.uuid4())
    seconds, own = time.monotonic() - started, time.process_time() - own
    busy = own + cpu_seconds(backend) - server
    print(f"freezing: {release.item_count / busy:,.0f} rows for a second of CPU, {own / busy:.0%} of it the worker's")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"freezing: {release.item_count / seconds:,.0f} rows/s ({release.item_count:,} rows), at most {memory:.0f} MB"
    )
    started = time.monotonic()
    with connection.cursor() as cursor:
        query = f"COPY (SELECT * FROM trajectories_releaseitem WHERE release_id = {release.pk}) TO STDOUT"
        with cursor.copy(query) as copied:
            size = sum(len(block) for block in copied)
    print(f"COPY of its items: {release.item_count / (time.monotonic() - started):,.0f} rows/s, {size / 1e6:.0f} MB")


def measure_exporting(options: argparse.Namespace, lead: Any) -> None:
    """Files of each container, and the COPY of the same texts out."""
    from django.db import connection

    from trajectories.core.releases.rules import Rule
    from trajectories.models import Trace
    from trajectories.services.releases.exports import Wanted, request_file, write_export
    from trajectories.services.releases.freezing import freeze_accepted

    chosen = Trace.objects.filter(decision="accepted").order_by("pk").values_list("pk", flat=True)[: options.exported]
    others = Trace.objects.filter(decision="accepted").exclude(pk__in=list(chosen))
    kept = list(others.values_list("pk", flat=True))
    Trace.objects.filter(pk__in=kept).update(decision="")
    with connection.cursor() as cursor:
        cursor.execute(MAKE_TEXTS)
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    release = freeze_accepted(actor=lead, title="Texts", rule=Rule(hinted="too"), key=uuid.uuid4())
    texts = f"""COPY (
        SELECT prompt.body, reasoning.body FROM trajectories_releaseitem item
        JOIN trajectories_trace trace ON trace.id = item.trace_id
        JOIN trajectories_text prompt ON prompt.content_hash = trace.prompt_id
        JOIN trajectories_text reasoning ON reasoning.content_hash = trace.reasoning_id
        WHERE item.release_id = {release.pk} ORDER BY item.position) TO STDOUT"""

    def copy_out() -> int:
        with connection.cursor() as cursor, cursor.copy(texts) as copied:
            return sum(len(block) for block in copied)

    def write(container: str) -> int:
        export = request_file(actor=lead, release=release, wanted=Wanted("sft-messages", container=container))
        write_export(job_id=export.pk)
        export.refresh_from_db()
        assert (export.state, export.rows_written) == ("ready", release.item_count), export.error
        return export.byte_size or 0

    work: dict[str, Callable[[], int]] = {"COPY of the texts": copy_out}
    work |= {name: partial(write, name) for name in ("jsonl", "parquet", "folder")}
    for title, act in work.items():
        started, busy = time.monotonic(), time.process_time() + cpu_seconds(backend)
        size = act()
        seconds, busy = time.monotonic() - started, time.process_time() + cpu_seconds(backend) - busy
        rate, each = release.item_count / seconds, release.item_count / busy
        print(f"{title}: {rate:,.0f} rows/s, {each:,.0f} for a second of CPU, {size / 1e6:.0f} MB")
    Trace.objects.filter(pk__in=kept).update(decision="accepted")


def cpu_seconds(pid: int) -> float:
    """The CPU time that a process has taken, which other work beside does not stretch (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure_comparing(options: argparse.Namespace, lead: Any) -> None:
    """The clauses that read texts, over traces with texts of their own."""
    from trajectories.core.identity import text_hash
    from trajectories.core.releases.rules import Balance, Decontamination, Rule, Sameness
    from trajectories.models import ProblemSet, Trace
    from trajectories.services.releases.freezing import Order, freeze_next, plan_freezing
    from trajectories.services.texts import store_texts

    draw, words = random.Random(1), [f"word{number}" for number in range(5_000)]
    bodies = [" ".join(draw.choices(words, k=WORDS)) for _ in range(options.compared)]
    store_texts({text_hash(body): body for body in bodies})
    chosen = list(Trace.objects.filter(decision="accepted", hinted=False).order_by("pk")[: options.compared])
    for trace, body in zip(chosen, bodies, strict=True):
        trace.reasoning_id = text_hash(body)
    Trace.objects.bulk_update(chosen, ["reasoning"], batch_size=500)
    Trace.objects.filter(decision="accepted").exclude(pk__in=[trace.pk for trace in chosen]).update(decision="")
    held_out = (ProblemSet.objects.create(name="held-out", title="Held out").pk,)
    rules = {
        "balance": Rule(balance=Balance("family")),
        "like texts": Rule(sameness=Sameness(near=0.8)),
        "cap": Rule(per_problem=4),
        "words in a row": Rule(decontamination=Decontamination(held_out, ngram=13)),
    }
    for title, rule in rules.items():
        job = plan_freezing(actor=lead, order=Order(title, rule, trial=True), key=uuid.uuid4())
        started = time.monotonic()
        freeze_next(job_id=job.pk)
        print(f"{title}: {1000 * (time.monotonic() - started) / len(chosen):.3f} ms a trace")


def timed(call: Callable[[], Any], repeat: int) -> tuple[float, Any]:
    """(the median of several tries in seconds, what the last one gave)."""
    seconds, found = [], None
    for _ in range(repeat):
        started = time.monotonic()
        found = call()
        seconds.append(time.monotonic() - started)
    return statistics.median(seconds), found


if __name__ == "__main__":
    main()
