"""What the steps of a trace say of a call of a tool that was not made: its result is our word, not the tool's."""

REFUSED = "refused"
"""The status in the data of its steps."""
