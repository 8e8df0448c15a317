# The hub in a container: docs/operations/installing.md. Data lives in the volume /data.
FROM python:3.11.14-slim-trixie

ENV PYTHONUNBUFFERED=1 \
    HTTP_HOST=0.0.0.0 \
    DATABASE_URL=sqlite+aiosqlite:////data/switchboard.db

# pg_dump and pg_restore, for backups of PostgreSQL up to version 17.
RUN apt-get update \
    && apt-get install -y --no-install-recommends postgresql-client-17 \
    && rm -rf /var/lib/apt/lists/*

RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin switchboard \
    && install -d -o switchboard -g switchboard -m 0700 /data

WORKDIR /app
COPY requirements.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt
COPY run.py LICENSE ./
COPY bot bot
COPY commands commands
COPY sandbox sandbox
COPY services services
COPY settings settings
COPY storage storage
COPY web web
RUN python -m compileall -q .

USER switchboard
VOLUME /data
EXPOSE 8020
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ.get(\"HTTP_PORT\") or 8020}/health/ready', timeout=4)"]
ENTRYPOINT ["python", "run.py"]
CMD ["serve"]
