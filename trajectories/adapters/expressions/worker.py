"""The process that compares expressions where there is no sandbox: any input may keep it busy for ever.

`python -m trajectories.adapters.expressions.worker DESCRIPTOR` answers {"expected": latex, "found": latex} as
`comparing.answer` does.
"""

import sys
from typing import Any

from trajectories.adapters.child import serve
from trajectories.adapters.expressions.comparing import answer, settle

ADDRESS_BYTES = 4 * 1024**3


def compare(request: dict[str, Any]) -> dict[str, Any]:
    """The answer to one request."""
    return answer(None, request)


if __name__ == "__main__":
    settle()
    serve(int(sys.argv[1]), compare, ADDRESS_BYTES)
