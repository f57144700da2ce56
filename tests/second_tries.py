"""What was right at its second try alone is told in full: it is a fault of the test, or of the page, to be found."""

from typing import Any


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Show why each first try failed."""
    for report in terminalreporter.getreports("rerun"):
        terminalreporter.write_sep("_", f"first try of {report.nodeid}")
        terminalreporter.write_line(report.longreprtext)
