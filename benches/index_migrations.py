"""Applies all proposals of indexes to a real project, and lets its own Django judge the migrations.

    python benches/index_migrations.py --tuneup target/debug/tuneup --root CHECKOUT --python ENV/bin/python
        [--manage FOLDER] [--settings MODULE] [--env NAME=VALUE …] [--prelude FILE]

The project is copied, so the checkout stays as it is. `--python` has the project's requirements; the settings name an
SQLite database, or `--prelude` is a settings module of its own, which is put beside `manage.py` as `tuneup_settings`.
Said are: whether `makemigrations --check` was clean before, how many proposals were written and withheld, whether it is
clean after, and whether `migrate` runs on an empty database, back over what was written, and forwards again. The exit
status is 1 where Django has anything left to do that it had not before, or a migration fails.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

RULES = "db-index,meta-indexes,redundant-index,index-together"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tuneup", required=True, type=pathlib.Path)
    parser.add_argument("--root", required=True, type=pathlib.Path)
    parser.add_argument("--python", required=True, type=pathlib.Path)
    parser.add_argument("--manage", default=".", help="the folder of manage.py, from the root")
    parser.add_argument("--settings")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--prelude", type=pathlib.Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tuneup-indexes-") as folder:
        sys.exit(judge(given, pathlib.Path(folder) / "project"))


def judge(given, root):
    ignore = shutil.ignore_patterns(".git", "node_modules", "__pycache__")
    shutil.copytree(given.root, root, ignore=ignore, symlinks=True)
    manage = root / given.manage
    environment = {**os.environ, **dict(pair.split("=", 1) for pair in given.env), "PYTHONDONTWRITEBYTECODE": "1"}
    # Black would write what `makemigrations` makes anew.
    environment["PATH"] = "%s:/usr/bin:/bin" % given.python.parent
    if given.settings:
        environment["DJANGO_SETTINGS_MODULE"] = given.settings
    if given.prelude:
        shutil.copy(given.prelude, manage / "tuneup_settings.py")
        environment["DJANGO_SETTINGS_MODULE"] = "tuneup_settings"
        environment["PYTHONPATH"] = str(manage)

    def django(*arguments):
        run = subprocess.run(
            [str(given.python.absolute()), "manage.py", *arguments],
            cwd=manage, env=environment, capture_output=True, text=True,
        )
        return run.returncode, (run.stdout + run.stderr).strip()

    before = django("makemigrations", "--check", "--dry-run")
    said("makemigrations --check before", before)
    tuneup = [str(given.tuneup.absolute())]
    checked = subprocess.run(
        [*tuneup, "check", "--select", RULES, "--output-format", "json", str(root)], capture_output=True, text=True
    )
    proposals = json.loads(checked.stdout)["proposals"]
    written = subprocess.run(
        [*tuneup, "apply", "--unsafe", "--allow-no-vcs", "--select", RULES, str(root)], capture_output=True, text=True
    )
    with_edits = [proposal for proposal in proposals if proposal["edits"] or proposal["creates"]]
    created = sorted({made["path"] for proposal in proposals for made in proposal["creates"]})
    print("proposals: %d, with edits: %d, migrations when all are written:" % (len(proposals), len(with_edits)))
    new = [line for line in new_migrations(given.root, root)]
    print("\n".join("  " + path for path in new) or "  none (%d for single proposals)" % len(created))
    if written.returncode > 1:
        print("tuneup apply failed:\n" + written.stderr)
        return 1
    after = django("makemigrations", "--check", "--dry-run")
    said("makemigrations --check after", after)
    failed = after[0] != 0 and after[1] != before[1]
    first = django("migrate", "--noinput", "--verbosity=0")
    said("migrate", first)
    failed |= first[0] != 0
    for path in reversed(new):
        label, name = label_of(root / path), pathlib.Path(path).stem
        shown = django("showmigrations", "--list", *([label] if label else []))[1]
        names = re.findall(r"\[[ X]\] (\S+)", shown)
        if name not in names:
            continue
        at = names.index(name)
        back = django("migrate", "--noinput", "--verbosity=0", label, names[at - 1])
        said("migrate %s back to %s" % (label, names[at - 1]), back)
        failed |= back[0] != 0
    again = django("migrate", "--noinput", "--verbosity=0")
    said("migrate again", again)
    return int(failed or again[0] != 0)


def said(what, result):
    status, text = result
    print("%s: %s" % (what, "ok" if status == 0 else "status %d\n%s" % (status, text[-1500:])), flush=True)


def new_migrations(old, new):
    """The migrations that are in one tree and not in the other."""
    for path in sorted(new.rglob("migrations/**/*.py")):
        relative = path.relative_to(new)
        if not (old / relative).exists():
            yield relative.as_posix()


def label_of(path):
    """The app that a migration names as the one it depends on: each that is written follows another of its app."""
    names = re.findall(r"\(\s*[\"'](\w+)[\"'],\s*[\"'](\w+)[\"']\s*\)", path.read_text(encoding="utf-8"))
    folder = {file.stem for file in path.parent.glob("*.py")}
    return next((label for label, name in names if name in folder), "")


main()
