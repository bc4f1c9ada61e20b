"""Answer /healthz/: 503 where database, cache or migrations are not right."""

import logging

from django.core.cache import caches
from django.core.cache.backends.dummy import DummyCache
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import JsonResponse

logger = logging.getLogger(__name__)


class HealthCheckMiddleware:
    """Stands first: probes come without HTTPS and by unknown hosts."""

    def __init__(self, get_response):
        self.get_response = get_response
        self.migrated = False

    def __call__(self, request):
        if request.path_info in ("/healthz", "/healthz/"):
            return self.answer()
        return self.get_response(request)

    def answer(self):
        checks = {
            "database": self.check_databases,
            "cache": self.check_caches,
            "migrations": self.check_migrations,
        }
        result = {}
        for name, check in checks.items():
            try:
                check()
            except Exception:
                logger.exception("The health check of %s failed", name)
                result[name] = "failed"
            else:
                result[name] = "ok"
        status = 503 if "failed" in result.values() else 200
        response = JsonResponse(result, status=status)
        response["Cache-Control"] = "no-store"
        return response

    def check_databases(self):
        for alias in connections:
            connection = connections[alias]
            connection.ensure_connection()
            if not connection.is_usable():
                # What was kept open may be gone while the server is not.
                connection.close()
                connection.ensure_connection()

    def check_caches(self):
        for alias in caches:
            cache = caches[alias]
            if isinstance(cache, DummyCache):
                continue
            cache.set("healthz", "ok", timeout=10)
            if cache.get("healthz") != "ok":
                raise RuntimeError(f"cache {alias} lost what it was given")

    def check_migrations(self):
        # A process runs one version of the code: what is applied stays so.
        if self.migrated:
            return
        executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise RuntimeError("there are migrations that are not applied")
        self.migrated = True
