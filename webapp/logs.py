"""What the operator's terminal is told."""

import logging

from django.core.exceptions import PermissionDenied, SuspiciousOperation

from trajectories.services.jobs.outages import is_away

REFUSALS = (PermissionDenied, SuspiciousOperation)
"""Somebody asked for what they may not have, or a machine for what nobody gives: nothing here has failed."""


class RefusalsInOneLine(logging.Filter):
    """Says of a refused request in one line who was refused what, without the traceback that Django adds."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through."""
        fault = record.exc_info[1] if record.exc_info else None
        if isinstance(fault, REFUSALS):
            record.exc_info = record.exc_text = None
            reason = str(fault).encode("unicode_escape").decode("ascii")
            message = record.getMessage()
            told = not reason or str(fault) in message
            record.msg, record.args = "%s", (message if told else f"{message} ({reason})",)
        return True


class OutagesInOneLine(logging.Filter):
    """Leaves the traceback out where the database is away: every page would write the same one."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through."""
        if isinstance(record.exc_info, tuple) and is_away(record.exc_info[1]):
            record.msg, record.args = "%s (the database is away)", (record.getMessage(),)
            record.exc_info = record.exc_text = None
        return True
