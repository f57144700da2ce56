"""Write a log of inspect with a mock model: FORMAT (eval or json) and FOLDER."""

import sys

from inspect_ai import Task
from inspect_ai import eval as evaluate
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageAssistant, ContentReasoning, ContentText, ModelOutput, ModelUsage, get_model
from inspect_ai.model._model_output import ChatCompletionChoice
from inspect_ai.scorer import Score, includes, match, mean, scorer
from inspect_ai.solver import generate, system_message, use_tools
from inspect_ai.tool import tool


@tool
def add():
    async def execute(x: int, y: int):
        """Add.

        Args:
            x: One number.
            y: Another.
        """
        return "long " * 400 + str(x + y)

    return execute


@scorer(metrics=[mean()])
def odd():
    async def score(state, target):
        none = {"value": float("nan")}  # before there was a word for it
        return Score.unscored(reason="nothing to score") if hasattr(Score, "unscored") else Score(**none)

    return score


def said(text, stop="stop"):
    content = [ContentReasoning(reasoning="Six sevens. " * 200, signature="s"), ContentText(text=text)]
    message = ChatMessageAssistant(content=content, model="m", source="generate")
    counts = {"input_tokens": 10, "output_tokens": 20, "total_tokens": 35, "reasoning_tokens": 7}
    counts["input_tokens_cache_read"] = 5
    usage = ModelUsage(**counts)
    return ModelOutput(model="m", choices=[ChatCompletionChoice(message=message, stop_reason=stop)], usage=usage)


call = ModelOutput.for_tool_call("m", "add", {"x": 40, "y": 2}, content="Let me add.")
call.usage = ModelUsage(input_tokens=10, output_tokens=3, total_tokens=13)
task = Task(
    dataset=[Sample(id="ie-0", input="[ie] Six times seven?", target="42")],
    name="sums",
    epochs=2,
    solver=[system_message("Be brief."), use_tools(add()), generate()],
    scorer=[match(), includes(), odd()],
)
model = get_model("mockllm/model", custom_outputs=[call, said("ANSWER: 42"), said("ANSWER: 1", "max_tokens")])
log = evaluate(task, model=model, log_format=sys.argv[1], log_dir=sys.argv[2], max_samples=1, display="none")[0]
assert log.status == "success", log.error
