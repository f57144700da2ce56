"""The command `minicolumn`, which is also `manage.py` of a checkout: Django's commands, `up` among them, with the
embedded database started first where none is configured."""

import os
import sys

WITHOUT_DATABASE = {"up", "collectstatic", "check", "help", "--help", "version", "--version"}
"""Commands that need no database, or (`up`) start it themselves."""

OF_ALL_PROJECTS = {
    *("backup", "check_workers", "migrate", "prepare", "restore", "up", "watch_database", "work"),
}
"""Commands that are for all projects at once."""


def main() -> None:
    """Run a management command, or serve tools for language models."""
    if sys.argv[1:2] == ["mcp"]:
        from minicolumn import model_server  # needs no Django where it asks an installation elsewhere

        model_server.main(sys.argv[2:])
        return
    if sys.argv[1:2] == ["up"]:
        from trajectories.adapters.instance import bear_mark
        from webapp.environment import var_dir

        bear_mark(var_dir())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from webapp.database import ensure_database

    try:
        getattr(settings, "DEBUG")  # noqa: B009 (the first look reads them all)
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    if sys.argv[1:2] == ["up"]:
        from trajectories.management.commands.up import Command

        Command().run_from_argv(sys.argv)  # Django's own way would set up the application before
        return
    if not WITHOUT_DATABASE & set(sys.argv[1:2]):
        try:
            ensure_database()
        except RuntimeError as error:
            sys.exit(str(error))
    arguments, project = _without_project(sys.argv)
    if project is None:
        execute_from_command_line(arguments)
        return
    import django

    django.setup()
    from trajectories.adapters.acting import acting_in
    from trajectories.selectors.projects import project_called

    if (found := project_called(project)) is None:
        sys.exit(
            f"Found no open project called {project!r}; expected the name of one, as the page Projects lists them."
        )
    with acting_in(found.pk):
        execute_from_command_line(arguments)


def _without_project(arguments: list[str]) -> tuple[list[str], str | None]:
    """The arguments without `--project NAME`, and the name. Ends this process where a command is for no one project."""
    for place, argument in enumerate(arguments):
        option, is_joined, name = argument.partition("=")
        if option == "--project":
            rest = arguments[:place] + arguments[place + (1 if is_joined else 2) :]
            if not is_joined:
                name = arguments[place + 1] if place + 1 < len(arguments) else ""
            if rest[1:2] and rest[1] in OF_ALL_PROJECTS:
                sys.exit(f"--project: {rest[1]} is for all projects; expected a command for one.")
            return rest, name
    return arguments, None
