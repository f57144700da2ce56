"""Sampling from a language model: how much of what an endpoint allows is used, and what a sample costs here.

    python -m benchmarks.sampling [--samples 2000] [--latency 1] [--in-flight 64] [--instant 2000] [--memory 20000]

Against a fake endpoint in a process of its own, over HTTP, in a database of its own:
- latency: samples a second as a share of in flight / latency, by itself and while a second process verifies the traces;
- instant: samples a second stored, then verified, and CPU milliseconds of each (client, engine and database client);
- memory: growth of the process over many samples (0 leaves it out).
"""

import argparse
import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil

DATABASE = "benchmark_sampling"
PROBLEMS = 20


def serve(latency: float, in_flight: int | None, same: bool, address: Any) -> None:
    """A fake endpoint until the process is ended; its address goes through the pipe. Its programs are all the `same`,
    or each has a text of its own."""
    from trajectories.stand_ins.fake_endpoint import Answer, Behaviour, FakeEndpoint, canned
    from trajectories.stand_ins.fake_endpoint.answers import IDENTITY, program_text

    def numbered(prompt: str, asked_before: int) -> Answer:
        """A program of its own for each sample: those of one text may be run once for all."""
        return canned(program_text(f"{IDENTITY}# {asked_before}\n"))(prompt, asked_before)

    with FakeEndpoint(Behaviour(latency=latency, in_flight=in_flight), canned() if same else numbered) as endpoint:
        address.send(endpoint.url)
        address.recv()


@contextmanager
def endpoint_process(latency: float, in_flight: int | None, *, same: bool = False) -> Iterator[str]:
    """The address of an endpoint in a process of its own."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(latency, in_flight, same, theirs))
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("enough")
        process.join()


def plan(url: str, samples: int, concurrency: int) -> Any:
    """A run of so many samples over the first ARC tasks, of a seed of its own: replies of an earlier run are kept."""
    from trajectories.adapters.chat_api import ChatSettings
    from trajectories.models import Instruction, Problem, Sampler
    from trajectories.services.endpoints.samplers import add_chat_sampler
    from trajectories.services.runs.lifecycle import plan_run
    from trajectories.services.runs.plans import Plan

    settings = ChatSettings(base_url=url, model="fake", concurrency=concurrency, max_output_tokens=500)
    name = f"fake-{Sampler.objects.count()}"
    view, _ = Instruction.objects.get_or_create(
        name="benchmark", defaults={"title": "Program", "view": "grid", "style": "program"}
    )
    return plan_run(
        actor=None,
        title=name,
        sampler=add_chat_sampler(actor=None, name=name, title=name, settings=settings),
        plan=Plan(list(Problem.objects.order_by("pk")[:PROBLEMS]), [view], [1.0], samples // PROBLEMS),
        seed=Sampler.objects.count(),
    )


def draw(run: Any) -> float:
    """Draw all samples of a run, as a worker would session by session; returns seconds."""
    from trajectories.services.runs.chat_sampling import sample_session

    started = time.perf_counter()
    while sample_session(run_id=run.pk, on_traces=lambda _: None).more:
        pass
    run.refresh_from_db()
    return time.perf_counter() - started


def verify_pending(stop: Any) -> None:
    """The second process: verifies what is stored until it is told to stop."""
    prepare(create=False)
    from trajectories.models import PendingVerification
    from trajectories.services.verification.queue import verify_traces

    while not stop.is_set():
        waiting = list(PendingVerification.objects.order_by("pk").values_list("pk", flat=True)[:32])
        verify_traces(trace_ids=waiting)
        if not waiting:
            time.sleep(0.1)


def measure_latency(samples: int, latency: float, in_flight: int, *, verifying: bool) -> None:
    """Throughput as a share of the ideal, by itself or while another process verifies on the same cores.

    It verifies whatever waits, so that it has something to do from the start.
    """
    from django.db.models import Sum

    from trajectories.models import Run

    def verified() -> int:
        return Run.objects.aggregate(count=Sum("verified_count", default=0))["count"]  # type: ignore[no-any-return]

    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    verifier = context.Process(target=verify_pending, args=(stop,))
    if verifying:
        verifier.start()
    try:
        with endpoint_process(latency, in_flight) as url:
            run = plan(url, samples, in_flight)
            before, verified_before = time.process_time(), verified()
            seconds = draw(run)
            cpu, meanwhile = time.process_time() - before, verified() - verified_before
    finally:
        stop.set()
        if verifying:
            verifier.join()
    # A last wave takes as long as a full one.
    ideal = -(-run.done_count // in_flight) * latency
    beside = "verified beside it" if verifying else "nothing beside it"
    print(f"{latency:g} s latency, {in_flight} in flight, {beside}: {run.done_count} samples in {seconds:.1f} s")
    print(f"  share of ideal  {ideal / seconds:8.2f}   ({ideal:.1f} s)")
    print(f"  verified        {meanwhile:8d} traces meanwhile")
    print(f"  CPU per sample  {1000 * cpu / run.done_count:8.1f} ms")


def measure_instant(samples: int, *, same: bool) -> None:
    """What storing and verifying cost when the endpoint costs nothing; of programs of one text, or each of its own."""
    from trajectories.models import Trace
    from trajectories.services.verification.queue import verify_traces

    with endpoint_process(0.0, None, same=same) as url:
        run = plan(url, 2 * PROBLEMS, 32)
        draw(run)
        warm_up_sandbox()
        # The first verdicts of a process import what a worker has imported long before.
        verify_traces(trace_ids=list(Trace.objects.filter(run=run).values_list("pk", flat=True)))
        run = plan(url, samples, 32)
        before = time.process_time()
        seconds, cpu = draw(run), time.process_time() - before
    boxes_before = sandbox_cpu()
    started, before = time.perf_counter(), time.process_time()
    verify_traces(trace_ids=list(Trace.objects.filter(run=run).order_by("pk").values_list("pk", flat=True)))
    verifying, verifying_cpu = time.perf_counter() - started, time.process_time() - before
    boxes = sandbox_cpu() - boxes_before
    count = run.done_count
    print(f"Instant endpoint: {count} samples, {'all programs the same' if same else 'each program a text of its own'}")
    print(f"  stored          {count / seconds:8.1f} samples/s, {1000 * cpu / count:.1f} ms CPU each")
    print(f"  verified        {count / verifying:8.1f} samples/s, {1000 * verifying_cpu / count:.1f} ms CPU each")
    print(f"  sandbox         {1000 * boxes / count:8.1f} ms CPU each beside")
    print(f"  both            {count / (seconds + verifying):8.1f} samples/s by one process")


def warm_up_sandbox() -> None:
    """Start the sandbox's workers, which a process does once."""
    from concurrent.futures import ThreadPoolExecutor

    from django.conf import settings

    from trajectories.adapters.sandbox import shared_engine
    from trajectories.core.programs.engines import ProgramJob

    engine = shared_engine(settings.PROGRAM_ENGINE, settings.PROGRAM_ENVIRONMENT)
    slow = ProgramJob("import time\ndef transform(given):\n    time.sleep(0.5)", ([0],))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(engine.run, [slow] * 4))


def sandbox_cpu() -> float:
    """Seconds of a processor that the sandbox's processes have taken, those that have ended among them."""
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        times = process.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
    return total


def measure_memory(samples: int) -> None:
    """Resident memory after a tenth of the samples and after all."""
    process = psutil.Process()
    with endpoint_process(0.0, None) as url:
        draw(plan(url, samples // 10, 32))
        first = process.memory_info().rss
        draw(plan(url, samples, 32))
        last = process.memory_info().rss
    mebibytes = 1024**2
    print(f"Memory over {samples} samples: {first / mebibytes:.0f} MiB at first, {last / mebibytes:.0f} MiB at last")


def prepare(*, create: bool) -> None:
    """Django on a database of this benchmark's own."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    os.environ.setdefault("LOG_LEVEL", "ERROR")
    import django

    from webapp.database import ensure_database

    ensure_database()
    django.setup()
    from django.db import connection

    from trajectories.services.jobs.ringers import connect_bell

    connect_bell("run", lambda *_: None)  # the queue is that of the installation, whose workers know no such run
    if create:
        connection.settings_dict["TEST"]["NAME"] = DATABASE
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    else:
        connection.settings_dict["NAME"] = DATABASE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=2_000)
    parser.add_argument("--latency", type=float, default=1.0, metavar="S")
    parser.add_argument("--in-flight", type=int, default=64, metavar="N")
    parser.add_argument("--instant", type=int, default=2_000, metavar="SAMPLES")
    parser.add_argument("--memory", type=int, default=0, metavar="SAMPLES")
    options = parser.parse_args()
    prepare(create=True)
    from django.db import connection

    # A worker imports the client with its first call to a model and keeps it.
    import trajectories.adapters.chat_api.wire.client  # noqa: F401
    from trajectories.services.problems.imports import import_arc_agi_1

    try:
        import_arc_agi_1()
        if options.samples:
            for verifying in (False, True):
                measure_latency(options.samples, options.latency, options.in_flight, verifying=verifying)
        for same in (False, True) if options.instant else ():
            measure_instant(options.instant, same=same)
        if options.memory:
            measure_memory(options.memory)
    finally:
        connection.creation.destroy_test_db("minicolumn", verbosity=0)


if __name__ == "__main__":
    main()
