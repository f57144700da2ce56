"""What is told to models, in versions: instructions, rubrics and briefs."""
