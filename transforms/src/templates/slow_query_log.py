"""Log the database queries that take long, with DEBUG off as well."""

import logging
import time
from contextlib import ExitStack

from django.conf import settings
from django.db import connections

logger = logging.getLogger("slow_queries")


class SlowQueryLogMiddleware:
    """Log the SQL of queries that take SLOW_QUERY_SECONDS or longer."""

    def __init__(self, get_response):
        self.get_response = get_response
        self.limit = getattr(settings, "SLOW_QUERY_SECONDS", 0.5)

    def __call__(self, request):
        def timed(execute, sql, params, many, context):
            start = time.monotonic()
            try:
                return execute(sql, params, many, context)
            finally:
                duration = time.monotonic() - start
                if duration >= self.limit:
                    alias = context["connection"].alias
                    logger.warning(
                        "%.3f s on %s for %s: %.1000s",
                        duration,
                        alias,
                        request.path,
                        sql,
                    )

        with ExitStack() as stack:
            for alias in connections:
                stack.enter_context(connections[alias].execute_wrapper(timed))
            return self.get_response(request)
