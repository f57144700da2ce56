# One image for web, worker and scheduler; docker-compose.yml says which is which.
FROM python:3.11-slim-bookworm

RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap libseccomp2 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --create-home --uid 10001 minicolumn

WORKDIR /app
COPY requirements.txt requirements-sandbox.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt

COPY . .
# Programs of samples get numpy and scipy where the container may make namespaces; elsewhere the built-in interpreter.
ENV SANDBOX_PYTHON=/opt/sandbox-python MINICOLUMN_VAR=/var/lib/minicolumn PYTHONUNBUFFERED=1
RUN python -m trajectories.adapters.sandbox.environment "$SANDBOX_PYTHON" requirements-sandbox.txt \
    && install -d -o minicolumn -g minicolumn "$MINICOLUMN_VAR"

USER minicolumn
VOLUME /var/lib/minicolumn
EXPOSE 8000
CMD ["gunicorn", "webapp.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "4", "--threads", "8", "--timeout", "60", "--no-control-socket"]
