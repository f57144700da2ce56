"""Making problems: proposing, checking, solving, and letting candidates in."""
