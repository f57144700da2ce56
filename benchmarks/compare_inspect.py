"""Sampling beside inspect-ai and beside a plain client: samples a second against one endpoint, in turns.

    python -m benchmarks.compare_inspect [--samples 1280] [--latency 1] [--in-flight 64] [--rounds 3]

One fake endpoint in a process of its own answers all three after `latency` seconds. Each samples the same prompts, so
many at once at most:
- ours: a run is planned, and its samples are drawn and stored in PostgreSQL, as a worker does;
- inspect-ai (INSPECT below): a task of one generation a sample with no scorer, its log written to a folder;
- httpx: the calls alone, with a semaphore; nothing is kept.

inspect-ai and its packages are installed into a folder that goes with the benchmark, from the index that pip knows. The
time of each is what its own process takes for the samples, without starting and importing. A last wave takes as long as
a full one: the ideal counts waves.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.sampling import draw, endpoint_process, plan, prepare

INSPECT = "inspect-ai==0.3.285"
ROOT = Path(__file__).resolve().parent.parent
INSTALL = """
set -eu
. .ci/index
.venv/bin/uv venv --quiet --python .venv/bin/python "$1"
.venv/bin/uv pip install --quiet --python "$1/bin/python" "$2" openai httpx
"""
BY_INSPECT = """
import json, sys, time
from inspect_ai import Task, eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageUser, GenerateConfig, get_model
from inspect_ai.solver import generate

told = json.load(open(sys.argv[1]))
kinds = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}
samples = [
    Sample(id=number, input=[kinds[each["role"]](content=each["content"]) for each in prompt])
    for number, prompt in enumerate(told["prompts"], 1)
]
config = GenerateConfig(max_connections=told["in_flight"], temperature=1.0, max_tokens=500)
model = get_model("openai-api/fake/fake", base_url=told["url"], api_key="none", config=config)
task = Task(dataset=MemoryDataset(samples), solver=generate())
began, cpu = time.perf_counter(), time.process_time()
(log,) = eval(
    task, model=model, log_dir=told["logs"], display="none", max_samples=told["in_flight"], fail_on_error=False
)
seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
done = sum(bool(sample.output.completion) and sample.error is None for sample in log.samples or [])
print(json.dumps({"done": done, "seconds": seconds, "cpu": cpu}))
"""
BY_HTTPX = """
import asyncio, json, sys, time
import httpx

told = json.load(open(sys.argv[1]))

async def sample_all():
    limits = httpx.Limits(max_connections=told["in_flight"], max_keepalive_connections=told["in_flight"])
    places = asyncio.Semaphore(told["in_flight"])
    async with httpx.AsyncClient(limits=limits, timeout=120) as client:
        async def one(prompt):
            async with places:
                body = {"model": "fake", "messages": prompt, "temperature": 1.0, "max_tokens": 500}
                answer = await client.post(told["url"].rstrip("/") + "/chat/completions", json=body)
                answer.raise_for_status()
                return bool(answer.json()["choices"][0]["message"]["content"])
        return sum(await asyncio.gather(*map(one, told["prompts"])))

began, cpu = time.perf_counter(), time.process_time()
done = asyncio.run(sample_all())
print(json.dumps({"done": done, "seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}))
"""
Measured = dict[str, float]
"""`done` samples, `seconds`, and `cpu` seconds of the process."""


def ours(url: str, samples: int, in_flight: int) -> tuple[Any, Measured]:
    """The run, and what it took."""
    run = plan(url, samples, in_flight)
    before = time.process_time()
    seconds = draw(run)
    return run, {"done": run.done_count, "seconds": seconds, "cpu": time.process_time() - before}


def prompts_of(run: Any) -> list[Any]:
    """The messages of each sample of a run, as they were sent."""
    from trajectories.models import Trace

    return [json.loads(body) for body in Trace.objects.filter(run=run).values_list("prompt__body", flat=True)]


def theirs(python: Path, script: str, told: Path) -> Measured:
    """What a script of another process tells of itself. Its environment names no key and no address of others."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "TMPDIR")}
    ran = subprocess.run(
        [str(python), "-c", script, str(told)], capture_output=True, text=True, check=False,
        env={**kept, "HOME": str(told.parent), "NO_PROXY": "*"},
    )  # fmt: skip
    if ran.returncode:
        raise SystemExit(f"Another client failed, expected samples:\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}")
    measured: Measured = json.loads(ran.stdout.splitlines()[-1])
    return measured


def compare(options: argparse.Namespace, folder: Path) -> None:
    """Measure in turns, and tell each and the ratios."""
    python = folder / "environment" / "bin" / "python"
    found: dict[str, list[Measured]] = {"ours": [], "inspect-ai": [], "httpx": []}
    with endpoint_process(options.latency, options.in_flight) as url:
        run, _ = ours(url, options.samples, options.in_flight)  # not counted: it warms up, and has the prompts
        told = folder / "told.json"
        logs = folder / "logs"
        words = {"url": url, "prompts": prompts_of(run), "in_flight": options.in_flight, "logs": str(logs)}
        told.write_text(json.dumps(words), encoding="utf-8")
        count = len(words["prompts"])
        turns: dict[str, Callable[[], Measured]] = {
            "ours": lambda: ours(url, count, options.in_flight)[1],
            "inspect-ai": lambda: theirs(python, BY_INSPECT, told),
            "httpx": lambda: theirs(python, BY_HTTPX, told),
        }
        for number in range(options.rounds):
            names = list(turns)
            for name in names[number % 3 :] + names[: number % 3]:
                measured = turns[name]()
                found[name].append(measured)
                if measured["done"] != count:
                    raise SystemExit(f"{name}: found {measured['done']:.0f} samples, expected {count}.")
                rate = count / measured["seconds"]
                cpu = 1000 * measured["cpu"] / count
                print(f"round {number + 1}  {name:<11} {rate:7.1f} samples/s, {cpu:6.1f} ms CPU each", flush=True)
    tell(found, count, -(-count // options.in_flight) * options.latency)


def tell(found: dict[str, list[Measured]], count: int, ideal: float) -> None:
    """The median of each, its share of the ideal, and ours as a multiple of the others."""
    seconds = {name: statistics.median(each["seconds"] for each in rounds) for name, rounds in found.items()}
    for name, took in seconds.items():
        times = took / seconds["ours"]
        print(
            f"{name:<11} {count / took:7.1f} samples/s, {ideal / took:5.2f} of the ideal; ours is {times:5.2f} times it"
        )
    print(f"load {os.getloadavg()[0]:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=1_280)
    parser.add_argument("--latency", type=float, default=1.0, metavar="S")
    parser.add_argument("--in-flight", type=int, default=64, metavar="N")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="compare-inspect-") as name:
        folder = Path(name)
        print(f"Installing {INSPECT} into a folder of its own ...", flush=True)
        words = ["sh", "-c", INSTALL, "install", str(folder / "environment"), INSPECT]
        subprocess.run(words, cwd=ROOT, check=True)
        prepare(create=True)
        from django.db import connection

        # A worker imports the client with its first call to a model and keeps it.
        import trajectories.adapters.chat_api.wire.client  # noqa: F401
        from trajectories.services.problems.imports import import_arc_agi_1

        try:
            import_arc_agi_1()
            compare(options, folder)
        finally:
            connection.creation.destroy_test_db("minicolumn", verbosity=0)


if __name__ == "__main__":
    main()
