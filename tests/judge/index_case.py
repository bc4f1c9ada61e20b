"""Makes the first migrations of the examples of the rules about indexes, and runs all migrations under Django.

    python index_case.py < cases.json > results.json

The input is `{"step": "initial", "cases": [{path: text}]}`, and the answer what Django adds to each; or
`{"cases": [{"name": …, "before": {path: text}, "after": {path: text} or null}]}`, and the answer whether
`makemigrations --check` has nothing to do before and after, and `migrate` runs forwards, back and forwards again.
"""

import contextlib
import io
import json
import os
import sys
import tempfile

import django
import django.core.management.commands.makemigrations  # noqa: F401 (imported once, before the forks)
import django.core.management.commands.migrate  # noqa: F401
import django.db.backends.sqlite3.base  # noqa: F401
import django.db.backends.sqlite3.schema  # noqa: F401
import django.db.models

import recording


def main():
    given = json.load(sys.stdin)
    if given.get("step") == "initial":
        results = [recording.in_child(lambda: initial(files)) for files in given["cases"]]
    else:
        results = [judge(case) for case in given["cases"]]
    json.dump({"django": django.get_version(), "results": results}, sys.stdout)


def initial(files):
    with tree(files) as root:
        said = run("makemigrations", *apps(files), interactive=False)
        made = {}
        for app in apps(files):
            folder = os.path.join(root, app, "migrations")
            for name in sorted(os.listdir(folder) if os.path.isdir(folder) else []):
                path = app + "/migrations/" + name
                if name.endswith(".py") and path not in files:
                    with open(os.path.join(folder, name), encoding="utf-8") as file:
                        text = file.read()
                    # The line with the time would be another at every run.
                    made[path] = text.split("\n\n", 1)[1] if text.startswith("# Generated") else text
        return made if made else {"failed": said}


def judge(case):
    # Before, the migrations are those that Django made of these models.
    if case.get("after") is None:
        return {"name": case["name"], "ok": True, "message": ""}
    result = recording.in_child(lambda: migrate(case["after"]))
    message = result.get("failed") or result["left"]
    return {"name": case["name"], "ok": not message, "message": message}


def migrate(files):
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    with tree(files):
        left = run("makemigrations", check_changes=True, dry_run=True, interactive=False)
        labels = apps(files)
        leaves = MigrationExecutor(connection).loader.graph.leaf_nodes()
        first = [(label, "0001_initial") for label in labels]
        for targets in (leaves, first, leaves):
            MigrationExecutor(connection).migrate(targets)
        return {"left": left}


@contextlib.contextmanager
def tree(files):
    with tempfile.TemporaryDirectory(prefix="tuneup-index-") as root:
        for path, text in files.items():
            target = os.path.join(root, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "w", encoding="utf-8", newline="") as file:
                file.write(text)
        sys.path.insert(0, root)
        sys.dont_write_bytecode = True
        os.chdir(root)
        # Black would write migrations anew.
        os.environ["PATH"] = "/nonexistent"
        os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
        django.setup()
        yield root
        os.chdir("/")


def apps(files):
    return sorted({path.split("/")[0] for path in files if path.endswith("/models.py")})


def run(name, *arguments, **options):
    """What a command says where it does not end well."""
    from django.core.management import call_command

    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            call_command(name, *arguments, **options)
        except SystemExit as end:
            return out.getvalue() if end.code else ""
    return ""


main()
