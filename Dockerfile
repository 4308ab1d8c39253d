# One image for web, realtime, workers, beat, smpp, mail and migrations; docker-compose.yml says which is which.
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 DATA=/app/var
WORKDIR /app
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin omnichannel \
    && install -d -o omnichannel /app/var \
    # A volume over it takes its owner from here.
    && install -d -o omnichannel -m 700 /app/files

COPY requirements/runtime.lock requirements/
RUN pip install --no-deps --require-hashes -r requirements/runtime.lock

COPY . .
# Neither step touches a server: the addresses and keys below only satisfy the settings.
RUN export SECRET_KEY=build ENCRYPTION_KEYS=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= \
        DATABASE_URL=postgresql://build/build REDIS_URL=redis://build \
    && python manage.py translations compile \
    && python manage.py collectstatic --noinput \
    && python -m compileall -q . \
    && chown -R omnichannel var

USER omnichannel
EXPOSE 8000
CMD ["granian", "--interface", "asginl", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", \
     "--no-ws", "--respawn-failed-workers", "--workers-kill-timeout", "10", \
     "omnichannel.web:application"]
