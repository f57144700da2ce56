"""Serves a model as a child of a worker: batches of conversations in, answers out. Run as `generate.py PLAN.json`.

Each answer depends on its own seed: noise for the draw comes from a generator of its own, so that what else is in the
batch changes nothing but rounding.
"""

import json
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from trajectories.adapters.local_models.inside.lines import (
    STARTED,
    Line,
    keep_offline,
)

LINE = Line()
OUTSIDE = keep_offline()

import torch  # noqa: E402 (nothing may be imported before the network is shut)
import transformers  # noqa: E402
from transformers import (  # noqa: E402
    LogitsProcessor,
    LogitsProcessorList,
    MaxTimeCriteria,
    StoppingCriteria,
    StoppingCriteriaList,
    TopPLogitsWarper,
)

from trajectories.adapters.local_models.inside.ending import Words, forbid_outside, run_child  # noqa: E402
from trajectories.adapters.local_models.inside.opening import (  # noqa: E402
    brief,
    context_of,
    device_of,
    open_model,
    open_tokenizer,
)

ANSWERS, WORDS = "answers", "words"
THINK = "<think>"
HALF = "\ufffd"
"""What the first bytes of a character are decoded to."""
SEEDS = 2**63
TELL_SECONDS = 0.5
"""So often it is told what has been written of answers that are being made."""
SAID = Words("model", "sampler", "let the sampler make fewer answers together")


class Drawing(LogitsProcessor):  # type: ignore[misc]
    """Draws by the seed of each row: of logits by temperature and Gumbel noise the largest is a draw of their softmax.

    Where asked, it sums the log-probabilities of the tokens that were taken, before temperature.
    """

    def __init__(self, calls: Sequence[dict[str, Any]], device: str, *, logprobs: bool) -> None:
        self._temperatures = torch.tensor([float(call["temperature"]) for call in calls], device=device)[:, None]
        self._generators = [torch.Generator().manual_seed(int(call["seed"]) % SEEDS) for call in calls]
        self._warpers = [TopPLogitsWarper(call["top_p"]) if call["top_p"] < 1 else None for call in calls]
        self._logprobs = logprobs
        self._last: Any = None
        self.taken: list[Any] = []

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Scores of which the largest is the draw."""
        scores = scores.float()
        self.count(input_ids)
        if self._logprobs:
            self._last = torch.log_softmax(scores, dim=-1)
        warm = self._temperatures.clamp(min=1e-6)
        scaled = torch.where(self._temperatures > 0, scores / warm, scores)
        for row, (generator, warper) in enumerate(zip(self._generators, self._warpers, strict=True)):
            if self._temperatures[row, 0] <= 0:
                continue
            if warper is not None:
                scaled[row : row + 1] = warper(input_ids[row : row + 1], scaled[row : row + 1])
            uniform = torch.rand(scaled.shape[-1], generator=generator).clamp(min=1e-20, max=1 - 1e-7)
            scaled[row] -= torch.log(-torch.log(uniform)).to(scaled.device)
        return scaled

    def count(self, input_ids: Any) -> None:
        """Keep the log-probabilities of the last tokens."""
        if self._last is not None:
            self.taken.append(self._last.gather(1, input_ids[:, -1:])[:, 0].cpu())
            self._last = None


class Growing:
    """The text of one answer while tokens are added to it."""

    def __init__(self, tokenizer: Any, opening: str) -> None:
        self._tokenizer, self._opening = tokenizer, opening
        self._from = self._told = 0

    def read(self, tokens: list[int]) -> str:
        """What the tokens say beyond what was told. The last told ones are decoded again, since what a token reads
        depends on those before it; half a character waits for its other half."""
        before = self._text(tokens[self._from : self._told])
        now = self._text(tokens[self._from :])
        if len(now) <= len(before) or now.endswith(HALF):
            return ""
        self._from, self._told = self._told, len(tokens)
        opening, self._opening = self._opening, ""
        return opening + now[len(before) :]

    def _text(self, tokens: list[int]) -> str:
        return str(self._tokenizer.decode(tokens, skip_special_tokens=True))


class Telling(StoppingCriteria):  # type: ignore[misc]
    """Tells the owner now and then what has been written, and stops nothing. `rows` are the call's place in the request
    and the opening of its answer, of each answer; answers begin after `width` tokens."""

    def __init__(self, tokenizer: Any, rows: Sequence[tuple[int, str]], ends: Collection[int], width: int) -> None:
        self._growing = [(place, Growing(tokenizer, opening)) for place, opening in rows]
        self._ends, self._width = ends, width
        self._next = time.monotonic() + TELL_SECONDS

    def __call__(self, input_ids: Any, _scores: Any, **_: Any) -> Any:
        """That none of them is at its end."""
        if time.monotonic() >= self._next:
            grown = [
                (place, growing.read(before_end(written, self._ends)))
                for (place, growing), written in zip(self._growing, input_ids[:, self._width :].tolist(), strict=True)
            ]
            if any(text for _, text in grown):
                LINE.tell(WORDS, words=[[place, text] for place, text in grown if text])
            self._next = time.monotonic() + TELL_SECONDS
        return torch.zeros(len(input_ids), dtype=torch.bool, device=input_ids.device)


def before_end(tokens: list[int], ends: Collection[int]) -> list[int]:
    """The tokens up to the first that ends an answer."""
    place = next((at for at, token in enumerate(tokens) if token in ends), None)
    return tokens if place is None else tokens[:place]


class Served:
    """A model that answers."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._folder = Path(plan["folder"])
        self.device = device_of()
        self._tokenizer = open_tokenizer(self._folder)
        self._tokenizer.padding_side = "left"
        self._model = open_model(self._folder, precision=plan["precision"], device=self.device).eval()
        self._context = context_of(self._folder)
        ends = self._model.generation_config.eos_token_id
        known = ends if isinstance(ends, list) else [ends]
        self._ends = {end for end in (*known, self._tokenizer.eos_token_id) if end is not None}

    def answer(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        """An answer, or {"fault"}, for each call."""
        calls = request["calls"]
        answers: list[dict[str, Any] | None] = [None] * len(calls)
        rows = []
        for place, call in enumerate(calls):
            try:
                rows.append((place, call, self._written(call)))
            except Exception as fault:
                answers[place] = {"fault": f"The model's chat template cannot write this conversation: {brief(fault)}"}
        fitting = [row for row in rows if not self._context or len(row[2][1]) < self._context]
        for place, _, (_, ids) in rows:
            if self._context and len(ids) >= self._context:
                answers[place] = {"fault": f"The prompt has {len(ids):,} tokens; the model takes {self._context:,}."}
        for group in self._groups(fitting):
            for (place, _, _), answered in zip(group, self._generate(group, request), strict=True):
                answers[place] = answered
        return [answer if answer is not None else {"fault": "no answer came"} for answer in answers]

    def _groups(self, rows: Sequence[Any]) -> list[list[Any]]:
        """Rows that are answered together: those whose answer may be as long as asked. The others are alone, so that a
        long prompt beside it cuts no answer off."""
        roomy = [row for row in rows if not self._context or len(row[2][1]) + int(row[1]["most"]) <= self._context]
        return [*([roomy] if roomy else []), *([row] for row in rows if row not in roomy)]

    def _written(self, call: dict[str, Any]) -> tuple[str, list[int]]:
        """(the opening of the answer that the template has written already, the tokens of the prompt)."""
        text = self._tokenizer.apply_chat_template(call["messages"], add_generation_prompt=True, tokenize=False)
        ids = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return (f"{THINK}\n" if text.rstrip().endswith(THINK) else ""), list(ids)

    @torch.inference_mode()  # type: ignore[untyped-decorator]
    def _generate(self, rows: Sequence[Any], request: dict[str, Any]) -> list[dict[str, Any]]:
        calls, prompts = [call for _, call, _ in rows], [written for _, _, written in rows]
        openings = [(place, opening) for place, _, (opening, _) in rows]
        width = max(len(ids) for _, ids in prompts)
        most = max(int(call["most"]) for call in calls)
        if self._context:
            most = min(most, self._context - width)
        padded = self._tokenizer.pad({"input_ids": [ids for _, ids in prompts]}, return_tensors="pt").to(self.device)
        drawing = Drawing(calls, self.device, logprobs=request["logprobs"])
        made = self._model.generate(
            **padded,
            do_sample=False,
            temperature=None,
            top_p=None,
            top_k=None,
            max_new_tokens=most,
            eos_token_id=sorted(self._ends),
            pad_token_id=self._tokenizer.pad_token_id,
            logits_processor=LogitsProcessorList([drawing]),
            stopping_criteria=StoppingCriteriaList(
                [MaxTimeCriteria(request["seconds"]), Telling(self._tokenizer, openings, self._ends, width)]
            ),
        )
        drawing.count(made)
        return [
            self._read(made[row, width:].tolist(), opening, len(ids), [float(step[row]) for step in drawing.taken])
            for row, (opening, ids) in enumerate(prompts)
        ]

    def _read(self, tokens: list[int], opening: str, prompt: int, logprobs: list[float]) -> dict[str, Any]:
        written = before_end(tokens, self._ends)
        has_ended = len(written) < len(tokens)
        taken = len(written) + has_ended
        return {
            "text": opening + self._tokenizer.decode(written, skip_special_tokens=True),
            "finish_reason": "stop" if has_ended else "length",
            "input_tokens": prompt,
            "output_tokens": taken,
            "logprobs": logprobs[:taken],
        }


def main(path: Path) -> None:
    """Open the model and answer until the owner is gone."""
    plan = json.loads(path.read_text(encoding="utf-8"))
    forbid_outside(plan, OUTSIDE, SAID)
    torch.set_num_threads(plan["threads"])
    served = Served(plan)
    versions = {each.__name__: each.__version__ for each in (torch, transformers)}
    LINE.tell(STARTED, device=served.device, versions=versions)
    while True:
        try:
            request = LINE.read()
        except EOFError:
            return
        begun = time.monotonic()
        answers = served.answer(request)
        LINE.tell(ANSWERS, answers=answers, seconds=time.monotonic() - begun)


if __name__ == "__main__":
    run_child(LINE, main, SAID)
