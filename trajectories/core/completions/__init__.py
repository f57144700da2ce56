"""What a model's answer is made of, however its provider writes it down."""
