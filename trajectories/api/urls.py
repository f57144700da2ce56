"""The addresses of the API, below /api/v1."""

from trajectories.api import (  # noqa: F401 - each adds its operations
    account,
    asks,
    campaign_launching,
    campaigns,
    choices,
    deliveries,
    exports,
    generation_budgets,
    import_files,
    imports,
    instructions,
    jobs,
    minds,
    people,
    problems,
    projects,
    queue_making,
    queues,
    release_contents,
    releases,
    reviews,
    rules,
    run_details,
    run_variants,
    runs,
    samplers,
    spend_limits,
    traces,
    training_launching,
    webhooks,
)
from trajectories.api.doors import api_urls

app_name = "api"
urlpatterns = api_urls()
