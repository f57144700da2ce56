"""Evaluate the environment of sums.py with verifiers 0.4, against an endpoint of this file."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from verifiers.v1.cli.eval.main import main


class Endpoint(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        message, reason = said(asked["messages"][1]["content"], asked["messages"][-1]["role"])
        usage = {
            "prompt_tokens": 15,
            "completion_tokens": 20,
            "total_tokens": 35,
            "prompt_tokens_details": {"cached_tokens": 5},
            "completion_tokens_details": {"reasoning_tokens": 7},
        }
        choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": reason}
        body = {"id": "a", "object": "chat.completion", "created": 1, "model": asked["model"], "usage": usage}
        data = json.dumps({**body, "choices": [choice]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def said(question, last):
    if "Six" not in question:
        return {"content": "It is 4", "reasoning_content": "Two, three, four."}, "length"
    if last == "tool":
        return {"content": "It is 42", "reasoning_content": "Six sevens. " * 200}, "stop"
    call = {"id": "c1", "type": "function", "function": {"name": "times", "arguments": '{"x": 6, "y": 7}'}}
    return {"content": "Let me see.", "tool_calls": [call]}, "tool_calls"


server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
threading.Thread(target=server.serve_forever, daemon=True).start()

main(
    [
        "sums",
        "--env.agent.harness.id",
        "sums",
        "--env.agent.runtime.type",
        "subprocess",
        "-m",
        "said-model",
        "--client.base_url",
        f"http://127.0.0.1:{server.server_port}/v1",
        "--client.api_key_var",
        "SAID_KEY",
        "--sampling.temperature",
        "0.5",
        "--output_dir",
        "out",
        "--run.name",
        "said",
        "--no-rich",
    ]
)
