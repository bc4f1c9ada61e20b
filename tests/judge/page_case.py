"""Runs the examples of the rules' pages under Django.

    python page_case.py < cases.json > results.json

The input is `{"cases": [{"name": …, "before": {path: text}, "after": {path: text} or null}]}`, the output
`{"django": version, "results": [{"name": …, "ok": …, "queries_before": …, "queries_after": …, "message": …}]}`,
with `queries_after` null and nothing but a clean run required where `after` is null. With an `after`, every
entry must give the same in both trees, none may make more queries, and together they must make fewer.

A folder with a `models.py` or a `models` package is an app. Tables are made, and filled with rows for every
model. The entries of a case are, in this order of preference:

- functions under a comment line `# entry`, and those named in a line `# entry: name, other`;
- functions of modules whose name begins with `run`; functions whose first parameter is `request`;
  views (`View` subclasses with a `get`); management commands;
- where there are none of these, every public function without parameters.

`request` is a GET of `/` by the first user, `pk`, `id`, `…_pk` and `…_id` are 1, `slug` is that of some row.
A `settings.py` may set what it likes; a `urls.py` becomes the ROOT_URLCONF.
"""

import importlib
import inspect
import json
import os
import re
import sys
import tempfile

import django
import django.core.management.commands.migrate
import django.db.models
import django.test.client  # noqa: F401 (imported once, before the forks)

import recording
import rows

# What every example imports, once, before the forks; modules with models wait for settings.
IMPORTED = (
    "django.contrib.auth.hashers",
    "django.contrib.auth.management",
    "django.contrib.auth.validators",
    "django.core.serializers.json",
    "django.db.backends.sqlite3.base",
    "django.db.backends.sqlite3.schema",
    "django.forms.models",
    "django.template.backends.django",
    "django.template.defaulttags",
    "django.template.loader_tags",
    "django.views.generic",
)


def main():
    for name in IMPORTED:
        importlib.import_module(name)
    cases = json.load(sys.stdin)["cases"]
    results = [judge(case) for case in cases]
    json.dump({"django": django.get_version(), "results": results}, sys.stdout)


def judge(case):
    before = recording.in_child(lambda: run_tree(case["before"]))
    after = None
    if case.get("after") is not None:
        after = recording.in_child(lambda: run_tree(case["after"]))
    message = complaint(before, after)
    return {
        "name": case["name"],
        "ok": message is None,
        "queries_before": total(before),
        "queries_after": total(after) if after else None,
        "message": message or "",
    }


def total(run):
    return sum(len(entry["queries"]) for entry in run["entries"].values()) if "entries" in run else None


def complaint(before, after):
    for side, run in (("before", before), ("after", after)):
        if run and "failed" in run:
            return f"{side}: {run['failed']}"
        if run and not run["entries"]:
            return f"{side}: no function to call; write one named run… or with a comment `# entry` above it"
    for name, entry in before["entries"].items():
        if entry["trace"] and not (after and recording.too_synchronous(entry)):
            return f"before: {name} raises\n{entry['trace']}"
    if after is None:
        return None
    if list(before["entries"]) != list(after["entries"]):
        return f"the entries differ: {list(before['entries'])} and {list(after['entries'])}"
    mended = False
    for name, entry in before["entries"].items():
        other = after["entries"][name]
        if recording.too_synchronous(entry) and not other["trace"]:
            mended = True
            continue
        if entry["result"] != other["result"]:
            return f"{name} gives something else:\n{entry['result']}\n{other['result']}\n{other['trace']}"
        if len(other["queries"]) > len(entry["queries"]):
            return f"{name} makes more queries: {len(entry['queries'])} before, {len(other['queries'])} after"
    if total(after) >= total(before) and not mended:
        return f"no fewer queries: {total(before)} before, {total(after)} after"
    return None


def run_tree(files):
    with tempfile.TemporaryDirectory(prefix="tuneup-page-") as root:
        write(root, files)
        sys.path.insert(0, root)
        sys.dont_write_bytecode = True
        apps = configure(files)
        fill(apps, files)
        recorded = {}
        for name, call in entries(files):
            recorded[name] = recording.record(call)
        return {"entries": recorded}


def write(root, files):
    for path, text in files.items():
        target = os.path.join(root, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        folder = os.path.dirname(path)
        while folder and path.endswith(".py"):
            package = os.path.join(root, folder, "__init__.py")
            if not os.path.exists(package):
                open(package, "w").close()
            folder = os.path.dirname(folder)


def module_of(path):
    dotted = path.removesuffix(".py").replace("/", ".")
    return dotted.removesuffix(".__init__")


def configure(files):
    from django.conf import settings
    from django.utils import timezone

    # `auto_now` and defaults must say the same in both trees.
    timezone.now = lambda: rows.MOMENT
    apps = sorted(
        {re.sub(r"/models(\.py|/.*)$", "", path).replace("/", ".") for path in files if re.search(r"/models(\.py$|/)", path)}
    )
    contrib = ["django.contrib.contenttypes", "django.contrib.auth"]
    values = {
        "SECRET_KEY": "examples",
        "ALLOWED_HOSTS": ["testserver"],
        "USE_TZ": True,
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "TEMPLATES": [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
        "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        "INSTALLED_APPS": contrib + apps,
    }
    for path in files:
        if os.path.basename(path) == "settings.py":
            module = importlib.import_module(module_of(path))
            values.update({k: getattr(module, k) for k in dir(module) if k.isupper() and k != "DATABASES"})
            listed = values["INSTALLED_APPS"]
            have = [name.split(".apps.")[0] for name in listed]
            values["INSTALLED_APPS"] = [a for a in contrib + apps if a not in have] + list(listed)
        elif os.path.basename(path) == "urls.py" and "ROOT_URLCONF" not in values:
            values["ROOT_URLCONF"] = module_of(path)
    # Every table straight from its model: no example needs the history of `auth`.
    labels = [name.split(".apps.")[0].rpartition(".")[2] for name in values["INSTALLED_APPS"]]
    values["MIGRATION_MODULES"] = {label: None for label in labels}
    settings.configure(**values)
    django.setup()
    return apps


def fill(apps, files):
    from django.apps import apps as registry
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    call_command("migrate", run_syncdb=True, verbosity=0)
    models = [get_user_model()]
    for config in registry.get_app_configs():
        if config.name in apps:
            models += [model for model in config.get_models() if model not in models]
    sources = [text for path, text in files.items() if path.endswith(".py")]
    rows.Filler(models, sources).fill()


def entries(files):
    marked, usual, fallback = [], [], []
    for path in files:
        if not path.endswith(".py") or "/migrations/" in path or path.endswith("settings.py"):
            continue
        command = re.search(r"(?:^|/)management/commands/(\w+)\.py$", path)
        if command and not command[1].startswith("_"):
            usual.append((f"manage.py {command[1]}", call_of_command(command[1])))
            continue
        module = importlib.import_module(module_of(path))
        names = marked_names(files[path])
        for name, thing in vars(module).items():
            if getattr(thing, "__module__", None) != module.__name__:
                continue
            call = call_of(thing)
            if call is None:
                continue
            entry = (f"{module.__name__}.{name}", call)
            if name in names:
                marked.append(entry)
            elif name.startswith("run") or takes_request(thing):
                usual.append(entry)
            elif inspect.isfunction(thing) and not name.startswith("_") and not inspect.signature(thing).parameters:
                fallback.append(entry)
    return marked or usual or fallback


def marked_names(text):
    names = re.findall(r"^[ \t]*# entry[ \t]*\r?\n(?:@.*\n)*(?:async )?(?:def|class) (\w+)", text, re.M)
    for line in re.findall(r"^[ \t]*# entry:(.*)$", text, re.M):
        names += re.findall(r"\w+", line)
    return names


def takes_request(thing):
    return inspect.isclass(thing) or next(iter(inspect.signature(thing).parameters), None) == "request"


def call_of_command(name):
    from django.core.management import call_command

    return lambda: call_command(name, no_color=True, stdout=sys.stdout)


def call_of(thing):
    """How to call it with nothing given, or None where that cannot be."""
    from django.views import View

    if inspect.isclass(thing):
        if not issubclass(thing, View) or not hasattr(thing, "get"):
            return None
        arguments = arguments_for(thing.get, skip=1)
        if arguments is not None and hasattr(thing, "get_object"):
            arguments["pk"] = lambda: 1
        thing = thing.as_view()
    elif inspect.isfunction(thing):
        arguments = arguments_for(thing)
    else:
        return None
    if arguments is None:
        return None
    return lambda: thing(**{name: make() for name, make in arguments.items()})


def arguments_for(function, skip=0):
    arguments = {}
    for parameter in list(inspect.signature(function).parameters.values())[skip:]:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if parameter.name == "request":
            arguments["request"] = request
        elif parameter.default is not parameter.empty:
            continue
        elif parameter.name in ("pk", "id") or parameter.name.endswith(("_pk", "_id")):
            arguments[parameter.name] = lambda: 1
        elif parameter.name == "slug":
            arguments[parameter.name] = some_slug
        else:
            return None
    return arguments


def request():
    from django.contrib.auth import get_user_model
    from django.test import RequestFactory

    made = RequestFactory().get("/")
    made.user = get_user_model()._default_manager.order_by("pk").first()
    return made


def some_slug():
    from django.apps import apps

    for model in apps.get_models():
        if any(field.name == "slug" for field in model._meta.concrete_fields):
            return model._base_manager.order_by("pk").values_list("slug", flat=True).first()
    return "slug"


if __name__ == "__main__":
    main()
