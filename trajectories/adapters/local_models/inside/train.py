"""Fine-tunes a model with trl, as a child of a worker. Run with the path of a plan: `train.py PLAN.json`.

The plan is what adapters.training.trl writes. Lines on standard output tell how far it is; see `lines`.
"""

import contextlib
import errno
import fcntl
import json
import shutil
from pathlib import Path
from typing import Any

from trajectories.adapters.local_models.inside.lines import (
    EVALUATED,
    FINISHED,
    NOTE,
    SAVED,
    STARTED,
    STEP,
    ChildFaultError,
    Line,
    keep_offline,
)

LINE = Line()
OUTSIDE = keep_offline()

import torch  # noqa: E402 (nothing may be imported before the network is shut)
import transformers  # noqa: E402
import trl  # noqa: E402
from transformers import TrainerCallback, set_seed  # noqa: E402

from trajectories.adapters.local_models.inside import checkpoints  # noqa: E402
from trajectories.adapters.local_models.inside.ending import Words, forbid_outside, run_child  # noqa: E402
from trajectories.adapters.local_models.inside.opening import (  # noqa: E402
    brief,
    context_of,
    device_of,
    make_model,
    open_model,
    open_tokenizer,
)
from trajectories.adapters.local_models.inside.rows import Rows, read_rows  # noqa: E402

FULL = ("No space left on device", "StorageFull", "os error 28", "Disk quota exceeded", "file write failed")
WORDS = Words("trainer", "trainer", "take a smaller batch, shorter rows or an adapter (LoRA)")
SHOWN = ("loss", "grad_norm", "learning_rate", "mean_token_accuracy", "rewards/accuracies", "rewards/margins", "reward",
         "completions/mean_length", "kl", "entropy")  # fmt: skip


def _shown(logs: Any, prefix: str = "") -> dict[str, Any]:
    """The values of what is logged that the curves have, by their names without the prefix."""
    return {name: logs[prefix + name] for name in SHOWN if prefix + name in (logs or {})}


class TrainingWatch(TrainerCallback):  # type: ignore[misc]
    """Tells steps, evaluations and checkpoints, and ends a training whose loss is no number."""

    def on_step_end(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
        """Every step counts, those that log nothing too."""
        LINE.tell(STEP, step=state.global_step, total=state.max_steps, values={})

    def on_log(self, _args: Any, state: Any, _control: Any, logs: Any = None, **_: Any) -> None:
        """Values of the curves. Raises ChildFaultError for a loss that is no number."""
        values = _shown(logs)
        for name in ("loss", "grad_norm"):
            if name in values and not _is_number(values[name]):
                raise ChildFaultError(
                    "no_number",
                    f"The {'loss' if name == 'loss' else 'gradient'} is no number any more at step "
                    f"{state.global_step}; lower the learning rate, or begin from another model.",
                )
        if values:
            LINE.tell(STEP, step=state.global_step, total=state.max_steps, values=values)

    def on_evaluate(self, _args: Any, state: Any, _control: Any, metrics: Any = None, **_: Any) -> None:
        """What it makes of rows that it does not learn from."""
        LINE.tell(EVALUATED, step=state.global_step, values=_shown(metrics, "eval_"))

    def on_save(self, args: Any, state: Any, _control: Any, **_: Any) -> None:
        """A checkpoint counts once it is sealed."""
        checkpoints.seal(Path(args.output_dir) / f"{checkpoints.PREFIX}{state.global_step}")
        LINE.tell(SAVED, step=state.global_step)


def main(path: Path) -> None:
    """Train as the plan says, from the newest checkpoint where there is one."""
    plan = json.loads(path.read_text(encoding="utf-8"))
    out = Path(plan["out"])
    out.mkdir(exist_ok=True)
    with _alone(out):
        forbid_outside(plan, OUTSIDE, WORDS)
        torch.set_num_threads(plan["threads"])
        set_seed(plan["seed"] % 2**32)
        base = _base(plan, out)
        tokenizer = open_tokenizer(base)
        rows, held_out = _rows(plan, base, tokenizer)
        trainer = _trainer(plan, base, tokenizer, rows, held_out)
        _begin(plan, trainer, rows, held_out)
        resumed = checkpoints.newest_whole(out)
        if resumed is not None:
            _tell_again(resumed)
        trainer.train(resume_from_checkpoint=None if resumed is None else str(resumed))
        if held_out is not None and trainer.state.global_step % plan["evaluate_every"]:
            trainer.evaluate()
        _write(plan, trainer, tokenizer, out)


def _tell_again(checkpoint: Path) -> None:
    """The curves up to a checkpoint, whose steps are not done again: a worker that was killed may not have stored the
    last of what it was told."""
    state = json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
    for entry in state["log_history"]:
        if values := _shown(entry):
            LINE.tell(STEP, step=entry["step"], total=state["max_steps"], values=values)
        if values := _shown(entry, "eval_"):
            LINE.tell(EVALUATED, step=entry["step"], values=values)


@contextlib.contextmanager
def _alone(out: Path) -> Any:
    """Nothing is trained twice: a child that its worker left behind may still be at it."""
    with (out / "lock").open("w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as fault:
            raise ChildFaultError("busy", "Another trainer is still at work in this folder.") from fault
        yield


def _base(plan: dict[str, Any], out: Path) -> Path:
    """The folder of the model to begin from; a new one is made in the folder of the training."""
    if plan["base"]:
        return Path(plan["base"])
    folder = out / "new"
    if not (folder / "made.json").is_file():
        make_model(folder, sizes=plan["sizes"], seed=plan["made_by"])
    return folder


def _rows(plan: dict[str, Any], base: Path, tokenizer: Any) -> tuple[Rows, Rows | None]:
    method, limit = plan["method"], plan["max_length"]
    if (context := context_of(base)) and context < limit:
        raise ChildFaultError(
            "context", f"Rows may have {limit:,} tokens, but the model takes {context:,}; lower the limit."
        )
    if method == "grpo":
        limit -= plan["answer_tokens"]
    rows = read_rows(Path(plan["data"]), method, tokenizer, limit)
    if not len(rows.data):
        raise ChildFaultError(
            "no_rows",
            f"All {rows.too_long:,} rows have more than {limit:,} tokens (the longest {rows.longest:,}); raise it."
            if rows.too_long
            else "There are no rows to train on.",
        )
    if not plan["evaluation"]:
        return rows, None
    held_out = read_rows(Path(plan["evaluation"]), method, tokenizer, limit)
    return rows, held_out if len(held_out.data) else None


def _trainer(plan: dict[str, Any], base: Path, tokenizer: Any, rows: Rows, held_out: Rows | None) -> Any:
    device = device_of()
    model = open_model(base, precision=plan["precision"], device=device)
    common: dict[str, Any] = {
        "train_dataset": rows.data,
        "eval_dataset": None if held_out is None else held_out.data,
        "processing_class": tokenizer,
        "callbacks": [TrainingWatch()],
        "peft_config": _adapter(plan),
    }
    options = _options(plan, device, has_held_out=held_out is not None)
    method = plan["method"]
    if method == "sft":
        config = trl.SFTConfig(max_length=plan["max_length"], completion_only_loss=True, **options)
        return trl.SFTTrainer(model, args=config, **common)
    if method == "dpo":
        config = trl.DPOConfig(max_length=plan["max_length"], beta=plan["beta"], **options)
        return trl.DPOTrainer(model, args=config, **common)
    if method == "kto":
        config = trl.KTOConfig(max_length=plan["max_length"], beta=plan["beta"], **options)
        return trl.KTOTrainer(model, args=config, **common)
    config = trl.GRPOConfig(
        num_generations=plan["answers"],
        max_completion_length=plan["answer_tokens"],
        temperature=plan["temperature"],
        beta=plan["beta"],
        **options,
    )
    return trl.GRPOTrainer(model, _rewards, args=config, **common)


def _rewards(*, completions: Any, key: list[str], **_: Any) -> list[float | None]:
    """The rewards of answers, as the worker's verifiers give them; None where they leave it open."""
    texts = [said[-1]["content"] if isinstance(said, list) else said for said in completions]
    return list(LINE.ask(keys=key, texts=texts))


def _adapter(plan: dict[str, Any]) -> Any:
    if not plan["lora_rank"]:
        return None
    from peft import LoraConfig

    return LoraConfig(
        r=plan["lora_rank"],
        lora_alpha=2 * plan["lora_rank"],
        lora_dropout=0.0,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )


def _options(plan: dict[str, Any], device: str, *, has_held_out: bool) -> dict[str, Any]:
    return {
        "output_dir": plan["out"],
        "seed": plan["seed"] % 2**32,
        "data_seed": plan["seed"] % 2**32,
        "max_steps": plan["steps"] or -1,
        "num_train_epochs": plan["epochs"],
        "per_device_train_batch_size": plan["batch"],
        "per_device_eval_batch_size": plan["batch"],
        "gradient_accumulation_steps": plan["accumulate"],
        "learning_rate": plan["learning_rate"],
        "lr_scheduler_type": "cosine",
        "warmup_steps": plan["warmup"],
        "logging_steps": plan["log_every"],
        "logging_first_step": True,
        # By itself the trainer writes the last good loss over one that is no number.
        "logging_nan_inf_filter": False,
        "save_strategy": "steps",
        "save_steps": plan["save_every"],
        "save_total_limit": 2,
        "eval_strategy": "steps" if has_held_out else "no",
        "eval_steps": plan["evaluate_every"],
        "use_cpu": device == "cpu",
        "bf16": False,
        "gradient_checkpointing": device != "cpu",
        "report_to": [],
        "disable_tqdm": True,
        "dataloader_num_workers": 0,
    }


def _begin(plan: dict[str, Any], trainer: Any, rows: Rows, held_out: Rows | None) -> None:
    weights = list(trainer.model.parameters())
    LINE.tell(
        STARTED,
        device=torch.cuda.get_device_name() if torch.cuda.is_available() else f"CPU, {plan['threads']} threads",
        rows=len(rows.data),
        rows_held_out=0 if held_out is None else len(held_out.data),
        too_long=rows.too_long + (0 if held_out is None else held_out.too_long),
        torn=rows.torn,
        longest=rows.longest,
        weights=sum(each.numel() for each in weights),
        trained_weights=sum(each.numel() for each in weights if each.requires_grad),
        versions={each.__name__: each.__version__ for each in (torch, transformers, trl)},
    )


def _write(plan: dict[str, Any], trainer: Any, tokenizer: Any, out: Path) -> None:
    """The model that was made, whole: an adapter is merged into the model it was trained on."""
    LINE.tell(NOTE, message="The model is being written.")
    made, waiting = out / "model", out / "model.part"
    shutil.rmtree(waiting, ignore_errors=True)
    model = trainer.accelerator.unwrap_model(trainer.model)
    if plan["lora_rank"]:
        model.save_pretrained(out / "adapter")
        model = model.merge_and_unload()
    model.save_pretrained(waiting, safe_serialization=True)
    tokenizer.save_pretrained(waiting)
    checkpoints.seal(waiting)
    shutil.rmtree(made, ignore_errors=True)
    waiting.replace(made)
    history = [entry for entry in trainer.state.log_history if "loss" in entry]
    LINE.tell(FINISHED, steps=trainer.state.global_step, last_loss=history[-1]["loss"] if history else None)


def _is_number(value: Any) -> bool:
    number = float(value)
    return number == number and abs(number) != float("inf")


def _full_disk(fault: BaseException) -> tuple[str, str] | None:
    """The fault of a full disk, however the library that wrote says so; None for any other."""
    is_full = isinstance(fault, OSError) and fault.errno in (errno.ENOSPC, errno.EDQUOT)
    if isinstance(fault, ChildFaultError) or not (is_full or any(word in brief(fault) for word in FULL)):
        return None
    return "disk", "The disk is full; the training goes on from its last checkpoint once there is room."


if __name__ == "__main__":
    run_child(LINE, main, WORDS, _full_disk)
