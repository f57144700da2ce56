"""Temperatures as people type them."""

import math

from trajectories.services.runs.plans import MAX_TEMPERATURE, PlanError


def read_temperatures(text: str) -> tuple[list[float], bool]:
    """Numbers separated by spaces or commas, or a range `0.2..1.2`: (temperatures, whether it is a range).

    Raises PlanError naming what is no number.
    """
    low, dots, high = text.strip().partition("..")
    words = [low, high] if dots else text.replace(",", " ").split()
    found = []
    for word in words:
        try:
            found.append(float(word))
        except ValueError as fault:
            raise PlanError(
                f"Found {word.strip()!r}, expected numbers such as 0 or 0.7, or a range 0.2..1.2.",
                field="temperatures",
            ) from fault
    if any(not math.isfinite(number) for number in found):
        expected = f"numbers from 0 to {MAX_TEMPERATURE:g}"
        raise PlanError(f"Found {text.strip()!r}, expected {expected}.", field="temperatures")
    return found, bool(dots)
