"""What an agent carries over from one episode to the next: weights and memory."""

from django.db import models

from trajectories.models.instructions import Instruction
from trajectories.models.runs import Run
from trajectories.models.traces import Trace


class Mind(models.Model):
    """What one agent of a run has learnt so far: the agent of one instruction, temperature and ordinal of its plan.

    It changes in the transaction that stores the trace of an episode, so that both are there or neither. `settings` are
    the agent's, `weights` an archive of arrays (core.agents.playing.pack), `episodes` how many it has played.
    `surroundings` are what it knew of the world before it acted, `world` is the plan of the world. `went_on_from` is
    the mind whose weights or memory it began with; None for one that began with nothing.
    """

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="minds")
    instruction = models.ForeignKey(Instruction, on_delete=models.PROTECT, related_name="+")
    temperature = models.FloatField()
    ordinal = models.PositiveIntegerField()
    agent = models.CharField(max_length=40)
    agent_version = models.PositiveIntegerField()
    settings = models.JSONField(default=dict)
    world = models.JSONField()
    surroundings = models.JSONField()
    seed = models.BigIntegerField()
    episodes = models.PositiveIntegerField(default=0)
    weights = models.BinaryField(default=bytes)
    went_on_from = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="continued")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "instruction", "temperature", "ordinal"], name="mind_once"),
        ]

    def __str__(self) -> str:
        return f"{self.agent} {self.ordinal + 1} of run {self.run_id}"


class Transition(models.Model):
    """One remembered transition, as in core.agents.memory.Remembered. States are numbers with commas between them."""

    mind = models.ForeignKey(Mind, on_delete=models.CASCADE, related_name="transitions")
    state = models.TextField()
    action = models.PositiveIntegerField()
    after = models.TextField()
    reached = models.BooleanField(default=False)
    visits = models.PositiveIntegerField(default=1)
    first_episode = models.PositiveIntegerField()
    seen_episode = models.PositiveIntegerField()
    seen_step = models.PositiveIntegerField()
    overwritten = models.PositiveIntegerField(default=0)
    overwritten_episode = models.PositiveIntegerField(null=True)
    former = models.TextField(null=True)  # noqa: DJ001 (no state has the empty text)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mind", "state", "action"], name="transition_once")]

    def __str__(self) -> str:
        return f"({self.state}) -{self.action}-> ({self.after})"


class Episode(models.Model):
    """An episode that an agent of ours played, with what is needed to watch it (core.agents.telling).

    `number` counts the episodes of the world from 0. `thoughts` has one entry for each step; `values` is what the agent
    thought of every state it knew as the episode began.
    """

    trace = models.OneToOneField(Trace, on_delete=models.CASCADE, primary_key=True, related_name="episode")
    mind = models.ForeignKey(Mind, on_delete=models.PROTECT, related_name="played")
    number = models.PositiveIntegerField()
    thoughts = models.JSONField(default=list)
    values = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mind", "number"], name="episode_once")]

    def __str__(self) -> str:
        return f"episode {self.number} of mind {self.mind_id}"
