"""Opening the folder of a model, or making a small new one, in the environment of `make training`."""

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    GgufConfig,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from trajectories.adapters.local_models.inside.lines import ChildFaultError

UNKNOWN, PAD, BEGIN, END = "<|unknown|>", "<|pad|>", "<|im_start|>", "<|im_end|>"
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""The chat template of new models (ChatML)."""

TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "tokenizer_config.json", "vocab.json", "spiece.model")


def open_tokenizer(folder: Path, *, needs_template: bool = True) -> Any:
    """The tokenizer of a folder. Raises ChildFaultError where it, or a chat template that is needed, is missing."""
    gguf = gguf_of(folder)
    if not gguf and not any((folder / name).is_file() for name in TOKENIZER_FILES):
        raise ChildFaultError(
            "no_tokenizer", f"The folder {folder.name} has no tokenizer; expected tokenizer.json or tokenizer.model."
        )
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, **gguf)
    except Exception as fault:
        raise ChildFaultError(
            "no_tokenizer", f"The tokenizer of {folder.name} cannot be read: {brief(fault)}"
        ) from fault
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    if needs_template and not tokenizer.chat_template:
        raise ChildFaultError(
            "no_template",
            f"The tokenizer of {folder.name} has no chat template; expected one in chat_template.jinja or in "
            "tokenizer_config.json, as models that were tuned for conversations have it.",
        )
    return tokenizer


def open_model(folder: Path, *, precision: str, device: str) -> Any:
    """The weights of a folder, in safetensors or GGUF. Nothing in the folder is executed. Raises ChildFaultError.

    Those of a GGUF file are unpacked into numbers of the precision: a packed model can neither be trained nor be kept.
    """
    gguf: dict[str, Any] = dict(gguf_of(folder))
    if not gguf and not (folder / "config.json").is_file():
        raise ChildFaultError(
            "no_model", f"The folder {folder.name} has no model; expected config.json and *.safetensors."
        )
    if not gguf and not list(folder.glob("*.safetensors")):
        raise ChildFaultError(
            "no_model", f"The folder {folder.name} has no weights; expected *.safetensors, or one *.gguf."
        )
    if gguf:
        gguf["quantization_config"] = GgufConfig(dequantize=True)
    try:
        return AutoModelForCausalLM.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=dtype_of(precision, device), **gguf
        ).to(device)
    except Exception as fault:
        raise ChildFaultError("no_model", f"The model in {folder.name} cannot be read: {brief(fault)}") from fault


def gguf_of(folder: Path) -> dict[str, str]:
    """What names the one GGUF file of a folder to transformers; empty where there is none."""
    found = sorted(folder.glob("*.gguf"))
    return {"gguf_file": found[0].name} if found else {}


def context_of(folder: Path) -> int:
    """How many tokens the model of a folder takes; 0 where it does not say."""
    found = AutoConfig.from_pretrained(folder, local_files_only=True, **gguf_of(folder))
    return int(getattr(found, "max_position_embeddings", 0) or 0)


def dtype_of(precision: str, device: str) -> torch.dtype:
    """The type of numbers: as asked, or what the device is good at."""
    if precision == "auto":
        return torch.bfloat16 if device == "cuda" and torch.cuda.is_bf16_supported() else torch.float32
    return {"float32": torch.float32, "bfloat16": torch.bfloat16}[precision]


def device_of() -> str:
    """A card where there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def make_model(folder: Path, *, sizes: dict[str, int], seed: int) -> None:
    """Write a small model with random weights and a tokenizer of bytes; the same seed makes the same weights."""
    torch.manual_seed(seed % 2**63)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: place for place, token in enumerate((UNKNOWN, PAD, BEGIN, END, *alphabet))}
    inner = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token=UNKNOWN))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, unk_token=UNKNOWN, pad_token=PAD, bos_token=BEGIN, eos_token=END
    )
    tokenizer.chat_template = TEMPLATE
    tokenizer.model_max_length = sizes["context"]
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=sizes["width"],
        intermediate_size=4 * sizes["width"],
        num_hidden_layers=sizes["layers"],
        num_attention_heads=sizes["heads"],
        num_key_value_heads=sizes["heads"],
        max_position_embeddings=sizes["context"],
        pad_token_id=vocabulary[PAD],
        bos_token_id=vocabulary[BEGIN],
        eos_token_id=vocabulary[END],
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "made.json").write_text(json.dumps({"sizes": sizes, "seed": seed}, sort_keys=True), encoding="utf-8")


def brief(fault: BaseException) -> str:
    """A library's fault in a line."""
    text = " ".join(str(fault).split()) or type(fault).__name__
    return text if len(text) <= 300 else f"{text[:297]}..."
