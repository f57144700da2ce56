"""The parameters of tuning a language model, here or elsewhere."""

from collections.abc import Mapping
from typing import Any

from trajectories.adapters.training.base import Parameter, ParameterKind
from trajectories.adapters.training.rows import DPO, GRPO, KTO, SFT
from trajectories.core.exporters import THOUGHTS_WORDS, Thoughts
from trajectories.core.faults import Fault
from trajectories.core.records import JSON

ORIGINAL, BASE = "original", "base"
WHOLE, NUMBER, CHOICE, TEXT = (
    ParameterKind.WHOLE,
    ParameterKind.NUMBER,
    ParameterKind.CHOICE,
    ParameterKind.TEXT,
)

METHOD = Parameter(
    "method",
    "Method",
    CHOICE,
    SFT,
    help="SFT learns to say what the traces say. DPO needs right and wrong answers to one question, KTO either; GRPO "
    "samples answers of its own and has the verifiers reward them.",
    choices=(
        (SFT, "SFT: answers as they are"),
        (DPO, "DPO: right before wrong"),
        (KTO, "KTO: right or wrong, unpaired"),
        (GRPO, "GRPO: rewards by verifiers"),
    ),
)
THOUGHTS = Parameter(
    "thoughts",
    "Thoughts",
    CHOICE,
    Thoughts.TAGS.value,
    help="How the rows write what a model thought. A field is lost where the model's chat template does not read it.",
    choices=tuple((way.value, words) for way, words in THOUGHTS_WORDS.items()),
)
STEPS, OF_GRPO, NEW_MODEL, SAVING, LIMITS = (
    "Steps and rows",
    "Answers that GRPO samples",
    "A new model",
    "Curves and checkpoints",
    "Limits",
)
_GRPO_ALONE: dict[str, Any] = {"group": OF_GRPO, "counts_where": (("method", (GRPO,)),)}
_NEW_MODEL: dict[str, Any] = {"group": NEW_MODEL, "counts_where": (("model", ("",)),), "with_base": False}

OPTIMISING: tuple[Parameter, ...] = (
    Parameter("lora_rank", "Rank of the adapter (LoRA)", WHOLE, 0, "0 tunes all weights.", least=0, most=1_024),
    Parameter("beta", "Beta", NUMBER, 0.1, "How much DPO, KTO and GRPO keep to where they began.", least=0, most=10,
              counts_where=(("method", (DPO, KTO, GRPO)),)),
    Parameter("steps", "Steps", WHOLE, 0, "0 goes by epochs.", least=0, most=10_000_000, group=STEPS),
    Parameter("epochs", "Epochs", NUMBER, 1, least=0.01, most=1_000, group=STEPS, counts_where=(("steps", (0,)),)),
    Parameter("batch", "Rows in a batch", WHOLE, 4, least=1, most=4_096, group=STEPS),
    Parameter("accumulate", "Batches in a step", WHOLE, 1, least=1, most=4_096, group=STEPS),
    Parameter("learning_rate", "Learning rate", NUMBER, 0.00002, "A small new model wants about 0.003.",
              least=0, most=10, group=STEPS),
    Parameter("warmup", "Steps of warming up", WHOLE, 0, least=0, most=1_000_000, group=STEPS),
    Parameter("max_length", "Longest row in tokens", WHOLE, 1_024, "Longer rows are left out, and counted: none is cut "
              "off.", least=8, most=1_000_000, group=STEPS),
    Parameter("evaluation_share", "Share of problems the loss is only measured on", NUMBER, 0.05, least=0, most=0.9,
              group=STEPS),
    Parameter("answers", "Answers to each prompt", WHOLE, 4, least=2, most=256, **_GRPO_ALONE),
    Parameter("answer_tokens", "Longest answer in tokens", WHOLE, 256, least=1, most=100_000, **_GRPO_ALONE),
    Parameter("temperature", "Temperature of answers", NUMBER, 1.0, least=0.01, most=5, **_GRPO_ALONE),
)  # fmt: skip

TUNING: tuple[Parameter, ...] = (
    METHOD,
    Parameter("model", "Model", TEXT, "", "A folder in the folder of models; empty makes a small new model. Without a "
              "sampler to begin from only.", empty="a small new one", with_base=False),
    Parameter(
        "begin_from",
        "Begin from",
        CHOICE,
        ORIGINAL,
        help="STaR begins each generation from the original model, so that mistakes do not add up.",
        choices=((ORIGINAL, "the original model of the sampler"), (BASE, "the sampler as it is now")),
        with_base=True,
    ),
    THOUGHTS,
    *OPTIMISING,
    Parameter("layers", "Layers", WHOLE, 2, least=1, most=64, **_NEW_MODEL),
    Parameter("width", "Width", WHOLE, 64, least=8, most=8_192, **_NEW_MODEL),
    Parameter("heads", "Heads", WHOLE, 4, least=1, most=128, **_NEW_MODEL),
    Parameter("context", "Context in tokens", WHOLE, 2_048, least=16, most=1_000_000, **_NEW_MODEL),
    Parameter("log_every", "Steps between points of curves", WHOLE, 1, least=1, most=100_000, group=SAVING),
    Parameter("evaluate_every", "Steps between evaluations", WHOLE, 50, least=1, most=1_000_000, group=SAVING),
    Parameter("save_every", "Steps between checkpoints", WHOLE, 50, least=1, most=1_000_000, group=SAVING),
    Parameter("precision", "Precision", CHOICE, "auto", group=LIMITS, choices=(
        ("auto", "what the device is good at"), ("float32", "32 bits"), ("bfloat16", "16 bits (bfloat16)"))),
    Parameter("memory_gib", "Most memory in GiB", NUMBER, 0, "0 is no limit.", least=0, most=100_000, group=LIMITS),
    Parameter("disk_gib", "Most disk in GiB", NUMBER, 50, least=0.001, most=100_000, group=LIMITS),
    Parameter("silent_minutes", "Longest step in minutes", NUMBER, 60, least=0.01, most=10_000, group=LIMITS),
    Parameter("hours", "Most hours", NUMBER, 24, "It pauses then, and goes on from its last checkpoint when resumed.",
              least=0.001, most=1_000, group=LIMITS),
)  # fmt: skip


def check_tuning(parameters: Mapping[str, Any], *, has_base: bool) -> None:
    """Raise Fault where parameters do not go together."""
    if has_base and parameters["model"]:
        raise Fault(
            f"Found the model {parameters['model']!r} and a sampler to begin from, expected one of them.", field="model"
        )
    if not has_base and not parameters["model"]:
        _check_sizes(parameters)
    if parameters["method"] == GRPO and parameters["batch"] % parameters["answers"]:
        raise Fault(
            f"Found batches of {parameters['batch']} rows and {parameters['answers']} answers to each prompt, expected "
            "whole groups of answers in a batch.",
            field="answers",
        )
    if parameters["method"] == GRPO and parameters["answer_tokens"] >= parameters["max_length"]:
        raise Fault(
            f"Found answers of {parameters['answer_tokens']:,} tokens in rows of {parameters['max_length']:,}, "
            "expected room for the prompt.",
            field="answer_tokens",
        )


def _check_sizes(parameters: Mapping[str, JSON]) -> None:
    if parameters["width"] % (2 * parameters["heads"]):
        raise Fault(
            f"Found a width of {parameters['width']} and {parameters['heads']} heads, expected twice the heads, or a "
            "multiple of it.",
            field="width",
        )
    if parameters["max_length"] > parameters["context"]:
        raise Fault(
            f"Found rows of {parameters['max_length']:,} tokens and a new model with a context of "
            f"{parameters['context']:,}, expected no longer rows than its context.",
            field="max_length",
        )
