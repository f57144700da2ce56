"""What a client does around reviews: tags, threads, comparisons, final decisions, queues by problem, and leading
them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from minicolumn.connection import Row
from minicolumn.importing import ImportingClient


class CuratingClient(ImportingClient):
    """The part of minicolumn.Client that curators and their leads need besides queues and reviews."""

    def tags(self) -> Iterator[Row]:
        """Every tag that you may know, newest first."""
        return self._pages("/tags", {})

    def tag(self, tag: str, *, key: str | None = None, **selection: Any) -> Row:
        """Put a tag on the traces of a selection; on how many, and the `event` that undoes it."""
        return self._make("/tags/add", {"tag": tag, "selection": selection}, key)

    def untag(self, tag: str, *, key: str | None = None, **selection: Any) -> Row:
        """Take a tag off the traces of a selection."""
        return self._make("/tags/remove", {"tag": tag, "selection": selection}, key)

    def undo_tagging(self, event: int) -> Row:
        """Undo what you did with a tag."""
        return self._ask("POST", f"/tags/events/{event}/undo", json={})

    def threads(self, trace_id: int) -> list[Row]:
        """The threads of a trace, as far as you may know them."""
        found: list[Row] = self._ask("GET", f"/traces/{trace_id}/threads")["items"]
        return found

    def begin_thread(self, trace_id: int, body: str, *, key: str | None = None, **about: Any) -> Row:
        """Begin a thread; `about` is step, quote, nth, fault, as in the reference."""
        return self._make(f"/traces/{trace_id}/threads", {"body": body, **about}, key)

    def add_remark(self, thread_id: int, body: str = "", *, kind: str = "comment", key: str | None = None) -> Row:
        """Say something in a thread; `kind` is comment, resolve or reopen."""
        return self._make(f"/threads/{thread_id}/events", {"kind": kind, "body": body}, key)

    def mentions(self) -> Iterator[Row]:
        """Where you are called and have not read it, newest first."""
        return self._pages("/mentions", {})

    def read_mention(self, mention_id: int) -> Row:
        """Say that you have read a mention."""
        return self._ask("POST", f"/mentions/{mention_id}/read", json={})

    def adjudications(self, **filters: Any) -> Iterator[Row]:
        """The traces that people decided differently; with state="decided" those that are decided finally."""
        return self._pages("/adjudications", filters)

    def adjudication(self, trace_id: int) -> Row:
        """The case of one trace: what everybody decided, and every final decision."""
        return self._ask("GET", f"/adjudications/{trace_id}")

    def decide_finally(self, case: Mapping[str, Any], decision: str, *, key: str | None = None, **said: Any) -> Row:
        """Decide finally on a case that `adjudication` gave: accept, reject or reopen; `said` is reason, comment."""
        known = {name: case[name] for name in ("review", "adjudication")}
        return self._make(f"/adjudications/{case['trace']}", {"decision": decision, **known, **said}, key)

    def next_pair(self, **wanted: Any) -> Row | None:
        """Two traces to compare, or None; `wanted` is problem, problem_set, overlap."""
        found: Row | None = self._ask("POST", "/comparisons/next", json=wanted)["pair"]
        return found

    def compare(self, pair: Mapping[str, Any], verdict: str, *, key: str | None = None, seconds: float = 0) -> Row:
        """Say which of a pair is better: left, right, tie, both_bad, or skip."""
        return self._make("/comparisons", {"lease": pair["lease"], "verdict": verdict, "seconds": seconds}, key)

    def rankings(self, **filters: Any) -> Row:
        """What all comparisons come to; `filters` is problem, problem_set."""
        return self._ask("GET", "/comparisons/ranking", params=filters)

    def reviewers(self) -> Iterator[Row]:
        """Everybody who may review, with ids."""
        return self._pages("/reviewers", {})

    def queue_people(self, queue_id: int) -> Row:
        """The members of a queue, and what everybody did in it."""
        return self._ask("GET", f"/queues/{queue_id}/people")

    def change_queue(self, queue_id: int, **changed: Any) -> Row:
        """Change title, due_on or members of a queue."""
        return self._ask("POST", f"/queues/{queue_id}/change", json=changed)

    def write_guidelines(self, queue_id: int, text: str, *, key: str | None = None) -> Row:
        """Write the next version of a queue's guidelines, in place of the newest one."""
        newest = self._ask("GET", f"/queues/{queue_id}/guidelines")
        return self._make(f"/queues/{queue_id}/guidelines", {"text": text, "seen": newest["version"]}, key)

    def gold(self, queue_id: int) -> list[Row]:
        """The gold items of a queue."""
        found: list[Row] = self._ask("GET", f"/queues/{queue_id}/gold")["items"]
        return found

    def add_gold(self, queue_id: int, trace: int, decision: str, *, key: str | None = None, **known: Any) -> list[Row]:
        """Make a trace a gold item; `known` is reason, why, is_training. All gold items of the queue then."""
        wish = {"trace": trace, "decision": decision, **known}
        found: list[Row] = self._make(f"/queues/{queue_id}/gold", wish, key)["items"]
        return found

    def next_problem(self, queue_id: int, *, skipped: bool = False) -> Row | None:
        """All samples of your next problem, in a queue by problem; None where there is none for you now."""
        asked = {"skipped": "true"} if skipped else {}
        found: Row | None = self._ask("POST", f"/queues/{queue_id}/problems/next", params=asked)["group"]
        return found

    def submit_problem(self, queue_id: int, group: Row, *, key: str | None = None, **marks: Any) -> Row:
        """Decide on all samples that `next_problem` gave; `marks` is answers, samples, all_rejected, reason,
        comment."""
        items = [sample["item"] for answer in group["answers"] for sample in answer["samples"]]
        body = {"lease": group["lease"], "items": items, **marks}
        return self._make(f"/queues/{queue_id}/problems/{group['problem']['id']}/decision", body, key)

    def undo_in_queue(self, queue_id: int, *, key: str | None = None) -> Row:
        """Take your last decision in a queue back."""
        return self._make(f"/queues/{queue_id}/undo", {}, key)

    def quality(self, **scope: Any) -> Row:
        """How far reviewers agree; `scope` is problem_set, queue, since, until."""
        return self._ask("GET", "/quality", params=scope)

    def void_reviews(self, person_id: int, since: str, reason: str, *, key: str | None = None, **wanted: Any) -> Row:
        """Let decisions of somebody count for nothing from a day on; `wanted` is queue, again, to."""
        return self._make(f"/reviewers/{person_id}/voids", {"since": since, "reason": reason, **wanted}, key)

    def undo_void(self, void_id: int) -> Row:
        """Let voided decisions count again."""
        return self._ask("POST", f"/voids/{void_id}/undo", json={})

    def reassign(self, person_id: int, queue_id: int, to: Iterable[int] = (), *, key: str | None = None) -> Row:
        """Give what somebody has not decided in a queue to others, or to whoever is next."""
        return self._make(f"/reviewers/{person_id}/reassign", {"queue": queue_id, "to": list(to)}, key)
