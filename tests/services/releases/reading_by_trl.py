"""Run by a Python that has trl: what its chat templates and trainers make of exported files.

    python reading_by_trl.py FOLDER

FOLDER has `NAME.parquet` for each format. Prints one line of JSON: versions, what each template makes of the agent in
`sft-messages`, and how many steps each trainer took. The model is tiny and random, the tokenizer one of bytes; both are
stored as FOLDER/model, for scripts that name a model.
"""

import json
import os
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import datasets
import transformers
import trl
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM, Qwen2ForSequenceClassification

FOLDER = Path(sys.argv[1])
TEMPLATES = Path(trl.__file__).parent / "chat_templates"
SPECIAL = ("[UNK]", "<pad>", "<|im_end|>", "<|im_start|>")
ALPHABET = sorted(pre_tokenizers.ByteLevel.alphabet())
VOCABULARY = {word: place for place, word in enumerate((*SPECIAL, *ALPHABET))}
SIZES = {
    "vocab_size": len(VOCABULARY),
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "pad_token_id": 1,
}
USUAL = {
    "output_dir": str(FOLDER / "trained"),
    "max_steps": 1,
    "per_device_train_batch_size": 2,
    "report_to": [],
    "use_cpu": True,
    "bf16": False,
    "save_strategy": "no",
    "gradient_checkpointing": False,
}


def tokenizer(template):
    inner = Tokenizer(models.BPE(vocab=VOCABULARY, merges=[], unk_token="[UNK]"))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    made = PreTrainedTokenizerFast(
        tokenizer_object=inner, unk_token="[UNK]", pad_token="<pad>", bos_token="<|im_start|>", eos_token="<|im_end|>"
    )
    made.chat_template = template.read_text()
    return made


def load(name):
    return datasets.Dataset.from_parquet(str(FOLDER / f"{name}.parquet"), cache_dir=str(FOLDER / "cache"))


def model():
    return Qwen2ForCausalLM(Qwen2Config(**SIZES))


def rendered():
    """By template: what is wrong with the agent as it renders it, "" for nothing."""
    agent = next(row for row in load("sft-messages") if row["tools"])
    found = {}
    for file in sorted(TEMPLATES.glob("*.jinja")):
        try:
            text = tokenizer(file).apply_chat_template(agent["messages"], tools=agent["tools"], tokenize=False)
        except Exception as fault:
            found[file.stem] = f"{type(fault).__name__}: {fault}"
            continue
        if '\\"code\\"' in text:
            found[file.stem] = "arguments are written twice"
        elif "None" in text:
            found[file.stem] = "a null is written"
        else:
            found[file.stem] = "" if "Answer: 42" in text else "the answer is missing"
    return found


def scores(completions, answer, **_):
    return [float(place + len(text or "")) for place, text in enumerate(answer)]


def trainers():
    def common():
        return {"processing_class": tokenizer(TEMPLATES / "qwen3_training.jinja")}

    long = {"max_length": 2048, **USUAL}
    judge = Qwen2ForSequenceClassification(Qwen2Config(**SIZES, num_labels=1))
    yield "sft-messages", lambda data: trl.SFTTrainer(model(), trl.SFTConfig(**long), train_dataset=data, **common())
    yield (
        "sft-prompt-completion",
        lambda data: trl.SFTTrainer(model(), trl.SFTConfig(**long), train_dataset=data, **common()),
    )
    yield (
        "preference",
        lambda data: trl.DPOTrainer(model(), model(), trl.DPOConfig(**long), train_dataset=data, **common()),
    )
    yield "preference", lambda data: trl.RewardTrainer(judge, trl.RewardConfig(**long), train_dataset=data, **common())
    yield (
        "unpaired",
        lambda data: trl.KTOTrainer(model(), model(), trl.KTOConfig(**long), train_dataset=data, **common()),
    )
    drawn = trl.GRPOConfig(num_generations=2, max_completion_length=4, **USUAL)
    yield "prompt-only", lambda data: trl.GRPOTrainer(model(), scores, drawn, train_dataset=data, **common())


def trained():
    """By format and trainer: the steps that were taken."""
    found = {}
    for name, make in trainers():
        trainer = make(load(name))
        found[f"{name} {type(trainer).__name__}"] = trainer.train().global_step
    return found


model().save_pretrained(FOLDER / "model")
tokenizer(TEMPLATES / "qwen3_training.jinja").save_pretrained(FOLDER / "model")
versions = {each.__name__: each.__version__ for each in (trl, datasets, transformers)}
sys.stdout.write("TOLD " + json.dumps({"versions": versions, "rendered": rendered(), "trained": trained()}) + "\n")
