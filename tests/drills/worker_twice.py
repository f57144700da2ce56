"""Included by workers of drills: whatever they ring, they ring twice."""

from typing import Any

from webapp.celery import app

_send = app.amqp.send_task_message


def twice(*values: Any, **named: Any) -> Any:
    """Send a message and its copy."""
    _send(*values, **named)
    return _send(*values, **named)


app.amqp.send_task_message = twice
