"""The bodies of answers, whole and streamed, in the forms of both APIs."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from trajectories.adapters.fake_endpoint.answers import Answer
from trajectories.core.tokens import estimate_tokens

CHUNK = 24
FINISHES = {"truncated": "length", "filtered": "content_filter"}


def usage_of(prompt: str, answer: Answer) -> dict[str, int]:
    """Token counts as the engine would estimate them: input, reasoning, output (reasoning included)."""
    thoughts = estimate_tokens(answer.reasoning)
    return {
        "input": estimate_tokens(prompt),
        "reasoning": thoughts,
        "output": thoughts
        + estimate_tokens(answer.text + answer.refusal)
        + (estimate_tokens(json.dumps(list(answer.tool_calls))) if answer.tool_calls else 0),
    }


def completion(model: str, prompt: str, answer: Answer, failure: str) -> dict[str, Any]:
    """A Chat Completions answer."""
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None}
    message |= {"reasoning_content": answer.reasoning} if answer.reasoning else {}
    message |= {"refusal": answer.refusal} if answer.refusal else {}
    message |= {"tool_calls": list(answer.tool_calls)} if answer.tool_calls else {}
    finish = "tool_calls" if answer.tool_calls else FINISHES.get(failure, "stop")
    body = {
        "id": "chatcmpl-fake",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
    }
    return body if failure == "no_usage" else {**body, "usage": _completion_usage(prompt, answer)}


def _completion_usage(prompt: str, answer: Answer) -> dict[str, Any]:
    counts = usage_of(prompt, answer)
    return {
        "prompt_tokens": counts["input"],
        "completion_tokens": counts["output"],
        "total_tokens": counts["input"] + counts["output"],
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": counts["reasoning"]},
    }


def response(model: str, prompt: str, answer: Answer, failure: str) -> dict[str, Any]:
    """A Responses answer."""
    counts = usage_of(prompt, answer)
    part = (
        {"type": "refusal", "refusal": answer.refusal}
        if answer.refusal
        else {"type": "output_text", "text": answer.text, "annotations": []}
    )
    output: list[dict[str, Any]] = []
    if answer.reasoning:
        output.append({"type": "reasoning", "summary": [{"type": "summary_text", "text": answer.reasoning}]})
    if answer.text or answer.refusal or not answer.tool_calls:
        output.append({"type": "message", "role": "assistant", "status": "completed", "content": [part]})
    for call in answer.tool_calls:
        output.append({"type": "function_call", "call_id": call.get("id"), **call.get("function", {})})
    reason = {"truncated": "max_output_tokens", "filtered": "content_filter"}.get(failure)
    return {
        "id": "resp-fake",
        "object": "response",
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "model": model,
        "output": output,
        "usage": {
            "input_tokens": counts["input"],
            "output_tokens": counts["output"],
            "total_tokens": counts["input"] + counts["output"],
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": counts["reasoning"]},
        },
    }


def stream_completion(whole: Mapping[str, Any]) -> Iterator[str]:
    """The events of a streamed Chat Completions answer."""
    message, finish = whole["choices"][0]["message"], whole["choices"][0]["finish_reason"]

    def event(delta: Mapping[str, Any], end: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": end}
        head = {"id": whole["id"], "object": "chat.completion.chunk", "model": whole["model"]}
        return f"data: {json.dumps({**head, 'choices': [choice]})}\n\n"

    yield event({"role": "assistant", "content": ""})
    for name in ("reasoning_content", "content", "refusal"):
        text = message.get(name) or ""
        for start in range(0, len(text), CHUNK):
            yield event({name: text[start : start + CHUNK]})
    for index, call in enumerate(message.get("tool_calls", ())):
        yield from map(event, _pieces_of_call(index, call))
    yield event({}, finish)
    if "usage" in whole:
        usage = {"object": "chat.completion.chunk", "model": whole["model"], "choices": [], "usage": whole["usage"]}
        yield f"data: {json.dumps(usage)}\n\n"
    yield "data: [DONE]\n\n"


def _pieces_of_call(index: int, call: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A tool call as it is streamed: its name first, then its arguments piece by piece."""
    function = call.get("function", {})
    arguments = function.get("arguments", "")
    yield {"tool_calls": [{"index": index, **call, "function": {**function, "arguments": ""}}]}
    for start in range(0, len(arguments), CHUNK):
        piece = {"index": index, "function": {"arguments": arguments[start : start + CHUNK]}}
        yield {"tool_calls": [piece]}


def stream_response(whole: Mapping[str, Any]) -> Iterator[str]:
    """The events of a streamed Responses answer: parts of the text, then the whole."""
    for item in whole["output"]:
        for part in item.get("content", ()):
            text = part.get("text", "")
            for start in range(0, len(text), CHUNK):
                event = {"type": "response.output_text.delta", "delta": text[start : start + CHUNK]}
                yield f"event: response.output_text.delta\ndata: {json.dumps(event)}\n\n"
    kind = f"response.{whole['status']}"
    yield f"event: {kind}\ndata: {json.dumps({'type': kind, 'response': whole})}\n\n"


ERRORS: Mapping[str, tuple[int, str, str | None]] = {
    "400": (400, "Unrecognized request argument supplied.", None),
    "context": (400, "This model's maximum context length is 4096 tokens.", "context_length_exceeded"),
    "no_tools": (400, "The model does not support tools.", None),
    "quota": (429, "You exceeded your current quota.", "insufficient_quota"),
    "401": (401, "Incorrect API key provided: {key}.", "invalid_api_key"),
    "403": (403, "This key may not use this model.", None),
    "404": (404, "The model does not exist.", "model_not_found"),
    "429": (429, "Rate limit reached.", "rate_limit_exceeded"),
    "500": (500, "The server had an error.", None),
    "503": (503, "The server is overloaded.", None),
}
"""(status, message, code) by the word of the failure."""


def error_body(failure: str, key: str) -> tuple[int, bytes]:
    """Status and body; some endpoints repeat the key they were given, and so does this one."""
    status, message, code = ERRORS[failure]
    return status, json.dumps({"error": {"message": message.format(key=key), "type": "error", "code": code}}).encode()
