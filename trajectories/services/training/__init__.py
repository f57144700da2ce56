"""Trainings: what a release makes of a sampler, as jobs of workers that are meant to train."""
