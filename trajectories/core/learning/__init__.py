"""What is learnt from releases: which traces enter a training, and the mathematics of the embedded learner."""
