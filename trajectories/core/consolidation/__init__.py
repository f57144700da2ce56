"""Figures over several samples of one problem."""
