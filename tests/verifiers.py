"""A verifier for tests that kills whoever verifies certain traces. Worker processes get it from worker_verifiers."""

import os
import signal

from trajectories.core.records import Outcome, ProblemRecord, TraceRecord, VerdictRecord
from trajectories.core.verifiers.base import Tools

DEADLY = "this one kills"


class DeadlyVerifier:
    """Passes everything, but ends its process at once over a trace that says DEADLY."""

    name = "deadly"
    version = 1
    title = "Survived"

    def applies_to(self, problem: ProblemRecord, trace: TraceRecord) -> bool:
        return True

    def verify(self, problem: ProblemRecord, trace: TraceRecord, tools: Tools) -> VerdictRecord:
        if DEADLY in trace.text:
            os.kill(os.getpid(), signal.SIGKILL)
        return VerdictRecord(self.name, self.version, Outcome.PASS, "survived", 1.0)
