"""Runs projects as production does, and says what of it does not work.

    python production.py < work.json > answer.json

The input is `{"serve": [{"name": …, "before": folder, "tree": folder, "asynchronous": …}], "load": [{"name": …, "tree":
folder, "files": {path: text}}]}`, the output `{"complaints": [text, …]}`.

A project to serve has migrations for its tables, a style sheet `catalog/site.css`, a page at `/`, and answers nobody but
`books.example.org` by HTTPS. One to load is that folder with some files replaced; its settings, apps and routes must load.
"""

import asyncio
import importlib
import json
import logging
import os
import re
import shutil
import sys
import tempfile
import warnings

import django
import django.core.checks
import django.core.management
import django.test.client  # noqa: F401 (imported once, before the forks)

import recording

HOST = "books.example.org"

# What the projects import, once, before the forks; modules with models wait for settings.
IMPORTED = (
    "django.contrib.auth.hashers",
    "django.contrib.auth.management",
    "django.contrib.auth.validators",
    "django.contrib.staticfiles.storage",
    "django.core.cache.backends.locmem",
    "django.core.cache.backends.redis",
    "django.db.backends.postgresql.base",
    "django.db.backends.sqlite3.base",
    "django.forms.models",
    "django.template.backends.django",
    "prometheus_client",
    "redis",
    "sentry_sdk.integrations.django",
    "whitenoise.middleware",
    "whitenoise.storage",
)


def main():
    # WhiteNoise warns of a folder that is not there before files are collected.
    warnings.simplefilter("ignore")
    for name in IMPORTED:
        importlib.import_module(name)
    work = json.load(sys.stdin)
    complaints = []
    for case in work.get("serve", []):
        said = recording.in_child(lambda: serve(case))
        complaints += [f"{case['name']}: {text}" for text in said.get("complaints", [said.get("failed")])]
    for case in work.get("load", []):
        said = recording.in_child(lambda: load(case))
        if "failed" in said:
            complaints.append(f"{case['name']}: {said['failed']}")
    json.dump({"django": django.get_version(), "complaints": complaints}, sys.stdout)


def enter(tree):
    os.chdir(tree)
    sys.path.insert(0, tree)
    sys.dont_write_bytecode = True
    with open("manage.py", encoding="utf-8") as file:
        named = re.search(r"DJANGO_SETTINGS_MODULE['\"], *['\"]([\w.]+)", file.read())
    os.environ["DJANGO_SETTINGS_MODULE"] = named[1]
    # `manage.py check`, as far as settings look at how they are run.
    sys.argv = ["manage.py", "check"]


def load(case):
    with tempfile.TemporaryDirectory(prefix="tuneup-load-") as root:
        tree = os.path.join(root, "tree")
        shutil.copytree(case["tree"], tree)
        for path, text in case["files"].items():
            target = os.path.join(tree, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "w", encoding="utf-8", newline="") as file:
                file.write(text)
        enter(tree)
        django.setup()
        from django.conf import settings
        from django.core.handlers.base import BaseHandler

        importlib.import_module(settings.ROOT_URLCONF)
        BaseHandler().load_middleware()
        return {}


def deployment_messages(tree):
    enter(tree)
    django.setup()
    messages = django.core.checks.run_checks(include_deployment_checks=True)
    return {"messages": sorted(f"{message.id} {message.msg}" for message in messages)}


class Kept(logging.Handler):
    def __init__(self):
        super().__init__()
        self.texts = []

    def emit(self, record):
        self.texts.append(record.getMessage())


def serve(case):
    before = recording.in_child(lambda: deployment_messages(case["before"]))
    after = recording.in_child(lambda: deployment_messages(case["tree"]))
    complaints = []
    for run in (before, after):
        if "failed" in run:
            return {"complaints": [run["failed"]]}
    new = [message for message in after["messages"] if message not in before["messages"]]
    if new:
        complaints.append(f"`check --deploy` says more than before: {new}")

    with tempfile.TemporaryDirectory(prefix="tuneup-serve-") as root:
        tree = os.path.join(root, "tree")
        shutil.copytree(case["tree"], tree)
        gone = os.path.join(root, "data")
        os.mkdir(gone)
        os.environ["DATABASE"] = os.path.join(gone, "db.sqlite3")
        enter(tree)
        django.setup()
        from asgiref.sync import sync_to_async
        from django.conf import settings
        from django.core.management import call_command
        from django.db import connections
        from django.test import AsyncClient, Client
        from django.test.utils import override_settings

        def expect(what, is_so):
            if not is_so:
                complaints.append(what)

        logging.getLogger("library.health_check").setLevel(logging.CRITICAL)
        expect("DEBUG is on", not settings.DEBUG)
        get = getter(AsyncClient if case["asynchronous"] else Client, case["asynchronous"])
        secure = {"HTTP_HOST": HOST, "secure": True}

        # Probes come by plain HTTP, by the address of the machine.
        probe = {"HTTP_HOST": "10.0.0.7:8000"}
        expect("the migrations are not missed", get("/healthz/", **probe).status_code == 503)
        call_command("migrate", verbosity=0)
        answer = get("/healthz/", **probe)
        expect(f"/healthz/ is {answer.status_code}: {answer.content}", answer.status_code == 200)
        expect("another address answers probes too", get("/", **probe).status_code in (301, 400))

        call_command("collectstatic", interactive=False, verbosity=0)
        page = get("/", **secure).content.decode()
        link = re.search(r'href="(/static/catalog/site\.[0-9a-f]{12}\.css)"', page)
        expect(f"the page does not link to a file with a hash: {page}", link)
        if link:
            # WhiteNoise looks once, when the process starts.
            get = getter(AsyncClient if case["asynchronous"] else Client, case["asynchronous"])
            file = get(link[1], **secure)
            body = b"".join(streamed(file))
            with open("catalog/static/catalog/site.css", "rb") as source:
                expect(f"{link[1]} is {file.status_code}: {body[:80]}", body == source.read())
            expect("browsers may not keep the file", "immutable" in file.headers.get("Cache-Control", ""))

        kept = Kept()
        logging.getLogger("slow_queries").addHandler(kept)
        get("/", **secure)
        expect("queries that are quick are logged", not kept.texts)
        with override_settings(SLOW_QUERY_SECONDS=0):
            get = getter(AsyncClient if case["asynchronous"] else Client, case["asynchronous"])
            get("/", **secure)
        expect(f"the slow query is not logged: {kept.texts}", any("FROM" in text and " for /:" in text for text in kept.texts))
        expect("the logger writes nowhere", logging.getLogger("slow_queries").hasHandlers())
        expect("/metrics counts no requests", b"django_http_requests_before_middlewares_total" in get("/metrics", **secure).content)

        connections.close_all()
        asyncio.run(sync_to_async(connections.close_all)())
        shutil.rmtree(gone)
        logging.disable(logging.CRITICAL)
        answer = get("/healthz/", **probe)
        expect(f"without the database /healthz/ is {answer.status_code}", answer.status_code == 503)
        expect("it does not say what failed", json.loads(answer.content)["database"] == "failed")

        import sentry_sdk

        options = sentry_sdk.get_client().options
        expect("Sentry is not told the environment", options["environment"] == "production")
        return {"complaints": complaints}


def getter(client, is_asynchronous):
    client = client(raise_request_exception=False)

    def get(path, secure=False, HTTP_HOST=HOST):
        if is_asynchronous:
            # This client always comes by the host `testserver`.
            return asyncio.run(client.get(path, secure=secure))
        return client.get(path, secure=secure, HTTP_HOST=HTTP_HOST)

    return get


def streamed(response):
    if not response.streaming:
        return [response.content]
    if not response.is_async:
        return response.streaming_content

    async def parts():
        return [part async for part in response.streaming_content]

    return asyncio.run(parts())


if __name__ == "__main__":
    main()
