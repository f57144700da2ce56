"""A small true row of every shape that was made elsewhere, and what comes of it."""

from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
ASKED = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is 2 + 2?"}]
REASONED = {
    "role": "assistant",
    "content": [
        {"type": "reasoning", "reasoning": "attachment://a1", "signature": "s", "redacted": False},
        {"type": "text", "text": "ANSWER: 4"},
    ],
}
CALLED = {
    "role": "assistant",
    "content": "Let me add.",
    "tool_calls": [{"id": "c1", "function": "add", "arguments": {"x": 2, "y": 2}, "type": "function"}],
}
GRID = [[3, 3]]


@dataclass(frozen=True)
class Case:
    """A row and its traces: for each the response, the thoughts, (verifier, outcome) of its verdicts."""

    row: Row
    responses: list[str]
    thoughts: list[str] = field(default_factory=list)
    verdicts: list[list[tuple[str, str]]] = field(default_factory=list)
    finish: str = "stop"
    tokens: int = 0
    question: str = "What is 2 + 2?"
    reference: Any = None
    reviews: list[tuple[str, str]] = field(default_factory=list)


GRAPH = {
    "id": "g1",
    "task": {"type": "Sum", "data": {"idx": 0, "name": "sum-1", "prompt": "What is 2 + 2?", "answer": "4"}},
    "agent": {"name": "solver", "config": {"model": "lab/m", "sampling": {"temperature": 0.5}}},
    "nodes": [
        {"message": ASKED[0]},
        {"parent": 0, "message": ASKED[1]},
        {"parent": 1, "sampled": True, "message": {"role": "assistant", "content": "Another branch."}},
        {
            "parent": 1,
            "sampled": True,
            "message": {
                "role": "assistant",
                "content": "Let me add.",
                "tool_calls": [{"id": "c1", "name": "add", "arguments": '{"x": 2, "y": 2}'}],
            },
        },
        {"parent": 3, "message": {"role": "tool", "tool_call_id": "c1", "content": "4"}},
        {
            "parent": 4,
            "sampled": True,
            "message": {"role": "assistant", "content": "It is 4.", "reasoning_content": "As told."},
        },
    ],
    "calls": [
        {"node": 3, "usage": {"prompt_tokens": 10, "completion_tokens": 2, "cached_input_tokens": 5, "cost": 0.25}},
        {"node": None, "error": {"type": "ProviderError", "message": "busy"}},
        {
            "node": 5,
            "model": "m-1",
            "finish_reason": "length",
            "sampling": {"temperature": 0.7},
            "usage": {"prompt_tokens": 20, "completion_tokens": 4, "reasoning_tokens": 3, "cost": 0.5},
        },
    ],
    "rewards": {"right": {"score": 1.0, "weight": 0.5}, "brief": {"score": 0.5, "weight": 1.0}, "later": None},
    "metrics": {"turns": 2.0},
    "ok": True,
    "stop_condition": "agent_completed",
    "errors": [],
}
GRAPH_SAID: dict[str, Any] = {
    "responses": ["Let me add.\n\nIt is 4."],
    "thoughts": ["As told."],
    "verdicts": [
        [
            ("verifiers reward", "pass"),
            ("verifiers right", "pass"),
            ("verifiers brief", "fail"),
            ("verifiers turns", "unscored"),
        ]
    ],
    "finish": "length",
    "tokens": 6,
    "reference": "4",
}


CASES: dict[str, Case] = {
    "graph": Case(GRAPH, **GRAPH_SAID),
    "episode": Case({"id": "e1", "task": GRAPH["task"], "ok": True, "errors": [], "traces": [GRAPH]}, **GRAPH_SAID),
    "sample": Case(
        {
            "id": "sum-1",
            "epoch": 2,
            "input": "What is 2 + 2?",
            "target": "4",
            "messages": [
                *ASKED,
                CALLED,
                {"role": "tool", "content": "attachment://a2", "tool_call_id": "c1", "function": "add"},
                REASONED,
            ],
            "output": {
                "model": "m",
                "choices": [{"message": REASONED, "stop_reason": "max_tokens"}],
                "usage": {"input_tokens": 1, "output_tokens": 1},
            },
            "scores": {
                "match": {"value": "C", "answer": "4", "explanation": "attachment://a2", "history": []},
                "parts": {"value": {"form": 1, "length": 0.5}},
                "odd": {"value": None, "explanation": "no ruler"},
                "grade": {"value": 7},
            },
            "model_usage": {
                "lab/m": {
                    "input_tokens": 20,
                    "input_tokens_cache_read": 5,
                    "output_tokens": 30,
                    "reasoning_tokens": 7,
                    "total_cost": 0.25,
                }
            },
            "attachments": {"a1": "Two twos.", "a2": "4, as a tool says"},
            "inspect_eval": {"model": "lab/m", "model_generate_config": {"temperature": 0.5}},
        },
        ["Let me add.\n\nANSWER: 4"],
        ["Two twos."],
        [
            [
                ("inspect match", "pass"),
                ("inspect parts/form", "pass"),
                ("inspect parts/length", "fail"),
                ("inspect odd", "unscored"),
                ("inspect grade", "unscored"),
            ]
        ],
        finish="length",
        tokens=30,
        reference="4",
    ),
    "events": Case(
        {
            "eval_events": {
                "sampling": {"prompt": ASKED, "sampled": ["4"]},
                "match": {"correct": True, "expected": "4", "picked": "4"},
                "metrics": {"accuracy": 0.5},
            },
            "sample_id": "sum.test.0",
            "spec": {"run_id": "r", "completion_fns": ["m"]},
        },
        ["4"],
        verdicts=[[("evals match", "pass"), ("evals metrics/accuracy", "fail")]],
        reference="4",
    ),
    "attempts": Case(
        {
            "problem_id": "p-1",
            "arc_attempts": [
                {
                    "attempt_1": {
                        "answer": "[[4, 4]]",
                        "correct": False,
                        "metadata": {
                            "model": "m",
                            "pair_index": 1,
                            "choices": [{"message": {"role": "assistant", "content": "second"}}],
                            "usage": {"prompt_tokens": 9, "completion_tokens": 5},
                            "cost": {"total_cost": 0.5},
                        },
                    },
                    "attempt_2": None,
                },
                {
                    "attempt_1": {
                        "answer": GRID,
                        "correct": True,
                        "metadata": {
                            "model": "m",
                            "pair_index": 0,
                            "choices": [{"message": {"role": "assistant", "content": "first"}}],
                            "usage": {"prompt_tokens": 9, "completion_tokens": 6},
                            "cost": {"total_cost": 0.25},
                        },
                    },
                    "attempt_2": {"answer": GRID, "metadata": {"pair_index": 1}},
                },
            ],
        },
        ["first\n\nsecond", "no grid\n\n[[3, 3]]"],
        verdicts=[[("arc-agi-benchmarking correct", "fail")], []],
        tokens=11,
        question="",
    ),
    "labelled": Case(
        {
            "labeler": "p-1",
            "question": {"problem": "What is 2 + 2?", "ground_truth_answer": "4", "pre_generated_steps": None},
            "label": {
                "steps": [
                    {
                        "completions": [{"text": "One.", "rating": 0}, {"text": "Two twos.", "rating": 1}],
                        "human_completion": None,
                        "chosen_completion": 1,
                    },
                    {
                        "completions": [{"text": "No.", "rating": -1}],
                        "human_completion": {"text": "So 4."},
                        "chosen_completion": None,
                    },
                    {
                        "completions": [{"text": "So 5.", "rating": -1, "flagged": False}],
                        "human_completion": None,
                        "chosen_completion": None,
                    },
                ],
                "finish_reason": "found_error",
            },
        },
        ["Two twos.\n\nSo 4.\n\nSo 5."],
        reference="4",
        reviews=[("p-1", "reject")],
    ),
    "label-studio": Case(
        {
            "id": 3,
            "data": {"prompt": "What is 2 + 2?", "response": "It is 4.", "expected_answer": "4"},
            "annotations": [
                {
                    "completed_by": {"id": 7, "email": "somebody@example.org"},
                    "was_cancelled": False,
                    "result": [
                        {"from_name": "ok", "type": "choices", "value": {"choices": ["Accept"]}},
                        {"from_name": "stars", "type": "rating", "value": {"rating": 4}},
                        {"from_name": "why", "type": "textarea", "value": {"text": ["Clear."]}},
                        {"from_name": "topic", "type": "number", "value": {"number": 12}},
                    ],
                },
                {"completed_by": 8, "was_cancelled": True, "result": []},
                {"completed_by": 9, "result": [{"from_name": "stars", "type": "rating", "value": {"rating": 2}}]},
            ],
            "predictions": [
                {
                    "model_version": "judge-1",
                    "score": 0.9,
                    "result": [{"from_name": "ok", "type": "choices", "value": {"choices": ["reject"]}}],
                },
            ],
        },
        ["It is 4."],
        verdicts=[[("judge-1 ok", "unscored"), ("annotator-7 topic", "unscored"), ("annotator-9 stars", "unscored")]],
        reference="4",
        reviews=[("annotator-7", "accept")],
    ),
    "argilla": Case(
        {
            "id": "r-1",
            "status": "completed",
            "fields": {"question": "What is 2 + 2?", "response": "It is 4."},
            "metadata": {"model": "m"},
            "responses": {
                "verdict": [
                    {"value": "reject", "user_id": "u-1", "status": "submitted"},
                    {"value": "accept", "user_id": "u-2", "status": "draft"},
                ],
                "comment": [{"value": "Too short.", "user_id": "u-1", "status": "submitted"}],
            },
            "suggestions": {"verdict": {"value": "yes", "score": 0.8, "agent": "judge"}},
        },
        ["It is 4."],
        verdicts=[[("judge verdict", "pass")]],
        reviews=[("annotator-u-1", "reject")],
    ),
    "gym": Case(
        {
            "responses_create_params": {"input": ASKED},
            "response": {
                "object": "response",
                "model": "m",
                "output": [
                    {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Two twos."}]},
                    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "4"}]},
                ],
                "usage": {"input_tokens": 9, "output_tokens": 4},
            },
            "reward": 1.0,
            "expected_answer": "4",
        },
        ["4"],
        ["Two twos."],
        [[("verifiers reward", "pass")]],
        tokens=4,
        reference="4",
    ),
    "shared": Case(
        {
            "system": "Think first.",
            "conversations": [
                {"from": "human", "value": "What is 2 + 2?"},
                {"from": "gpt", "value": "<think>Two twos.</think>It is 4."},
            ],
            "answer": "4",
        },
        ["<think>Two twos.</think>It is 4."],
        ["Two twos."],
        reference="4",
    ),
    "generated": Case(
        {
            "problem": "What is 2 + 2?",
            "answer": "4",
            "uuid": "u0",
            "generations": ["<think>a</think>4", None, "<think>b"],
            "finish_reasons": ["stop", None, None],
            "correctness_math_verify": [True, None, False],
            "is_reasoning_complete": [True, False, False],
            "messages": [{"role": "user", "content": "What is 2 + 2?"}],
        },
        ["<think>a</think>4", "<think>b"],
        ["a", "b"],
        [[("correctness_math_verify", "pass")], [("correctness_math_verify", "fail")]],
        reference="4",
    ),
    "rollout": Case(
        {
            "example_id": 3,
            "prompt": ASKED,
            "completion": [
                {
                    "role": "assistant",
                    "content": "",
                    "tool_calls": [{"id": "c", "type": "function", "function": {"name": "add", "arguments": "{}"}}],
                },
                {"role": "tool", "tool_call_id": "c", "content": "4"},
                {"role": "assistant", "content": "It is 4.", "reasoning_content": "As told."},
            ],
            "answer": "4",
            "reward": 0.5,
            "metrics": {"correct": 1.0, "num_turns": 2},
            "error": None,
            "is_truncated": True,
            "token_usage": {"input_tokens": 20, "output_tokens": 6},
        },
        ["It is 4."],
        ["As told."],
        [[("verifiers reward", "fail"), ("verifiers correct", "pass"), ("verifiers num_turns", "unscored")]],
        finish="length",
        tokens=6,
        reference="4",
    ),
    "instruction": Case(
        {"instruction": "What is 2 + 2?", "input": "", "output": "It is 4.", "expected_answer": 4},
        ["It is 4."],
        reference=4,
    ),
}
NEMO_SKILLS = {
    "problem": "What is 2 + 2?",
    "expected_answer": "4",
    "generation": "So \\boxed{4}",
    "predicted_answer": "4",
    "symbolic_correct": True,
    "judgement": "Reasoning: same.\nJudgement: No",
    "num_generated_tokens": 9,
}
DEEPMATH = {
    "question": "What is 2 + 2?",
    "final_answer": "4",
    "difficulty": 1.5,
    "r1_solution_1": "one",
    "r1_solution_2": "two",
    "r1_solution_3": "three",
}
