"""Calls code of a Django project and writes down what came back and what it asked of the database.

Imported before settings are configured, so nothing here may touch models or settings at import.
"""

import contextlib
import inspect
import io
import json
import logging
import os
import pickle
import signal
import sys
import threading
import traceback

SECONDS_PER_CHILD = 60


def in_child(work):
    """Runs `work()` in a forked child, so that its modules, settings and apps are its own. Its value must
    pickle; what it raises comes back as `{"failed": traceback}`."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        os.close(reading)
        signal.alarm(SECONDS_PER_CHILD)
        try:
            value = work()
        except BaseException:
            value = {"failed": traceback.format_exc(limit=-6)}
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(value, pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    _, status = os.waitpid(child, 0)
    if not data:
        return {"failed": f"the child ended with status {status}"}
    return pickle.loads(data)


def plain(value):
    """The value in a form that prints the same whenever it is the same, whatever process made it."""
    from django.db.models import Manager, Model, QuerySet
    from django.http import HttpResponseBase

    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, HttpResponseBase):
        return plain_response(value)
    if isinstance(value, Model):
        fields = {
            field.attname: plain(value.__dict__[field.attname])
            for field in value._meta.concrete_fields
            if field.attname in value.__dict__
        }
        return {"model": value._meta.label, "fields": fields}
    if isinstance(value, Manager):
        return plain(value.all())
    if isinstance(value, dict):
        return {"dict": [[plain(key), plain(item)] for key, item in value.items()]}
    if isinstance(value, (set, frozenset)):
        return {"set": sorted((plain(item) for item in value), key=repr)}
    if isinstance(value, (list, tuple, QuerySet)) or inspect.isgenerator(value):
        return [plain(item) for item in value]
    if hasattr(value, "__next__") or hasattr(value, "keys"):
        return [plain(item) for item in value]
    return f"{type(value).__name__}: {value}"


def plain_response(response):
    if hasattr(response, "render") and not response.is_rendered:
        response.render()
    content = b"".join(response) if response.streaming else response.content
    return {
        "status": response.status_code,
        # When a page that is never cached goes out of date is a matter of the clock.
        "headers": sorted((name, value) for name, value in response.headers.items() if name != "Expires"),
        "content": content.decode("utf-8", "backslashreplace"),
    }


def settle(value):
    """Awaits what is to be awaited, with sync code kept on this thread and so on this connection."""
    from asgiref.sync import async_to_sync

    if inspect.iscoroutine(value):

        async def wait():
            return await value

        return settle(async_to_sync(wait)())
    if inspect.isasyncgen(value):

        async def collect():
            return [item async for item in value]

        return async_to_sync(collect)()
    return value


class _Lines(logging.Handler):
    """Formats every record, as a real handler would, so that `%s` of a row reads what its text needs."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


def record(call, under=None):
    """What `call()` returned, printed and logged, and its queries. With `under`, also the lines of the files
    under that folder that ran."""
    from django.contrib.contenttypes.models import ContentType
    from django.db import connection, transaction

    queries = []

    def count(execute, sql, params, many, context):
        queries.append(sql)
        return execute(sql, params, many, context)

    printed = io.StringIO()
    logged = _Lines()
    root = logging.getLogger()
    root.addHandler(logged)
    level, root.level = root.level, logging.INFO
    ContentType.objects.clear_cache()
    tracer = _Tracer(under) if under else contextlib.nullcontext()
    error = None
    value = None
    try:
        with transaction.atomic():
            with connection.execute_wrapper(count), contextlib.redirect_stdout(printed), tracer:
                try:
                    value = plain(settle(call()))
                except Exception as raised:
                    error = raised
            transaction.set_rollback(True)
    finally:
        root.removeHandler(logged)
        root.level = level
    result = {
        "value": json.loads(json.dumps(value)),
        "printed": printed.getvalue(),
        "logged": logged.lines if error is None else [],
        "raises": type(error).__name__ if error else None,
    }
    return {
        "result": result,
        "trace": "".join(traceback.format_exception(error, limit=-4)) if error else "",
        "queries": queries,
        "lines": tracer.lines() if under else {},
    }


def too_synchronous(recorded):
    """Whether the call failed for a lazy query inside of async code, which a join mends."""
    return recorded["result"]["raises"] == "SynchronousOnlyOperation"


class _Tracer:
    """Notes which lines run and which of Django's templates are rendered, in files under one folder only; frames
    elsewhere are left at full speed."""

    def __init__(self, under):
        self.under = os.path.realpath(under) + os.sep
        self.seen = {}

    def __enter__(self):
        from django.template.base import Template

        self.render = render = Template._render

        def noted(template, context):
            self.template(template.origin.name)
            return render(template, context)

        Template._render = noted
        threading.settrace(self.call)
        sys.settrace(self.call)

    def __exit__(self, *raised):
        from django.template.base import Template

        Template._render = self.render
        sys.settrace(None)
        threading.settrace(None)

    def template(self, path):
        """Of a template that is rendered, every line counts as run."""
        path = os.path.realpath(path)
        if path.startswith(self.under) and path not in self.seen and os.path.isfile(path):
            with open(path, encoding="utf-8") as file:
                self.seen[path] = set(range(1, len(file.readlines()) + 1))

    def call(self, frame, event, argument):
        if not frame.f_code.co_filename.startswith(self.under):
            return None
        seen = self.seen.setdefault(frame.f_code.co_filename, set())
        seen.add(frame.f_lineno)

        def line(frame, event, argument):
            if event == "line":
                seen.add(frame.f_lineno)
            return line

        return line

    def lines(self):
        return {path[len(self.under) :]: sorted(lines) for path, lines in sorted(self.seen.items())}


