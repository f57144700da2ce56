"""Begin a campaign from the command line, and follow it if asked; pause and resume one, and overrule its gate."""

import time
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from trajectories.core.campaigns.gates import GateDecision
from trajectories.core.campaigns.templates import EMBEDDED_ARC, TEMPLATES
from trajectories.core.faults import Fault
from trajectories.forms.campaign_beginnings import beginning_of, filled_form
from trajectories.forms.campaign_templates import offers
from trajectories.forms.campaigns import CampaignForm
from trajectories.models import Campaign, Generation
from trajectories.selectors.blinding import SEE_REVIEWS
from trajectories.selectors.campaigns import list_generations, measured_of
from trajectories.services.campaigns.estimates import limit_note_of
from trajectories.services.campaigns.gating import overrule_gate
from trajectories.services.campaigns.plans import plan_campaign
from trajectories.services.campaigns.steering import pause_campaign, resume_campaign
from trajectories.services.jobs.outages import patiently
from trajectories.services.prompts.instructions import ensure_symbolic_views

LOOK_SECONDS = 1.0


class Command(BaseCommand):
    help = "Begin a campaign: sample, verify, select, train and measure, generation by generation."

    def add_arguments(self, parser: ArgumentParser) -> None:
        begin = parser.add_mutually_exclusive_group()
        begin.add_argument("--template", choices=list(TEMPLATES), default=EMBEDDED_ARC.name, help="what to begin with")
        begin.add_argument("--like", type=int, metavar="ID", help="the plan of a campaign, with another seed")
        for verb, what in (
            ("pause", "pause a campaign and what is under way"),
            ("resume", "go on with a campaign that is paused"),
            ("overrule", "decide the other way round than the gate did on the newest challenger of a campaign"),
        ):
            begin.add_argument(f"--{verb}", type=int, metavar="ID", help=f"{what}; needs --as")
        parser.add_argument("--reason", default="", help="why the gate is overruled; kept with the decision")
        parser.add_argument(
            "--set",
            dest="values",
            nargs="+",
            default=[],
            metavar="FIELD=VALUE",
            help="other values for fields of the page, such as generations=3 training_limit=100 control= (empty: no)",
        )
        parser.add_argument("--as", dest="name", metavar="NAME", help="the account that begins or steers it")
        parser.add_argument("--templates", action="store_true", help="list the templates and what each lacks here")
        parser.add_argument("--dry-run", action="store_true", help="begin nothing; print what it would take")
        parser.add_argument("--wait", action="store_true", help="show each stage until the campaign ends or is paused")

    def handle(self, *_: Any, **options: Any) -> None:
        """Raises CommandError for a plan that cannot be made."""
        if options["templates"]:
            self._list()
            return
        actor = _actor(options["name"])
        if verb := next((verb for verb in _STEERING if options[verb] is not None), None):
            self.stdout.write(_steer(verb, options, actor))
            return
        ensure_symbolic_views()
        form = _form(options)
        if not form.is_valid():
            name, errors = next(iter(form.errors.items()))
            raise CommandError(f"{name}: {errors[0]}" if name in form.fields else str(errors[0]))
        estimate = form.cleaned_data["estimate"]
        self.stdout.write(
            f"{estimate.runs:,} runs, {estimate.trainings:,} trainings, {estimate.samples:,} samples"
            + ("" if estimate.seconds is None else f", at most {estimate.seconds:,.0f} s of a processor")
        )
        limit_note = limit_note_of(estimate, form.cleaned_data["draft"], actor)
        for note in filter(None, (*estimate.notes, limit_note)):
            self.stdout.write(note)
        if options["dry_run"]:
            return
        try:
            campaign = plan_campaign(actor=actor, draft=form.cleaned_data["draft"])
        except Fault as fault:
            raise CommandError(f"{fault.field}: {fault}" if fault.field else str(fault)) from fault
        self.stdout.write(f"Campaign {campaign.pk}: {campaign.title}")
        if options["wait"]:
            self._follow(campaign)

    def _list(self) -> None:
        for offer in offers():
            self.stdout.write(f"{offer.template.name}: {offer.template.summary}")
            if note := offer.lacks or offer.waits:
                self.stdout.write(f"    {note}")
            for offered in offer.draws:
                self.stdout.write(f"    manage.py {offered.draw.command}")

    def _follow(self, campaign: Campaign) -> None:
        told: set[tuple[int, str]] = set()
        # The campaign survives a database that is away; so does who follows it.
        while patiently(lambda: self._tell(campaign, told)):
            connection.close()  # whoever waits for long holds none
            time.sleep(LOOK_SECONDS)
        self.stdout.write(f"{campaign.state}. Champion: {campaign.champion}. {campaign.state_reason}".strip())
        if campaign.state == Campaign.State.PAUSED:
            raise CommandError(campaign.state_reason or "Somebody paused it.")

    def _tell(self, campaign: Campaign, told: set[tuple[int, str]]) -> bool:
        """Write what is new since it was looked at last; whether there is more to come."""
        campaign.refresh_from_db()
        for row in list_generations(campaign):
            if (row.pk, row.stage) not in told:
                told.add((row.pk, row.stage))
                self.stdout.write(_line(row))
        return campaign.is_active


def _steer(verb: str, options: dict[str, Any], actor: User | None) -> str:
    """Do to a campaign what was asked for; what came of it. Raises CommandError for what cannot be done."""
    key = options[verb]
    if actor is None:
        raise CommandError(f"--{verb}: found no --as NAME, expected the account in whose name it is done.")
    if not Campaign.objects.filter(pk=key).exists():
        raise CommandError(f"--{verb}: found {key}, expected the id of a campaign that is there.")
    try:
        campaign = _STEERING[verb](actor, key, options["reason"])
    except Fault as fault:
        raise CommandError(str(fault)) from fault
    said = f"Champion: {campaign.champion}." if verb == "overrule" else f"It is {campaign.state}."
    return f"Campaign {campaign.pk}: {campaign.title}. {said}"


def _overrule(actor: User, key: int, reason: str) -> Campaign:
    rows = list_generations(Campaign.objects.get(pk=key))
    decided = [row.number for row in rows if row.decision and not row.is_control]
    return overrule_gate(actor=actor, campaign_id=key, number=max(decided, default=0), reason=reason)


_STEERING: dict[str, Callable[[User, int, str], Campaign]] = {
    "pause": lambda actor, key, _: pause_campaign(actor=actor, job_id=key),
    "resume": lambda actor, key, _: resume_campaign(actor=actor, job_id=key),
    "overrule": _overrule,
}
"""By the option of the command."""


def _line(row: Generation) -> str:
    """A generation and what is known of it."""
    said = f"generation {row.number}, {row.arm}: {row.get_stage_display().lower()}"
    if (found := measured_of(row)) is not None:
        said += f"; {found.solved:,} of {len(found.rows):,} held-out problems solved"
    return f"{said}. {GateDecision.from_json(row.decision).words}" if row.decision else said


def _actor(name: str | None) -> User | None:
    """The account of a name; None where none is given. Raises CommandError."""
    if name is None:
        return None
    actor = User.objects.filter(username=name, is_active=True).first()
    if actor is None or not actor.has_perms(("trajectories.add_campaign", SEE_REVIEWS)):
        raise CommandError(f"--as: found {name[:80]!r}, expected the name of an account that may begin campaigns.")
    return actor


def _form(options: dict[str, Any]) -> CampaignForm:
    """The form as the page would send it. Raises CommandError for a field that is none."""
    like = None
    if options["like"] is not None:
        like = Campaign.objects.filter(pk=options["like"]).first()
        if like is None:
            raise CommandError(f"--like: found {options['like']}, expected the id of a campaign that is there.")
    known, changes = CampaignForm().fields, dict[str, Any]()
    for pair in options["values"]:
        name, sign, value = pair.partition("=")
        if not sign or name not in known:
            raise CommandError(f"--set: found {pair[:80]!r}, expected FIELD=VALUE with a field of the page.")
        changes[name] = value.split(",") if name in ("instructions", "reviewers") else value
    return filled_form(beginning_of(template=TEMPLATES[options["template"]], like=like), changes, like=like)
