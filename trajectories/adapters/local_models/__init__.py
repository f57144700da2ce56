"""Models on this machine's own disk: an environment of their own, and children of it that train and serve them."""
