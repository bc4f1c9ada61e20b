"""Log the database queries that take long, with DEBUG off as well."""

import logging
import time
from contextlib import ExitStack

from asgiref.sync import (
    iscoroutinefunction,
    markcoroutinefunction,
    sync_to_async,
)
from django.conf import settings
from django.db import connections

logger = logging.getLogger("slow_queries")


class SlowQueryLogMiddleware:
    """Log the SQL of queries that take SLOW_QUERY_SECONDS or longer."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response):
        self.get_response = get_response
        self.limit = getattr(settings, "SLOW_QUERY_SECONDS", 0.5)
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request):
        if iscoroutinefunction(self):
            return self.__acall__(request)
        with self.watch(request):
            return self.get_response(request)

    async def __acall__(self, request):
        # A connection belongs to a thread: here, to that of the queries.
        watched = await sync_to_async(self.watch)(request)
        try:
            return await self.get_response(request)
        finally:
            await sync_to_async(watched.close)()

    def watch(self, request):
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

        stack = ExitStack()
        for alias in connections:
            stack.enter_context(connections[alias].execute_wrapper(timed))
        return stack
