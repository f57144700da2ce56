"""What people may say of traces, and what several of them say together."""
