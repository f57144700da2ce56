"""The web server as `manage.py up` has it, but as a program of its own."""


def gunicorn_words(address: str) -> list[str]:
    """What Python is told to serve at an address."""
    threads = ["--worker-class", "gthread", "--workers", "2", "--threads", "8"]
    times = ["--timeout", "60", "--graceful-timeout", "1"]
    return [
        *("-m", "gunicorn", "webapp.wsgi", "--bind", address, *threads, *times, "--preload"),
        *("--no-control-socket", "--log-level", "warning"),
    ]
