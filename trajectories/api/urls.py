"""The addresses of the API, below /api/v1."""

from trajectories.api import (  # noqa: F401 - each adds its operations
    account,
    adjudications,
    asks,
    campaigns,
    choices,
    comparisons,
    exports,
    import_files,
    imports,
    instructions,
    jobs,
    problems,
    quality,
    queue_changes,
    queue_groups,
    queue_making,
    queues,
    release_contents,
    releases,
    reviews,
    run_details,
    runs,
    samplers,
    threads,
    trace_tags,
    traces,
)
from trajectories.api.doors import api_urls

app_name = "api"
urlpatterns = api_urls()
