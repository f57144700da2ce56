"""Programs that act for people: their tokens, how often they may ask, and requests that are sent twice."""
