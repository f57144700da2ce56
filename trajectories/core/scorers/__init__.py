"""Learned scorers: how likely it is that a trace, or a step of one, is right, from what is known without its verdict.

An outcome scorer learns from traces that were verified or reviewed, a process scorer from labelled steps. A scorer is a
model for each part (fold) of the problems, learnt from all other parts: a trace of a problem that it learnt from is
scored by the model that never saw that problem, any other one by the mean of all. So no stored score is flattered by
what was learnt, and the measured quality is that of the scores that people see.
"""
