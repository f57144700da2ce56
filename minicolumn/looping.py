"""What a client does with the loop: campaigns, trainings, minds, and the rules, packages and pushes of releases."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from minicolumn.connection import KEY, Row
from minicolumn.importing import WAITING, ImportingClient, has_ended, wait


class LoopingClient(ImportingClient):
    """The part of minicolumn.Client that launches campaigns and trainings and makes what releases are made by."""

    def campaign_templates(self) -> list[Row]:
        """What a campaign may begin with, what each template lacks here, and the values that it begins with."""
        return list(self._ask("GET", "/campaign_templates")["items"])

    def campaigns(self) -> Iterator[Row]:
        """Every campaign, newest first."""
        return self._pages("/campaigns", {})

    def campaign(self, campaign_id: int) -> Row:
        """One campaign with its plan, its generations (`rows`) and what it has taken."""
        return self._ask("GET", f"/campaigns/{campaign_id}")

    def estimate_campaign(self, **wanted: Any) -> Row:
        """What a campaign would take. Nothing is launched."""
        return self._ask("POST", "/campaigns/estimate", json=wanted)

    def launch_campaign(self, *, key: str | None = None, **wanted: Any) -> Row:
        """Launch a campaign; `wanted` is as in the reference: template, training_set, held_out_set, sampler, ..."""
        return self._make("/campaigns", wanted, key)

    def clone_campaign(self, campaign_id: int, *, key: str | None = None, **changes: Any) -> Row:
        """Launch a campaign like another one, with another seed and these changes; `without="memory"` leaves that out
        and keeps the seed."""
        return self._make("/campaigns", {"like": campaign_id, **changes}, key)

    def campaign_figure(self, campaign_id: int, name: str = "pass") -> Row:
        """A figure of a campaign as its table: `pass` or `variety`."""
        return self._ask("GET", f"/campaigns/{campaign_id}/figures/{name}")

    def overrule(self, campaign_id: int, number: int, reason: str) -> Row:
        """Decide otherwise than the gate of a campaign did on its newest challenger."""
        return self._ask("POST", f"/campaigns/{campaign_id}/overrule", json={"number": number, "reason": reason})

    def wait_for_generation(self, campaign_id: int, number: int, *, seconds: float = 86_400, every: float = 5) -> Row:
        """The campaign once a generation (0 is the first sampler's) is measured, or once it goes on no more by itself,
        or as it is when `seconds` are over."""

        def is_over(told: Row) -> bool:
            arms = [row for row in told["rows"] if row["number"] == number]
            return told["state"] not in WAITING or (bool(arms) and all(row["stage"] == "done" for row in arms))

        return wait(lambda: self.campaign(campaign_id), is_over, seconds=seconds, every=every)

    def trainers(self) -> list[Row]:
        """What can train a sampler, and with which parameters."""
        return list(self._ask("GET", "/trainers")["items"])

    def trainings(self) -> Iterator[Row]:
        """Every training, newest first."""
        return self._pages("/trainings", {})

    def training(self, training_id: int) -> Row:
        """One training with its parameters and what became known of it."""
        return self._ask("GET", f"/trainings/{training_id}")

    def launch_training(self, release: int, *, key: str | None = None, **wanted: Any) -> Row:
        """Ask for a training of a release; `wanted` is as in the reference: trainer, parameters, base, take, ..."""
        return self._make("/trainings", {"release": release, **wanted}, key)

    def wait_for_training(self, training_id: int, *, seconds: float = 86_400, every: float = 5) -> Row:
        """The training once it is at its end, or as it is when `seconds` are over."""
        return wait(lambda: self.training(training_id), has_ended, seconds=seconds, every=every)

    def curves(self, training_id: int) -> Iterator[Row]:
        """What the trainer told at every step of a training, {"step", "values"}, in order."""
        return self._pages(f"/trainings/{training_id}/curves", {})

    def minds(self, run: int | None = None) -> Iterator[Row]:
        """Minds of agents, newest first; those of one run."""
        return self._pages("/minds", {} if run is None else {"run": run})

    def memory(self, mind_id: int) -> Iterator[Row]:
        """Every transition that a mind remembers."""
        return self._pages(f"/minds/{mind_id}/memory", {})

    def put_memory(self, mind_id: int, transitions: Iterable[Mapping[str, Any]]) -> Row:
        """Put a memory in the place of what a mind remembers; the mind as it is then."""
        return self._ask("POST", f"/minds/{mind_id}/memory", json={"transitions": list(transitions)})

    def rules(self) -> Iterator[Row]:
        """Every stored rule in every version, newest first."""
        return self._pages("/rules", {})

    def store_rule(self, title: str, rule: Mapping[str, Any], *, key: str | None = None, **more: int) -> Row:
        """Store a rule; `more` is version_of, the id of a rule that it is the next version of, or cloned_from."""
        return self._make("/rules", {"title": title, "rule": dict(rule), **more}, key)

    def preview_rule(self, rule: Mapping[str, Any] | None = None, *, stored_rule: int = 0) -> Row:
        """What each clause of a rule, given or stored, removes now, and how many traces are left."""
        return self._ask("POST", "/rules/preview", json={"rule": dict(rule or {}), "stored_rule": stored_rule})

    def request_package(self, release_id: int, *, key: str | None = None) -> Row:
        """Have a release made into a package: an environment for reinforcement learning."""
        return self._ask("POST", f"/releases/{release_id}/package", headers={KEY: key or str(uuid.uuid4())})

    def push(self, release_id: int, export: int, repository: str, hub: str, *, key: str | None = None) -> Row:
        """Put a finished file of a release into a repository (owner/name) of a hub, by the name that GET /hubs has."""
        body = {"export": export, "repository": repository, "hub": hub}
        return self._make(f"/releases/{release_id}/pushes", body, key)

    def delivery(self, delivery_id: int) -> Row:
        """How far a package or a push is."""
        return self._ask("GET", f"/deliveries/{delivery_id}")

    def wait_for_delivery(self, delivery_id: int, *, seconds: float = 3_600, every: float = 2) -> Row:
        """The package or push once it is ready or has failed, or as it is when `seconds` are over."""
        return wait(lambda: self.delivery(delivery_id), has_ended, seconds=seconds, every=every)

    def pin(self, kind: str, file_id: int, *, pinned: bool = True) -> Row:
        """Keep the file of an `export` or a `delivery` whatever happens, or no longer."""
        paths = {"export": "exports", "delivery": "deliveries"}
        return self._ask("POST", f"/{paths[kind]}/{file_id}/pin", json={"pinned": pinned})
