"""All settings, read from the environment; docs/operations.md explains each variable."""

from pathlib import Path

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from omnichannel import env
from omnichannel.logs import logging_config

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.text("DATA", "var")).absolute()

DEBUG = env.flag("DEBUG")
SECRET_KEY = env.text("SECRET_KEY")
if not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY is not set; see docs/operations.md.")
# Earlier keys: sessions and links signed with them stay good until they run out.
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
# Fernet keys for channel credentials, newest first; older ones only decrypt.
ENCRYPTION_KEYS = env.words("ENCRYPTION_KEYS")
if not ENCRYPTION_KEYS:
    raise ImproperlyConfigured("ENCRYPTION_KEYS is not set; see docs/operations.md.")

# The address providers and browsers call us by; signatures are checked against it, never Host.
PUBLIC_URL = env.text("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
# ws:// or wss:// origin of the realtime process; empty means the same origin as the pages.
REALTIME_URL = env.text("REALTIME_URL").rstrip("/")
# When set, every adapter talks to this look-alike and to no provider. Refused unless DEBUG.
SIMULATOR_URL = env.text("SIMULATOR_URL").rstrip("/")
if SIMULATOR_URL and not DEBUG:
    raise ImproperlyConfigured("SIMULATOR_URL can only be set together with DEBUG.")

ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]" if DEBUG else "")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "csp",
    "accounts",
    "contacts",
    "gateway",
    "channels_email",
    "channels_sms",
    "channels_social",
    "conversations",
    "routing",
    "campaigns",
    "hashtags",
    "operations",
    # Only a command, and it refuses to run without DEBUG, in words.
    "simulator",
]
if DEBUG:
    INSTALLED_APPS += ["demo"]

MIDDLEWARE = [
    "omnichannel.logs.RequestIdMiddleware",
    "operations.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.MemberMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "accounts.middleware.LanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "csp.middleware.CSPMiddleware",
    "accounts.middleware.ErrorPageMiddleware",
]

ROOT_URLCONF = "omnichannel.urls"
WSGI_APPLICATION = "omnichannel.wsgi.application"
ASGI_APPLICATION = "omnichannel.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "accounts.context.shell",
                "routing.context.own_presence",
                "hashtags.context.menu",
            ],
        },
    }
]

# --- Data

DATABASES = {"default": env.database("DATABASE_URL")}
DATABASES["default"] |= {"CONN_MAX_AGE": 300, "CONN_HEALTH_CHECKS": True}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.text("REDIS_URL")
if not REDIS_URL:
    raise ImproperlyConfigured("REDIS_URL is not set; 'make up' starts Redis and sets it.")
CACHES = {
    "default": {
        "BACKEND": "omnichannel.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL]},
    }
}

# --- Celery: tasks wake work up; the rows say what is due

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 1, "socket_timeout": 5}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_IGNORE_RESULT = True
# Connections are kept between tasks, and checked before each (omnichannel/celery.py).
CELERY_DB_REUSE_MAX = 10**9
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_DEFAULT_QUEUE = "maintenance"
CELERY_TASK_ROUTES = {
    "gateway.tasks.drain_inbound": {"queue": "inbound"},
    "gateway.tasks.deliver": {"queue": "outbound"},
    # Apart, because a slow server of files must not hold up anything else.
    "gateway.tasks.fetch_media": {"queue": "media"},
    # So is a provider that is slow to take signals; each waits for seconds at most.
    "gateway.tasks.send_signal": {"queue": "media"},
    "gateway.tasks.do_duties": {"queue": "media"},
    "gateway.tasks.fetch_templates": {"queue": "media"},
    "routing.tasks.*": {"queue": "routing"},
    "campaigns.tasks.*": {"queue": "campaigns"},
    "gateway.tasks.keep_quiet_hours": {"queue": "campaigns"},
    "gateway.tasks.settle_quiet_hours": {"queue": "campaigns"},
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "omnichannel.beat.SteadyScheduler"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE = {
    # Each sweep finds what a lost wake-up missed, so losing Redis costs seconds, never a message.
    "sweep-gateway": {"task": "gateway.tasks.sweep", "schedule": 1.0, "options": {"expires": 5}},
    "look-at-fallbacks": {
        "task": "gateway.tasks.look_at_fallbacks",
        "schedule": 1.0,
        "options": {"expires": 2},
    },
    "do-duties": {
        "task": "gateway.tasks.do_duties",
        "schedule": 1.0,
        "options": {"expires": 2},
    },
    "keep-quiet-hours": {
        "task": "gateway.tasks.keep_quiet_hours",
        "schedule": 1.0,
        "options": {"expires": 2},
    },
    "sweep-routing": {"task": "routing.tasks.sweep", "schedule": 2.0, "options": {"expires": 5}},
    "sweep-conversations": {
        "task": "conversations.tasks.sweep",
        "schedule": 10.0,
        "options": {"expires": 20},
    },
    "sweep-campaigns": {
        "task": "campaigns.tasks.sweep",
        "schedule": 2.0,
        "options": {"expires": 5},
    },
    "sweep-hashtags": {
        "task": "hashtags.tasks.sweep",
        "schedule": 1.0,
        "options": {"expires": 2},
    },
    "prune-accounts": {"task": "accounts.tasks.prune", "schedule": 3600.0},
    "fetch-templates": {
        "task": "gateway.tasks.fetch_templates",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "prune-gateway": {"task": "gateway.tasks.prune", "schedule": 3600.0},
    "count-up": {"task": "operations.tasks.count_up", "schedule": 15.0, "options": {"expires": 15}},
}
# Every queue that a worker must serve; /readyz fails when one of them has nobody.
WORKER_QUEUES = ["inbound", "outbound", "routing", "campaigns", "media", "maintenance"]
for _queue in WORKER_QUEUES:
    CELERY_BEAT_SCHEDULE[f"heartbeat-{_queue}"] = {
        "task": "operations.tasks.heartbeat",
        "schedule": 5.0,
        "args": [_queue],
        "options": {"queue": _queue, "expires": 5},
    }
# Bearer token for /metrics; without one it answers only in development.
METRICS_TOKEN = env.text("METRICS_TOKEN")

# --- The message engine

GATEWAY_ADAPTERS = [
    "channels_sms.twilio_sms.TwilioSms",
    "channels_sms.google_rcs.GoogleRcs",
    "channels_sms.twilio_rcs.TwilioRcs",
    "channels_sms.smpp.Smpp",
    "channels_sms.http_sms.HttpSms",
    "channels_email.email.Email",
    "channels_social.whatsapp.WhatsApp",
    "channels_social.messenger.Messenger",
    "channels_social.instagram.Instagram",
    "channels_social.x.X",
    "channels_social.telegram.Telegram",
    "channels_social.viber.Viber",
    "channels_social.line.Line",
    "channels_social.wechat.WeChat",
]
# Providers that have one webhook address for each app, /webhooks/<name>/, whatever its channels.
GATEWAY_SHARED_DOORS = {"meta": "channels_social.meta_door.MetaDoor"}
# Providers we reach through a process of our own, and where it listens; nobody types these in.
GATEWAY_BRIDGES = {
    "smpp": env.text("SMPP_URL", "http://127.0.0.1:8011").rstrip("/"),
    "email": env.text("MAIL_URL", "http://127.0.0.1:8013").rstrip("/"),
}
# Private networks in which SMSCs may lie (a VPN); without any, only public addresses are called.
SMPP_NETWORKS = env.networks("SMPP_NETWORKS")
# The simulator's SMSC, on the host of SIMULATOR_URL; used only with it.
SMSC_PORT = env.number("SMSC_PORT", 8012)
# Private networks in which mail servers may lie; without any, only public addresses are called.
MAIL_NETWORKS = env.networks("MAIL_NETWORKS")
# Where the mail process takes mail itself, for channels that are set so; 0: nowhere.
MAIL_MX_PORT = env.number("MAIL_MX_PORT", 0)
MAIL_MX_HOST = env.text("MAIL_MX_HOST", "127.0.0.1")
# What it calls itself: the name that the MX record has.
MAIL_MX_NAME = env.text("MAIL_MX_NAME", "localhost")
# The simulator's mail servers, on the host of SIMULATOR_URL; used only with it.
SIMULATOR_SMTP_PORT = env.number("SIMULATOR_SMTP_PORT", 8014)
SIMULATOR_IMAP_PORT = env.number("SIMULATOR_IMAP_PORT", 8015)
GATEWAY_RECEIVERS = {
    "messages": [
        "conversations.ingest.receive_messages",
        "hashtags.gathering.receive_messages",
        "gateway.windows.opening.open_windows",
    ],
    "windows": ["gateway.windows.opening.open_windows"],
    "templates": ["gateway.templates.news.receive_news"],
    "opt_outs": ["contacts.consent.receive_opt_outs"],
    "deliveries": [
        "conversations.deliveries.receive_changes",
        "campaigns.progress.receive_changes",
        "hashtags.asking.receive_changes",
    ],
    "typing": ["conversations.signs.receive_typing"],
    "elsewhere": ["conversations.elsewhere.receive_elsewhere"],
    "edits": ["conversations.revisions.receive_edits"],
    "reactions": ["conversations.revisions.receive_reactions"],
    "unsent": [
        "conversations.revisions.receive_unsent",
        "hashtags.gathering.receive_unsent",
    ],
    "tagged": ["hashtags.gathering.receive_tagged"],
    "replacements": ["conversations.replacing.receive_replacements"],
    "files": ["conversations.attachments.receive_files"],
}
CONVERSATION_RECEIVERS = {
    "inbound": ["routing.waiting.receive_inbound", "campaigns.progress.receive_inbound"],
    "changed": ["routing.waiting.receive_changed"],
    "presence": ["routing.presence.receive_presence"],
}
# What the inbox borrows from apps above it.
CONVERSATION_OUTSIDE = {"agents": "routing.selectors.agents_with_load"}
# What apps above contacts do when two contacts become one.
CONTACT_RECEIVERS: dict[str, list[str]] = {
    "merging": ["conversations.merging.receive_merging", "campaigns.merging.receive_merging"],
}
# Senders are spread over this many; a drainer takes up to 8 at once, so that two or more find work.
GATEWAY_SHARDS = 16
# A withdrawal that proves nothing is believed after so much silence of the phone.
FALLBACK_QUIET_SECONDS = env.number("FALLBACK_QUIET_SECONDS", 60)
GATEWAY_LOG_DAYS = env.number("GATEWAY_LOG_DAYS", 30)

# --- Files

MEDIA_MAX_BYTES = env.number("MEDIA_MAX_MB", 25) * 1_000_000
# How long a link to a file is good that goes to a customer or a provider.
MEDIA_LINK_DAYS = env.number("MEDIA_LINK_DAYS", 7)
FILE_UPLOAD_HANDLERS = [
    "gateway.media.uploads.BoundedUploads",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# Called with the member, in the same transaction, when a membership ends.
MEMBER_RECEIVERS = {"ended": ["routing.leaving.receive_member_ended"]}

# --- People

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Omnichannel] "
ACCOUNT_FORMS = {"reset_password": "accounts.forms.ResetPasswordForm"}
# Links to set a password, in invitations too, work once and for a day.
PASSWORD_RESET_TIMEOUT = 24 * 60 * 60
ACCOUNT_RATE_LIMITS = {
    "login": "120/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "reset_password": "20/m/ip,5/m/key",
    "change_password": "5/m/user",
}
ALLAUTH_TRUSTED_PROXY_COUNT = env.number("TRUSTED_PROXIES", 0)

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14
CSRF_COOKIE_SAMESITE = "Lax"

EMAIL_BACKEND = (
    "django.core.mail.backends.filebased.EmailBackend"
    if DEBUG and not env.text("EMAIL_HOST")
    else "django.core.mail.backends.smtp.EmailBackend"
)
EMAIL_FILE_PATH = DATA_DIR / "mail"
EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_TIMEOUT = 10
EMAIL_PORT = env.number("EMAIL_PORT", 587)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", True)
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "omnichannel@localhost")

# --- Transport security

HTTPS = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS and env.flag("SSL_REDIRECT", True)
# Probes come from inside, without TLS.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = env.number("HSTS_SECONDS", 31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.flag("HSTS_INCLUDE_SUBDOMAINS", HTTPS)
SECURE_HSTS_PRELOAD = env.flag("HSTS_PRELOAD", HTTPS)
if env.flag("TRUST_FORWARDED_PROTO"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "media-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF, REALTIME_URL] if REALTIME_URL else [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000

# --- Languages and times

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("es", _("Spanish"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"

# --- Static files

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # Read and written by every process, and served only by views that ask who wants it.
    "media": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": env.text("MEDIA_DIR") or DATA_DIR / "files",
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG

# --- API

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.rest.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.rest.permissions.HasAbility"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["accounts.rest.parsers.BoundedJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "accounts.rest.pagination.IdCursorPagination",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "accounts.rest.problems.problem_response",
    "UNAUTHENTICATED_USER": None,
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Omnichannel API",
    "DESCRIPTION": "One shared inbox, routing and campaigns over every messaging channel.",
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "accounts.rest.schema.add_problems",
    ],
    "ENUM_NAME_OVERRIDES": {
        "ConversationStatus": "conversations.models.Status",
        "DeliveryState": "gateway.states.State",
        "MessageKind": "conversations.models.Kind",
        "Presence": "routing.models.Presence",
        "ReplyKind": "conversations.api.serializers.REPLY_KINDS",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = logging_config(pretty=DEBUG)
