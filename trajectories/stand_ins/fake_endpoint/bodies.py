"""The bodies of answers, whole and streamed, in the forms of both APIs."""

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trajectories.core.text.tokens import estimate_tokens
from trajectories.stand_ins.fake_endpoint.answers import Answer

CHUNK = 24
FINISHES = {"truncated": "length", "filtered": "content_filter"}


def usage_of(asked: int, answer: Answer) -> dict[str, int]:
    """Token counts, of the answer as the engine would estimate them: input, reasoning, output (reasoning included)."""
    thoughts = estimate_tokens(answer.reasoning)
    return {
        "input": asked,
        "reasoning": thoughts,
        "output": thoughts
        + estimate_tokens(answer.text + answer.refusal)
        + (estimate_tokens(json.dumps(list(answer.tool_calls))) if answer.tool_calls else 0),
    }


def completion(
    model: str, asked: int, answers: Sequence[Answer], failure: str, *, logprobs: bool = False
) -> dict[str, Any]:
    """A Chat Completions answer with a choice for each of the answers to a prompt of `asked` tokens."""
    choices = [_choice(index, answer, failure, logprobs) for index, answer in enumerate(answers)]
    body = {"id": "chatcmpl-fake", "object": "chat.completion", "created": 0, "model": model, "choices": choices}
    return body if failure == "no_usage" else {**body, "usage": _completion_usage(asked, answers)}


def _choice(index: int, answer: Answer, failure: str, logprobs: bool) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None}
    message |= {"reasoning_content": answer.reasoning} if answer.reasoning else {}
    message |= {"refusal": answer.refusal} if answer.refusal else {}
    message |= {"tool_calls": list(answer.tool_calls)} if answer.tool_calls else {}
    finish = "tool_calls" if answer.tool_calls and failure != "truncated" else FINISHES.get(failure, "stop")
    choice = {"index": index, "message": message, "finish_reason": finish}
    words = [{"token": word, "logprob": -len(word) / 10} for word in answer.text.split()]
    return choice | ({"logprobs": {"content": words}} if logprobs else {})


def name_stops(body: Mapping[str, Any], answers: Sequence[Answer]) -> None:
    """Say in each choice what stopped it, null where nothing did."""
    for choice, answer in zip(body["choices"], answers, strict=False):
        choice["stop_reason"] = answer.stop or None


def _completion_usage(asked: int, answers: Sequence[Answer]) -> dict[str, Any]:
    counts = [usage_of(asked, answer) for answer in answers]
    incoming, outgoing = counts[0]["input"], sum(count["output"] for count in counts)
    return {
        "prompt_tokens": incoming,
        "completion_tokens": outgoing,
        "total_tokens": incoming + outgoing,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": sum(count["reasoning"] for count in counts)},
    }


def tokens_of(whole: Mapping[str, Any]) -> dict[str, int]:
    """What an answer says it took; nothing where it says nothing."""
    usage = whole.get("usage") or {}
    return {
        "input": usage.get("prompt_tokens", usage.get("input_tokens", 0)),
        "output": usage.get("completion_tokens", usage.get("output_tokens", 0)),
    }


def response(model: str, asked: int, answer: Answer, failure: str) -> dict[str, Any]:
    """A Responses answer to a prompt of `asked` tokens."""
    counts = usage_of(asked, answer)
    part = (
        {"type": "refusal", "refusal": answer.refusal}
        if answer.refusal
        else {"type": "output_text", "text": answer.text, "annotations": []}
    )
    reason = {"truncated": "max_output_tokens", "filtered": "content_filter"}.get(failure)
    status = "incomplete" if reason else "completed"
    output: list[dict[str, Any]] = []
    if answer.reasoning:
        summary = [{"type": "summary_text", "text": answer.reasoning}]
        output.append({"id": "rs-fake", "type": "reasoning", "summary": summary})
    if answer.text or answer.refusal or not answer.tool_calls:
        message = {"id": "msg-fake", "type": "message", "role": "assistant", "status": status, "content": [part]}
        output.append(message)
    for number, call in enumerate(answer.tool_calls):
        function = {"name": "", "arguments": "", **call.get("function", {})}
        output.append({"id": f"fc-fake-{number}", "type": "function_call", "call_id": call.get("id"), **function})
    return {
        "id": "resp-fake",
        "object": "response",
        "created_at": 0,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": reason} if reason else None,
        "instructions": None,
        "metadata": {},
        "model": model,
        "output": output,
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": {
            "input_tokens": counts["input"],
            "output_tokens": counts["output"],
            "total_tokens": counts["input"] + counts["output"],
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": counts["reasoning"]},
        },
    }


def stream_completion(whole: Mapping[str, Any]) -> Iterator[str]:
    """The events of a streamed Chat Completions answer, its choices piece by piece in turn."""
    head = {"id": whole["id"], "object": "chat.completion.chunk", "model": whole["model"]}
    streams = [_deltas(choice) for choice in whole["choices"]]
    for parts in itertools.zip_longest(*streams):
        for part in parts:
            if part is not None:
                yield f"data: {json.dumps({**head, 'choices': [part]})}\n\n"
    if "usage" in whole:
        yield f"data: {json.dumps({**head, 'choices': [], 'usage': whole['usage']})}\n\n"
    yield "data: [DONE]\n\n"


def _deltas(choice: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What is streamed of one choice."""
    message, index = choice["message"], choice["index"]

    def part(delta: Mapping[str, Any], end: str | None = None) -> dict[str, Any]:
        return {"index": index, "delta": delta, "finish_reason": end}

    yield part({"role": "assistant", "content": ""})
    for name in ("reasoning_content", "content", "refusal"):
        text = message.get(name) or ""
        for start in range(0, len(text), CHUNK):
            yield part({name: text[start : start + CHUNK]})
    for number, call in enumerate(message.get("tool_calls", ())):
        yield from map(part, _pieces_of_call(number, call))
    logprobs = {"logprobs": choice["logprobs"]} if "logprobs" in choice else {}
    yield part({}, choice["finish_reason"]) | logprobs


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


BROKEN = {"code": 502, "message": "The upstream model went away."}


def spoil(whole: Mapping[str, Any], failure: str) -> dict[str, Any]:
    """A whole answer that is an error all the same: "error_200", "half", "died", "unfinished" or "failed"."""
    if failure == "error_200":
        return {"error": BROKEN}
    if whole["object"] == "response":
        status = "in_progress" if failure == "unfinished" else "failed"
        error = {"code": "server_error", "message": BROKEN["message"]} if status == "failed" else None
        return {**whole, "status": status, "error": error, "output": []}
    if failure == "failed":
        return {**whole, "choices": None, "error": BROKEN}
    choices = [dict(choice) for choice in whole["choices"]]
    for choice in choices:
        text = choice["message"]["content"] or ""
        choice["message"] = {**choice["message"], "content": text[: len(text) // 2]}
        choice["finish_reason"] = {"half": "error", "died": "abort", "unfinished": None}[failure]
    return {**whole, "choices": choices}


def spoil_stream(events: Sequence[str], failure: str) -> list[str]:
    """The events of an answer whose engine fails on the way."""
    error = f"data: {json.dumps({'error': BROKEN})}\n\n"
    if failure == "error_200":
        return [error]
    half = list(events[: max(1, len(events) // 2)])
    ends = {"half": [error], "failed": [error], "died": [error, "data: [DONE]\n\n"], "unfinished": ["data: [DONE]\n\n"]}
    return [*half, *ends[failure]]


SPOILT = ("error_200", "half", "died", "unfinished", "failed")

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


def refusal_body(words: str) -> bytes:
    """The body of a 400 that says what is not taken."""
    return json.dumps({"error": {"message": words, "type": "invalid_request_error", "code": None}}).encode()
