"""Evaluate the task of sums.yaml in the folder that is the current one, with a model that says what stands here."""

from pathlib import Path

from lm_eval import simple_evaluate
from lm_eval.api.model import LM
from lm_eval.loggers import EvaluationTracker
from lm_eval.tasks import TaskManager


class Said(LM):
    def loglikelihood(self, requests, **options):
        raise NotImplementedError

    loglikelihood_rolling = loglikelihood

    def generate_until(self, requests, **options):
        return [f"Try {place}: 42" if "Six" in each.args[0] else str(5 + place) for place, each in enumerate(requests)]


manager = TaskManager(include_path=str(Path.cwd()), include_defaults=False)
results = simple_evaluate(model=Said(), tasks=["sums"], task_manager=manager, log_samples=True, bootstrap_iters=0)
tracker = EvaluationTracker(output_path="logs")
samples = results.pop("samples")
tracker.save_results_aggregated(results=results, samples=samples)
tracker.save_results_samples(task_name="sums", samples=samples["sums"])
