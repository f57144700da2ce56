"""Tune a model with trl on the rows beside this file, as settings.json says.

    pip install -r requirements.txt
    python train.py                # or: accelerate launch train.py

The model is written to tuned/. Run again after an interruption, it goes on from the last checkpoint.
"""

import json
from pathlib import Path
from typing import Any

import torch
import trl
from datasets import Dataset, Features, Json, Value
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.trainer_utils import get_last_checkpoint

HERE = Path(__file__).resolve().parent
COLUMNS = {
    "sft": ("prompt", "completion"),
    "dpo": ("prompt", "chosen", "rejected"),
    "kto": ("prompt", "completion", "label"),
}


def read(name: str, method: str, tokenizer: Any, longest: int) -> Dataset | None:
    """The rows of a file that are not too long; None for no rows."""
    lines = (HERE / "data" / name).read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    columns = (*COLUMNS[method], *(["tools"] if any(row.get("tools") for row in rows) else []))
    kept = [row for row in rows if length(row, method, tokenizer) <= longest]
    print(f"{name}: {len(kept)} rows, {len(rows) - len(kept)} left out with more than {longest} tokens")  # noqa: T201
    # As JSON a message keeps its own keys: typed columns would give each the keys of all others, with nulls.
    features = Features({column: Value("bool") if column == "label" else Json() for column in columns})
    found = [{column: row.get(column) for column in columns} for row in kept]
    return Dataset.from_list(found, features=features) if found else None


def length(row: dict[str, Any], method: str, tokenizer: Any) -> int:
    """Tokens of the longest conversation in a row."""
    answers = [row[column] for column in COLUMNS[method][1:] if column != "label"]
    return max(
        len(
            tokenizer.apply_chat_template(
                [*row["prompt"], *answer], tools=row.get("tools"), tokenize=True, return_dict=True
            )["input_ids"]
        )
        for answer in answers
    )


def main() -> None:
    """Train, and write the model."""
    told = json.loads((HERE / "settings.json").read_text(encoding="utf-8"))
    method, out = told["method"], HERE / "checkpoints"
    tokenizer = AutoTokenizer.from_pretrained(told["model"])
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    train = read("train.jsonl", method, tokenizer, told["max_length"])
    held_out = read("evaluation.jsonl", method, tokenizer, told["max_length"])
    bfloat = torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    model = AutoModelForCausalLM.from_pretrained(told["model"], dtype=torch.bfloat16 if bfloat else torch.float32)
    options = {
        **told["options"],
        "output_dir": str(out),
        "eval_strategy": "steps" if held_out is not None else "no",
        "logging_nan_inf_filter": False,
        "report_to": [],
        "bf16": False,
    }
    rank = told["lora_rank"]
    adapter = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="CAUSAL_LM")
    config, trainer_class = {
        "sft": (trl.SFTConfig, trl.SFTTrainer),
        "dpo": (trl.DPOConfig, trl.DPOTrainer),
        "kto": (trl.KTOConfig, trl.KTOTrainer),
    }[method]
    beta = {} if method == "sft" else {"beta": told["beta"]}
    trainer = trainer_class(
        model,
        args=config(max_length=told["max_length"], **beta, **options),
        train_dataset=train,
        eval_dataset=held_out,
        processing_class=tokenizer,
        peft_config=adapter if rank else None,
    )
    trainer.train(resume_from_checkpoint=get_last_checkpoint(str(out)) if out.is_dir() else None)
    tuned = trainer.accelerator.unwrap_model(trainer.model)
    tuned = tuned.merge_and_unload() if rank else tuned
    tuned.save_pretrained(HERE / "tuned")
    tokenizer.save_pretrained(HERE / "tuned")


if __name__ == "__main__":
    main()
