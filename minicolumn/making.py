"""What a client has made and judged: problems, candidates, rubrics, judgings, scorers; and what it reads of all
that."""

from collections.abc import Iterator, Mapping
from typing import Any

from minicolumn.connection import Row
from minicolumn.curating import CuratingClient
from minicolumn.importing import has_ended, wait


class MakingClient(CuratingClient):
    """The part of minicolumn.Client that makes problems and judges, and reads figures and audits."""

    def references(self, **filters: Any) -> Iterator[Row]:
        """Every problem whose reference no sample matched; `filters` is problem_set, least."""
        return self._pages("/references", filters)

    def families(self, **filters: Any) -> Iterator[Row]:
        """Every family of procedural problems, by name."""
        return self._pages("/families", filters)

    def family(self, name: str) -> Row:
        """One family with its settings and levels."""
        return self._ask("GET", f"/families/{name}")

    def preview_family(self, name: str, **drawn: Any) -> list[Row]:
        """The first problems of a draw; `drawn` is knobs, level, seed."""
        found: list[Row] = self._ask("POST", f"/families/{name}/preview", json=drawn)["items"]
        return found

    def make_procedural(self, name: str, *, key: str | None = None, **drawn: Any) -> Row:
        """Make problems of a family; the import that does it. `drawn` is knobs, level, seed, size, set_title, split."""
        return self._make(f"/families/{name}/problems", drawn, key)

    def worlds(self) -> list[Row]:
        """The worlds that episodes can be made of."""
        found: list[Row] = self._ask("GET", "/worlds")["items"]
        return found

    def make_episodes(self, world: str, *, key: str | None = None, **wanted: Any) -> Row:
        """Make episodes of a world; the import that does it. `wanted` is as in the reference."""
        return self._make(f"/worlds/{world}/problems", wanted, key)

    def preview_generation(self, **plan: Any) -> Row:
        """What a generation of problems would ask for first. Nothing is asked."""
        return self._ask("POST", "/generation/preview", json=plan)

    def generate(self, *, key: str | None = None, **plan: Any) -> Row:
        """Have problems generated; `plan` is as in the reference: generator, set_title, sampler, brief, wanted, ..."""
        return self._make("/generation", plan, key)

    def generation(self, generation_id: int) -> Row:
        """How far a generation is, and what became of its candidates."""
        return self._ask("GET", f"/generation/{generation_id}")

    def candidates(self, **filters: Any) -> Iterator[Row]:
        """Every generated problem, newest first; `filters` is generation, state, name."""
        return self._pages("/candidates", filters)

    def next_candidate(self, **wanted: Any) -> Row | None:
        """The next generated problem that waits for review; None where none does. `wanted` is generation, name,
        after."""
        found: Row | None = self._ask("POST", "/candidates/next", json=wanted)["candidate"]
        return found

    def decide_candidate(
        self, candidate: Mapping[str, Any], decision: str, *, key: str | None = None, **said: Any
    ) -> Row:
        """Accept or reject a candidate that `next_candidate` gave; `said` is reason, comment."""
        body = {"lease": candidate["lease"], "decision": decision, **said}
        return self._make(f"/candidates/{candidate['id']}/decision", body, key)

    def add_rubric(self, *, key: str | None = None, **wanted: Any) -> Row:
        """Write a rubric; `wanted` is name, title, text, least, most, pass_from."""
        return self._make("/rubrics", wanted, key)

    def estimate_judging(self, **wanted: Any) -> Row:
        """What a judging may take. Nothing is asked."""
        return self._ask("POST", "/judgings/estimate", json=wanted)

    def judge(self, *, key: str | None = None, **wanted: Any) -> Row:
        """Have traces judged by a model; `wanted` is sampler, rubric, selection, form, budget_cost, budget_tokens,
        ..."""
        return self._make("/judgings", wanted, key)

    def judging(self, judging_id: int) -> Row:
        """How far a judging is, and how far its judge agrees with what else is known."""
        return self._ask("GET", f"/judgings/{judging_id}")

    def wait_for_judging(self, judging_id: int, *, seconds: float = 3_600, every: float = 2) -> Row:
        """The judging once it is at its end, or as it is when `seconds` are over."""
        return wait(lambda: self.judging(judging_id), has_ended, seconds=seconds, every=every)

    def judged(self, judging_id: int, **filters: Any) -> Iterator[Row]:
        """What a judge said of each trace, as far as you may see it; `filters` is shown."""
        return self._pages(f"/judgings/{judging_id}/traces", filters)

    def scorer(self, scorer_id: int) -> Row:
        """One version of a scorer: how far its training is, and how good it is."""
        return self._ask("GET", f"/scorers/{scorer_id}")

    def train_scorer(self, name: str, *, key: str | None = None, **wanted: Any) -> Row:
        """Have a scorer trained; `wanted` is selection, kind, labels, most_each, uses_votes, follows, seed."""
        return self._make("/scorers", {"name": name, **wanted}, key)

    def score(self, scorer_id: int, *, key: str | None = None, **selection: Any) -> Row:
        """Have the traces of a selection scored."""
        return self._make(f"/scorers/{scorer_id}/scorings", {"selection": selection}, key)

    def add_local_model(self, *, key: str | None = None, **wanted: Any) -> Row:
        """Make a sampler of a model of the installation's machine; `wanted` is folder, name, title, batch, ..."""
        return self._make("/local_models", wanted, key)

    def run_without_memory(self, run_id: int, *, key: str | None = None) -> Row:
        """Launch the control of a run with a memory."""
        return self._make(f"/runs/{run_id}/without_memory", {}, key)

    def watch(self, run_id: int, attempt_id: int, **have: int) -> Row:
        """What has come of an attempt that is sampled now, behind what you `have`."""
        return self._ask("GET", f"/runs/{run_id}/attempts/{attempt_id}", params=have)

    def replay(self, trace_id: int) -> Row:
        """What the program of a trace does, statement by statement; asked for where nobody has yet, so ask again."""
        told = self._ask("GET", f"/traces/{trace_id}/replay")
        return told if told["state"] != "none" else self._ask("POST", f"/traces/{trace_id}/replay", json={})

    def figure(self, name: str, **chosen: Any) -> Row:
        """The table of a figure; `chosen` is problem_set, sampler, instruction, run. `page("/insights")` names them."""
        return self._ask("GET", f"/insights/{name}", params=chosen)

    def budget(self, name: str = "curves", **chosen: Any) -> Row:
        """What a budget buys: curves or frontier; `chosen` as for a figure, and way, unit, by, scorer, unfinished."""
        return self._ask("GET", f"/insights/budgets/{name}", params=chosen)

    def audits(self, **filters: Any) -> list[Row]:
        """Every audit with the number of traces that it finds."""
        found: list[Row] = self._ask("GET", "/audits", params=filters)["items"]
        return found

    def audited(self, name: str, **filters: Any) -> Iterator[Row]:
        """Every trace that an audit finds, newest first."""
        return self._pages(f"/audits/{name}", filters)

    def audit_queue(self, name: str, *, key: str | None = None, **selection: Any) -> Row:
        """Make a queue of what an audit finds."""
        return self._make(f"/audits/{name}/queue", {"selection": selection}, key)
