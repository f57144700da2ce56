"""Money by the day: what jobs paid, daily limits, what is held for calls in flight, and jobs that wait for tomorrow."""
