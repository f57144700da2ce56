"""What runs inside the sandbox: mounted there, importing nothing but itself and the standard library."""
