"""What is paid to models by the day, how much of it a day may take, and who waits for the next day."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q

from trajectories.models.samplers import Sampler

WARNING_PERCENT = 80
"""A limit of which so much is spent is warned of."""


class SpendDay(models.Model):
    """What one person's jobs of one kind took of one sampler on one day, UTC. Kept in the transaction that charges a
    job, by services.spending.ledger.

    `calls` counts answers and failures that took tokens or money, `unpriced` those among them whose price nobody knows;
    these add no cost.
    """

    day = models.DateField()
    kind = models.CharField(max_length=20)
    sampler = models.ForeignKey(Sampler, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    calls = models.BigIntegerField(default=0)
    unpriced = models.BigIntegerField(default=0)
    cost = models.DecimalField(max_digits=18, decimal_places=8, default=0)
    input_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["day", "kind", "sampler", "person"], name="spend_day_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.day}, {self.kind}"


class SpendLimit(models.Model):
    """How much money a day (UTC) may take in a project: of everything, of a sampler in all its versions, or of a
    person's jobs; and the ceilings that superusers alone set: of a project, and of all projects together. The last is
    in the tables of the first project.
    """

    class Scope(models.TextChoices):
        """What a limit holds for."""

        TOGETHER = "together", "all projects together"
        CEILING = "ceiling", "whole project, by superusers"
        ALL = "all", "whole project"
        SAMPLER = "sampler", "sampler"
        PERSON = "person", "person"

    scope = models.CharField(max_length=8, choices=Scope.choices)
    sampler_name = models.SlugField(max_length=80, blank=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    amount = models.DecimalField(max_digits=14, decimal_places=6)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["scope", "sampler_name", "person"], name="spend_limit_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                name="spend_limit_of_something",
                condition=Q(scope__in=("together", "ceiling", "all"), sampler_name="", person=None)
                | (Q(scope="sampler", person=None) & ~Q(sampler_name=""))
                | Q(scope="person", sampler_name="", person__isnull=False),
            ),
            models.CheckConstraint(name="spend_limit_not_negative", condition=Q(amount__gte=0)),
        ]

    def __str__(self) -> str:
        return f"the daily limit of {self.subject}"

    @property
    def subject(self) -> str:
        """What it holds for, in words."""
        if self.is_ceiling:
            return "all projects together" if self.is_together else "all jobs, set by superusers"
        if self.scope == self.Scope.SAMPLER:
            return f"the sampler {self.sampler_name}"
        return f"the jobs of {self.person}" if self.person else "all jobs"

    @property
    def is_together(self) -> bool:
        """Whether it holds for all projects."""
        return self.scope == self.Scope.TOGETHER

    @property
    def is_ceiling(self) -> bool:
        """Whether superusers alone set and lift it."""
        return self.scope in (self.Scope.TOGETHER, self.Scope.CEILING)

    @property
    def warns_at(self) -> Decimal:
        """The sum from which on it is warned of."""
        return self.amount * WARNING_PERCENT / 100


class SpendHold(models.Model):
    """What a job under a daily limit may still take for what it has in flight.

    `each` is the most that one attempt of a run costs: its leased attempts are counted when they are asked for. `cost`
    is the most that all calls in flight of another job cost; it counts while the job's lease holds.
    """

    kind = models.CharField(max_length=20)
    job_id = models.BigIntegerField()
    sampler_name = models.SlugField(max_length=80)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    each = models.DecimalField(max_digits=18, decimal_places=8, default=0)
    cost = models.DecimalField(max_digits=18, decimal_places=8, default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "job_id"], name="spend_hold_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.job_id}"


class SpendWait(models.Model):
    """A job that a daily limit has paused, with the reason it gave and the most that its next call may cost.

    It goes on by itself once no limit is in the way, unless somebody has paused or ended it in the meantime.
    """

    kind = models.CharField(max_length=20)
    job_id = models.BigIntegerField()
    sampler = models.ForeignKey(Sampler, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    cost = models.DecimalField(max_digits=18, decimal_places=8)
    reason = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "job_id"], name="spend_wait_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.job_id}"


class SpendAlert(models.Model):
    """A limit that was nearly spent on a day, or that a job waited for: the event that e-mail, and whatever else tells
    people, is made from. Written once a day, limit, level and amount: a limit that is raised, and reached
    again, tells again.

    `amount` is the limit and `spent` what was spent when it was noticed. `mailed_at` is when e-mails went out;
    `mail_fault` says why they did not.
    """

    class Level(models.TextChoices):
        """How bad it is."""

        WARNING = "warning", "nearly spent"
        REACHED = "reached", "reached"

    day = models.DateField()
    limit = models.ForeignKey(SpendLimit, on_delete=models.CASCADE, related_name="alerts")
    level = models.CharField(max_length=8, choices=Level.choices)
    amount = models.DecimalField(max_digits=14, decimal_places=6)
    spent = models.DecimalField(max_digits=18, decimal_places=8)
    created_at = models.DateTimeField(auto_now_add=True)
    mailed_at = models.DateTimeField(null=True)
    mail_fault = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["day", "limit", "level", "amount"], name="spend_alert_once_an_amount")
        ]

    def __str__(self) -> str:
        return f"{self.limit_id} {self.level} on {self.day}"
