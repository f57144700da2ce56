"""The addresses of the API, below /api/v1."""

from trajectories.api import (  # noqa: F401 - each adds its operations
    asks,
    choices,
    exports,
    import_files,
    imports,
    jobs,
    problems,
    queue_making,
    queues,
    releases,
    reviews,
    runs,
    samplers,
    traces,
)
from trajectories.api.doors import api_urls

app_name = "api"
urlpatterns = api_urls()
