"""Evaluate two sums with verifiers 0.1, three rollouts each, against an endpoint of this file, and save in FOLDER.

The second question is answered wrongly, and two of the three rollouts of the first say the same.
"""

import asyncio
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import verifiers as vf
from datasets import Dataset

ASKED = [
    {"question": "[v1] Six times seven?", "answer": "42"},
    {"question": "[v1] Two and three?", "answer": "5"},
]
SAID = {"Six": ["\\boxed{42}", "\\boxed{42}", "Six sevens are \\boxed{42}."], "Two": ["\\boxed{4}"] * 3}
CALLS = {"Six": 0, "Two": 0}


class Endpoint(BaseHTTPRequestHandler):
    """Says what stands above."""

    def do_POST(self):
        """Answer a chat completion."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = "Six" if "Six" in json.dumps(asked["messages"]) else "Two"
        said = SAID[name][CALLS[name] % 3]
        CALLS[name] += 1
        message = {"role": "assistant", "content": said}
        usage = {"prompt_tokens": 15, "completion_tokens": 7, "total_tokens": 22}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        told = {"id": "a", "object": "chat.completion", "created": 1, "model": asked["model"], "usage": usage}
        data = json.dumps({**told, "choices": [choice]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """Say nothing."""


async def main(folder: Path) -> None:
    """Evaluate, and save as `vf-eval -s` does."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ["SAID_KEY"] = "none"
    rubric = vf.MathRubric()
    environment = vf.SingleTurnEnv(
        eval_dataset=Dataset.from_list(ASKED), system_prompt="Be brief.", rubric=rubric, env_id="sums"
    )
    client = vf.ClientConfig(api_key_var="SAID_KEY", api_base_url=f"http://127.0.0.1:{server.server_port}/v1")
    await environment.evaluate(
        client=client,
        model="lab/said",
        sampling_args={"temperature": 0.5, "max_tokens": 64},
        num_examples=2,
        rollouts_per_example=3,
        max_concurrent=1,
        results_path=folder,
        save_results=True,
    )
    server.shutdown()


asyncio.run(main(Path(sys.argv[1])))
