"""Calls: limited, tried again, recalled where paid for, many at once."""
