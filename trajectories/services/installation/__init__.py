"""What an installation begins with: the first account, roles, a first run."""
