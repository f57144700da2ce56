"""Failure drills: everything is killed in the middle. `make test` has the short form, `make drills` the long one."""
