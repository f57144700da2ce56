# The image of every process of Minicolumn (`app`), the same with what trains language models (`training`), and the proxy before
# the web server (`proxy`). docker-compose.yml says which process runs what.

FROM python:3.11-slim-bookworm AS build
WORKDIR /app
# requirements-cloud.txt adds what files in a bucket of S3 and pushes to a hub need, requirements-tracing.txt what sends spans;
# several files stand one after the other, with spaces.
ARG REQUIREMENTS=requirements.txt
COPY requirements*.txt ./
RUN python -m venv .venv \
    && for file in ${REQUIREMENTS}; do \
         .venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --only-binary :all: --require-hashes \
           -r "$file" || exit 1; \
       done
COPY . .
# Programs of samples get numpy and scipy where the container may make namespaces; elsewhere the built-in interpreter.
RUN .venv/bin/python -m trajectories.adapters.sandbox.environment /opt/sandbox-python requirements-sandbox.txt \
    && .venv/bin/python -m compileall -q trajectories webapp minicolumn

FROM python:3.11-slim-bookworm AS app
RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap libseccomp2 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /tmp --shell /usr/sbin/nologin minicolumn \
    && install -d -o minicolumn -g minicolumn -m 0700 /var/lib/minicolumn
COPY --from=build /opt/sandbox-python /opt/sandbox-python
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH SANDBOX_PYTHON=/opt/sandbox-python MINICOLUMN_VAR=/var/lib/minicolumn PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER 10001
VOLUME /var/lib/minicolumn
EXPOSE 8000
CMD ["gunicorn", "webapp.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "4", "--threads", "8", "--timeout", "60", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]

FROM app AS training
USER root
RUN .ci/training /opt/training-python
ENV TRAINING_PYTHON=/opt/training-python
USER 10001

FROM caddy:2-alpine AS proxy
# It listens on ports that need no privilege: without the file's capability it starts where no container may have any.
RUN setcap -r /usr/bin/caddy && chown -R 10001 /config /data
COPY deployment/Caddyfile /etc/caddy/Caddyfile
USER 10001
EXPOSE 8080 8443
