"""Settings: everything an installation may want to change comes from the environment (see docs/operations.md)."""

import os
from pathlib import Path

import structlog
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

import webapp.celery  # noqa: F401 (tasks are registered with its application)
from webapp.database import (
    EMBEDDED_BROKER,
    be_impatient,
    broker_settings,
    database_settings,
    is_embedded,
    set_patience,
)
from webapp.endpoints import hub_keys, model_endpoints
from webapp.environment import BASE_DIR, flag, one_of, private_secret, tools_dir, var_dir, whole_number, words
from webapp.single_sign_on import APPS as SINGLE_SIGN_ON_APPS
from webapp.single_sign_on import MIDDLEWARE as SINGLE_SIGN_ON_MIDDLEWARE
from webapp.single_sign_on import single_sign_on
from webapp.storages import export_storage
from webapp.tracing import begin, is_wanted

VAR_DIR = var_dir()
DEBUG = flag("DEBUG")
SECRET_KEY = os.environ.get("SECRET_KEY") or private_secret(VAR_DIR / "secret_key")
ALLOWED_HOSTS = words("ALLOWED_HOSTS") or ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = words("CSRF_TRUSTED_ORIGINS")
CSRF_FAILURE_VIEW = "trajectories.views.permissions.stale_form"
BEHIND_HTTPS = flag("BEHIND_HTTPS")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "axes",
    "csp",
    "trajectories",
]

MIDDLEWARE = [
    # Outermost, so that whatever answers bears their headers: static files, refused hosts, errors.
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "webapp.addresses.old_addresses",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "trajectories.views.acting.ActingProject",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "webapp.urls"
WSGI_APPLICATION = "webapp.wsgi.application"
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
            ],
        },
    }
]

FORM_RENDERER = "trajectories.forms.rendering.PlainRenderer"

DATABASES = {"default": database_settings()}
DATABASE_ROUTERS = ["webapp.postgresql.routing.ProjectTables"]
EMBEDDED_DATABASE = is_embedded()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "webapp.accounts.PermissionsAtOnce",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "registration/locked.html"

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = BEHIND_HTTPS
CSRF_COOKIE_SECURE = BEHIND_HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
# Where a proxy speaks HTTPS, whoever comes by HTTP is sent there; what watches over the processes asks them directly.
SECURE_SSL_REDIRECT = BEHIND_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^health/", r"^metrics$"]
SECURE_HSTS_SECONDS = whole_number("HSTS_SECONDS", default=30 * 24 * 3600) if BEHIND_HTTPS else 0
# Other sites under the same name are not ours to bind to HTTPS, nor is the list that browsers ship.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# Logging in by an OpenID Connect provider, where one is named; nothing of the library is loaded else.
SINGLE_SIGN_ON = single_sign_on()
if SINGLE_SIGN_ON is not None:
    INSTALLED_APPS += SINGLE_SIGN_ON_APPS
    MIDDLEWARE.append(SINGLE_SIGN_ON_MIDDLEWARE)
    SOCIALACCOUNT_PROVIDERS = SINGLE_SIGN_ON.providers
    SOCIALACCOUNT_ADAPTER = "trajectories.views.single_sign_on.PeopleAdapter"
    ACCOUNT_EMAIL_VERIFICATION = "none"
    # The form that begins it leads to the provider.
    CONTENT_SECURITY_POLICY["DIRECTIVES"]["form-action"].append(SINGLE_SIGN_ON.origin)

# Alerts about daily limits are mailed where a server is named.
EMAIL_HOST = os.environ.get("EMAIL_HOST", "")
EMAIL_PORT = whole_number("EMAIL_PORT", default=25)
EMAIL_HOST_USER = os.environ.get("EMAIL_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_PASSWORD", "")
EMAIL_USE_TLS = flag("EMAIL_TLS")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = os.environ.get("EMAIL_FROM") or "minicolumn@localhost"

LANGUAGE_CODE = "en"
TIME_ZONE = os.environ.get("TIME_ZONE", "UTC")
CURRENCY = os.environ.get("CURRENCY") or "USD"  # of the prices of samplers; nothing is converted
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "webapp.static_files.PlotlyFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "KEY_FUNCTION": "trajectories.adapters.acting.cache_key",
    }
}

EXPORT_DIR = VAR_DIR / "exports"
STORAGES["exports"] = export_storage(EXPORT_DIR)
ARTEFACT_DIR = VAR_DIR / "artefacts"
STORAGES["artefacts"] = export_storage(ARTEFACT_DIR)  # files that trainings made and samplers use
EXPORT_DAYS = whole_number("EXPORT_DAYS", default=30)  # files that nobody asks for are kept so long; 0 for ever
MODELS_DIR = Path(os.environ.get("MODELS_DIR") or VAR_DIR / "models")  # language models on this machine's disk
TRAINING_PYTHON = Path(os.environ.get("TRAINING_PYTHON") or tools_dir() / "training-python")  # `make training`
TRAINING_THREADS = whole_number("TRAINING_THREADS", default=os.cpu_count() or 1)  # of a model that trains or answers
DISK_RESERVE_BYTES = 64 * 1024 * 1024  # with less than this free, the disk counts as full
UPLOAD_LIMIT_BYTES = 64 * 1024 * 1024  # of files of problems in one request: a worker holds each of them whole
IMPORT_UPLOAD_BYTES = whole_number("IMPORT_UPLOAD_MB", default=512) * 1024 * 1024  # of files of traces in one request
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "trajectories.adapters.arriving_files.DiskUpload",
]
IMPORT_ROW_BYTES = whole_number("IMPORT_ROW_MB", default=100) * 1024 * 1024  # of one row of a file of traces, as JSON
IMPORT_STEPS = whole_number("IMPORT_STEPS", default=50_000)  # of one imported trace
IMPORT_PROCESSES = max(1, whole_number("IMPORT_PROCESSES", default=4))  # that read a large file, at most one a core
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
API_REQUESTS_A_MINUTE = max(1, whole_number("API_REQUESTS_A_MINUTE", default=600))  # of one token
DATA_UPLOAD_MAX_NUMBER_FILES = 2000  # an ARC folder has 400 task files
PROGRAM_ENGINE = os.environ.get("PROGRAM_ENGINE") or "auto"
PROGRAM_ENVIRONMENT = Path(os.environ.get("SANDBOX_PYTHON") or tools_dir() / "sandbox-python")

MODEL_ENDPOINTS = model_endpoints(embedded=EMBEDDED_DATABASE)
HUB_KEYS = hub_keys()

# A worker that gives no sign of life this long has lost what it was at; a bell unanswered this long is rung again.
LEASE_SECONDS = float(os.environ.get("LEASE_SECONDS") or 60)
BELL_SECONDS = float(os.environ.get("BELL_SECONDS") or 30)
BELLS_PER_RUN = 8

# A worker process that gives no sign of life this long hangs, and is replaced.
WORKER_SILENT_SECONDS = float(os.environ.get("WORKER_SILENT_SECONDS") or 60)
# The queues of a worker for everything that is done in short pieces, of the quick worker, and of the file worker, each
# most urgent first; see docs/operations.md for what is in which.
WORKER_QUEUES = ("sweeps", "interactive", "starts", "verification", "sampling", "models")
QUICK_QUEUES = ("sweeps", "interactive")
FILE_QUEUES = ("files",)
# Trainings take hours and have a worker of their own, on machines that are meant to train.
TRAINING_QUEUES = ("training",)
WORKER_TRAINING = (os.environ.get("WORKER_TRAINING") or "1") != "0"
TRAINING_DIR = VAR_DIR / "trainings"  # what a training under way keeps on its machine
TRAINING_HOURS = whole_number("TRAINING_HOURS", default=48)  # no training takes longer

CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL") or EMBEDDED_BROKER
CELERY_BROKER_TRANSPORT_OPTIONS = {}
if CELERY_BROKER_URL == EMBEDDED_BROKER:
    CELERY_BROKER_TRANSPORT = "webapp.broker:Transport"
    CELERY_BROKER_TRANSPORT_OPTIONS = broker_settings(DATABASES["default"])
if (patience := set_patience()) is not None:
    be_impatient(DATABASES["default"], CELERY_BROKER_TRANSPORT_OPTIONS, patience)
CELERY_TASK_DEFAULT_QUEUE = "interactive"
# By the name of a task, the first that fits; tests/architecture holds that every task is meant by one.
CELERY_TASK_ROUTES = {
    "trajectories.sweep*": {"queue": "sweeps"},
    "trajectories.verify_*": {"queue": "verification"},
    "trajectories.read_*": {"queue": "verification"},  # traces for their words, after an import as verdicts are
    # A person waits for it, yet it may take a minute: not among what is quick.
    "trajectories.replay_*": {"queue": "verification"},
    "trajectories.sample_*": {"queue": "sampling"},
    "trajectories.send_*": {"queue": "sampling"},  # it waits for programs elsewhere, as calls of models do
    "trajectories.fill_*": {"queue": "files"},
    "trajectories.import_families": {"queue": "files"},
    "trajectories.work_on_training": {"queue": "training"},
    "trajectories.work_on_[!t]*": {"queue": "sampling"},  # unless the kind of job says another one (tasks.jobs)
}
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False  # nothing uses it, and every worker would leave a queue of its own behind
CELERY_BROKER_HEARTBEAT = 0  # a worker that is at a task could send none, and would lose its connection
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 1800
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
SWEEP_SECONDS = 5
# A sweep that waits for a busy worker is worthless once the next one is due.
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "trajectories.sweep", "schedule": SWEEP_SECONDS, "options": {"expires": SWEEP_SECONDS}},
    "sweep_jobs": {"task": "trajectories.sweep_jobs", "schedule": 30, "options": {"expires": 30}},
    "sweep_queues": {"task": "trajectories.sweep_queues", "schedule": 20, "options": {"expires": 20}},
    "sweep_replays": {"task": "trajectories.sweep_replays", "schedule": 30, "options": {"expires": 30}},
    "sweep_spending": {"task": "trajectories.sweep_spending", "schedule": 20, "options": {"expires": 20}},
    "sweep_searches": {"task": "trajectories.sweep_searches", "schedule": 10, "options": {"expires": 10}},
    "sweep_webhooks": {"task": "trajectories.sweep_webhooks", "schedule": 10, "options": {"expires": 10}},
    "sweep_unsplit": {"task": "trajectories.sweep_unsplit", "schedule": 10, "options": {"expires": 10}},
    "sweep_batches": {"task": "trajectories.sweep_batches", "schedule": 10, "options": {"expires": 10}},
    "sweep_uploads": {"task": "trajectories.sweep_uploads", "schedule": 600, "options": {"expires": 600}},
    "sweep_submissions": {"task": "trajectories.sweep_submissions", "schedule": 3600, "options": {"expires": 3600}},
}
CELERY_BEAT_SCHEDULER = "webapp.beat:Scheduler"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")

# One JSON object a line, for machines that keep logs, or lines for people.
LOG_FORMAT = one_of("LOG_FORMAT", ("plain", "json"))
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_USER_ID_FIELD = ""
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = 10  # debug: the line at a request's end says it all
if LOG_FORMAT == "json":
    MIDDLEWARE.insert(0, "webapp.logs.RequestLines")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.filter_by_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )

# Numbers for Prometheus at /metrics: nowhere, for this machine alone, or for whoever bears a token.
METRICS = one_of("METRICS", ("off", "loopback", "token"))
METRICS_TOKEN = os.environ.get("METRICS_TOKEN", "")
if METRICS == "token" and len(METRICS_TOKEN) < 20:
    raise ImproperlyConfigured("METRICS is token and METRICS_TOKEN has fewer than 20 characters; expected 20 or more.")
COUNTERS = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
if COUNTERS:
    Path(COUNTERS).mkdir(parents=True, exist_ok=True)  # the library writes there whoever may read
if METRICS != "off" and COUNTERS:
    # The counters of requests, added up over the web server's processes in files of that folder.
    INSTALLED_APPS.append("django_prometheus")
    MIDDLEWARE.insert(0, "django_prometheus.middleware.PrometheusBeforeMiddleware")
    MIDDLEWARE.append("django_prometheus.middleware.PrometheusAfterMiddleware")

# Spans for OpenTelemetry, where a collector is named.
TRACING = is_wanted()
if TRACING:
    begin(queries=flag("TRACE_QUERIES"))
    MIDDLEWARE.insert(0, "webapp.tracing.RequestSpans")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "()": "webapp.logs.PlainFormatter",
            "format": "{asctime} {levelname} {name}:{about} {message}",
            "style": "{",
        },
        "json": {"()": "webapp.logs.JsonFormatter"},
    },
    "filters": {
        "refusals": {"()": "webapp.logs.RefusalsInOneLine"},
        "outages": {"()": "webapp.logs.OutagesInOneLine"},
        "streams": {"()": "webapp.logs.OneLineARequest"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["refusals", "outages", "streams"],
        }
    },
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "INFO")},
    "loggers": {
        "axes": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},  # it would write a line for each of many thousand calls
    },
}
