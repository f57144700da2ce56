"""Plays a child with a model by its plan, without torch: what it tells, asks and does wrong is what a test wants.

    python stand_in.py PLAN.json

`play` in the plan are acts: {"tell": {...}}, {"ask": {...}}, {"write": bytes}, {"hold": bytes}, {"print": text},
{"end": code}, {"kill": true}, {"hang": true}, {"model": {...}}; "answers" gives an answer to each call until the end.
Before each answer it tells what it "says", and waits for a file "until".
"""

import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path

plan = json.loads(Path(sys.argv[1]).read_text())
out = Path(plan.get("out") or Path(sys.argv[1]).parent)
held = []


def tell(**line):
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def act(what, given):  # noqa: C901
    if what == "tell":
        tell(**given)
    elif what == "ask":
        tell(kind="ask", **given)
        got = json.loads(sys.stdin.readline())
        (out / "got.json").write_text(json.dumps(got))
    elif what == "write":
        (out / "large.bin").write_bytes(bytes(given))
    elif what == "hold":
        held.append(bytearray(given))
    elif what == "print":
        print(given, file=sys.stderr, flush=True)  # noqa: T201
    elif what == "end":
        sys.exit(given)
    elif what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "hang":
        while True:
            tell(kind="alive")
            time.sleep(0.05)
    elif what == "model":
        (out / "model").mkdir(exist_ok=True)
        for name, text in given.items():
            (out / "model" / name).write_text(text)
    elif what == "answers":
        tell(kind="started", device="cpu")
        for line in sys.stdin:
            serve(json.loads(line), given)


def serve(request, given):
    if given.get("dies_once") and not Path(given["dies_once"]).exists():
        Path(given["dies_once"]).write_text("")
        os.kill(os.getpid(), signal.SIGKILL)
    if given.get("says"):
        for place, call in enumerate(request["calls"]):
            tell(kind="words", words=[[place, text.format(seed=call["seed"])] for text in given["says"]])
        if given.get("dies_saying") and not Path(given["dies_saying"]).exists():
            Path(given["dies_saying"]).write_text("")
            os.kill(os.getpid(), signal.SIGKILL)
        while not Path(given["until"]).exists():
            time.sleep(0.01)
    answers = []
    for call in request["calls"]:
        asked = call["messages"][-1]["content"]
        text = given["text"].format(seed=call["seed"], asked=asked, temperature=call["temperature"])
        finish = given.get("finish", "stop")
        logprobs = [-0.5, -1.5] if request["logprobs"] else []
        answers.append(
            {"text": text, "finish_reason": finish, "input_tokens": 7, "output_tokens": 2, "logprobs": logprobs}
        )
    if given.get("batches"):
        with Path(given["batches"]).open("a") as file:
            file.write(f"{len(answers)}\n")
    tell(kind="answers", answers=answers, seconds=0.0)


with contextlib.suppress(BrokenPipeError):
    for step in plan.get("play", []):
        for what, given in step.items():
            act(what, given)
