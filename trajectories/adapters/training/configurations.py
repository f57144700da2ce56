"""What is written beside the rows for other programs that train: configurations, and a page for people."""

import json
from collections.abc import Mapping
from typing import Any

from trajectories.adapters.training.rows import DPO, KTO, SFT

STAGES = {SFT: "sft", DPO: "dpo", KTO: "kto"}
"""What LLaMA-Factory calls each method."""

TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "system_tag": "system",
}


def axolotl(told: Mapping[str, Any], *, has_held_out: bool) -> str:
    """A configuration for Axolotl; "" for a method whose conversations it does not read (KTO)."""
    if told["method"] == KTO:
        return ""
    kind = "chat_template.default" if told["method"] == DPO else "chat_template"
    rows = {"ds_type": "json", "type": kind, "field_messages": "messages"}
    rows |= {"field_chosen": "chosen", "field_rejected": "rejected"} if told["method"] == DPO else {}
    values: dict[str, Any] = {
        "base_model": told["model"],
        "chat_template": "tokenizer_default",
        **({"rl": "dpo", "rl_beta": told["beta"]} if told["method"] == DPO else {}),
        "datasets": [{"path": "data/train_messages.jsonl", **rows}],
        **({"test_datasets": [{"path": "data/evaluation_messages.jsonl", "split": "train", **rows}]}
           if has_held_out else {}),
        "sequence_len": told["max_length"],
        **({"adapter": "lora", "lora_r": told["lora_rank"], "lora_alpha": 2 * told["lora_rank"],
            "lora_target_linear": True} if told["lora_rank"] else {}),
        "micro_batch_size": told["batch"],
        "gradient_accumulation_steps": told["accumulate"],
        **({"max_steps": told["steps"]} if told["steps"] else {"num_epochs": told["epochs"]}),
        "learning_rate": told["learning_rate"],
        "lr_scheduler": "cosine",
        "optimizer": "adamw_torch",
        "warmup_steps": told["warmup"],
        "bf16": "auto",
        "seed": told["seed"] % 2**32,
        "output_dir": "./tuned",
    }  # fmt: skip
    return _yaml(values)


def llama_factory(told: Mapping[str, Any], *, has_held_out: bool) -> str:
    """A configuration for LLaMA-Factory. Its own template has to be named, which depends on the model."""
    values: dict[str, Any] = {
        "model_name_or_path": told["model"],
        "stage": STAGES[told["method"]],
        "do_train": True,
        "finetuning_type": "lora" if told["lora_rank"] else "full",
        **({"lora_rank": told["lora_rank"], "lora_target": "all"} if told["lora_rank"] else {}),
        **({} if told["method"] == SFT else {"pref_beta": told["beta"]}),
        "dataset_dir": "data",
        "dataset": "train",
        **({"eval_dataset": "evaluation", "eval_strategy": "steps", "eval_steps": 50} if has_held_out else {}),
        "template": "default",
        "cutoff_len": told["max_length"],
        "per_device_train_batch_size": told["batch"],
        "gradient_accumulation_steps": told["accumulate"],
        **({"max_steps": told["steps"]} if told["steps"] else {"num_train_epochs": told["epochs"]}),
        "learning_rate": told["learning_rate"],
        "lr_scheduler_type": "cosine",
        "warmup_steps": told["warmup"],
        "save_steps": 50,
        "logging_steps": 1,
        "seed": told["seed"] % 2**32,
        "output_dir": "tuned",
    }  # fmt: skip
    return _yaml(values)


def dataset_info(told: Mapping[str, Any]) -> dict[str, Any]:
    """How LLaMA-Factory finds and reads the rows."""
    columns = {"messages": "messages"}
    columns |= {"chosen": "chosen", "rejected": "rejected"} if told["method"] == DPO else {}
    columns |= {"kto_tag": "label"} if told["method"] == KTO else {}
    ranking = {"ranking": True} if told["method"] == DPO else {}
    return {
        name: {
            "file_name": f"{name}_messages.jsonl",
            "formatting": "sharegpt",
            **ranking,
            "columns": columns,
            "tags": TAGS,
        }
        for name in ("train", "evaluation")
    }


def readme(told: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    """What is in the package and what to do with it."""
    other = facts["rows_with_tools_or_more_turns"]
    left_out = (
        f"{other:,} rows with tools or with answers of several turns are in neither: only trl reads them here.\n"
        if other
        else ""
    )
    with_axolotl = (
        "- Axolotl: `axolotl train axolotl.yaml` (rows: `data/*_messages.jsonl`).\n"
        if told["method"] != KTO
        else "- Axolotl reads no conversations for KTO, so that there is no configuration for it.\n"
    )
    return (
        f"# Training package: {told['method'].upper()} of {told['model']}\n\n"
        f"{facts['rows']:,} rows to learn from, {facts['rows_held_out']:,} to measure the loss on. "
        f"{facts['items_kept_for_evaluation']:,} items of the release are kept for evaluation and are not in here.\n\n"
        "One of these, in this folder:\n\n"
        "- trl: `pip install -r requirements.txt`, then `python train.py` (rows: `data/train.jsonl`, "
        "`data/evaluation.jsonl`; settings: `settings.json`).\n"
        f"{with_axolotl}"
        "- LLaMA-Factory: set `template` in `llamafactory.yaml` to the one of the model, then "
        "`llamafactory-cli train llamafactory.yaml` (rows: `data/*_messages.jsonl`, `data/dataset_info.json`).\n\n"
        f"{left_out}"
        "The script for trl leaves out rows that are longer than the limit and says how many; the other two cut them "
        "off.\n\n"
        "The tuned model is in `tuned/` (of LoRA with Axolotl or LLaMA-Factory: its adapter). Serve it, for instance "
        "with `vllm serve tuned`, add the address as a sampler, and say on the training's page that this sampler came "
        "of it.\n"
    )


def _yaml(values: Mapping[str, Any]) -> str:
    """A mapping as YAML; values are written as JSON, which YAML reads."""
    return "".join(f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items())
