#!/bin/sh
# verifiers 0.4.0 writes tokens under OpenAI's names with another meaning: `prompt_tokens` leaves out what the cache held.
#
# A guess from memory: `usage` of a call in `traces.jsonl` is the provider's own, whose `prompt_tokens` are all tokens of
# the prompt, the cached ones among them. Seen, of an answer with 100 tokens in the prompt of which 80 were cached:
#   - `prompt_tokens` is 20, and `cached_input_tokens` beside it 80;
#   - `input_tokens`, their sum, is a property in Python and no field: no file has it;
#   - read back as OpenAI's usage, a call that was cached for the most part looks five times cheaper than it was.
# What follows for a program that reads such files: the tokens that went in are the sum of the two.
#
# Exits with 0 where all of this is still so, with 1 where some of it has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check verifiers==0.4.0
cd "$folder"
HOME="$folder" venv/bin/python - <<'PROGRAM' 2>/dev/null
import sys
from importlib.metadata import version

from openai.types import CompletionUsage
from openai.types.completion_usage import PromptTokensDetails
from verifiers.v1.types import Usage

asked = CompletionUsage(
    prompt_tokens=100,
    completion_tokens=7,
    total_tokens=107,
    prompt_tokens_details=PromptTokensDetails(cached_tokens=80),
)
kept = Usage.from_openai(asked)
written = kept.model_dump(mode="json", exclude_none=True)
print("verifiers", version("verifiers"))
print("the provider said:", asked.prompt_tokens, "tokens, of which cached", asked.prompt_tokens_details.cached_tokens)
print("a file says:", written)
print("in Python, input_tokens:", kept.input_tokens)
sys.exit(
    written != {"prompt_tokens": 20, "completion_tokens": 7, "cached_input_tokens": 80} or kept.input_tokens != 100
)
PROGRAM
