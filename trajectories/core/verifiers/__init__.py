"""Verifiers by name: pure functions of a problem and a trace, see base.Verifier."""

from trajectories.core.records import ProblemRecord, TraceRecord
from trajectories.core.verifiers.arc_answer import ArcAnswerVerifier
from trajectories.core.verifiers.arc_outputs import ArcTestVerifier
from trajectories.core.verifiers.arc_train import ArcTrainVerifier
from trajectories.core.verifiers.base import Verifier
from trajectories.core.verifiers.choice import ChoiceVerifier
from trajectories.core.verifiers.episodes import EpisodeVerifier
from trajectories.core.verifiers.json_equal import JsonVerifier
from trajectories.core.verifiers.numeric import NumericVerifier
from trajectories.core.verifiers.procedural import ProceduralVerifier
from trajectories.core.verifiers.scratchpad import ScratchpadVerifier
from trajectories.core.verifiers.text import RegexVerifier, TextVerifier
from trajectories.core.verifiers.unit_tests import UnitTestsVerifier

VERIFIERS: dict[str, Verifier] = {
    verifier.name: verifier
    for verifier in (
        ArcTrainVerifier(),
        ArcTestVerifier(),
        ArcAnswerVerifier(),
        NumericVerifier(),
        ChoiceVerifier(),
        TextVerifier(),
        RegexVerifier(),
        JsonVerifier(),
        ProceduralVerifier(),
        UnitTestsVerifier(),
        EpisodeVerifier(),
        ScratchpadVerifier(),
    )
}


def applicable_verifiers(problem: ProblemRecord, trace: TraceRecord) -> list[Verifier]:
    """The registered verifiers with something to say about this trace, in registry order."""
    return [verifier for verifier in VERIFIERS.values() if verifier.applies_to(problem, trace)]
