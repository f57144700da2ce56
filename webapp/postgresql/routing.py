"""Which schema a migration's operation is for."""

from typing import Any

from trajectories.adapters.acting import FIRST, acting_project
from trajectories.adapters.project_schemas import is_shared


class ProjectTables:
    """In the schema of any project but the first, migrations change the tables that each project has for itself.

    What all projects share is changed once, in the first schema. An operation with statements or code of its own
    belongs to every schema, unless it says `hints={"shared": True}`.
    """

    def allow_migrate(self, _db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool | None:
        """See Django's documentation of routers."""
        if acting_project() == FIRST:
            return None
        if app_label != "trajectories" or hints.get("shared"):
            return False
        return None if model_name is None else not is_shared(model_name)
