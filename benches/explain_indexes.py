"""Asks PostgreSQL whether each index proposed for newsroom is used by the query that the proposal names.

    python -m venv env && env/bin/pip install pgserver "psycopg[binary]" "Django==5.2.*" djangorestframework
    env/bin/python benches/explain_indexes.py --tuneup target/debug/tuneup

A server of its own is started in a temporary folder, newsroom is migrated and filled with 200,000 rows a table, and each
query is explained; then the proposals are applied and migrated, and each is explained again. Printed is the table of the
rule's page. The exit status is 1 where the plan of a query does not name the index that was made for it.
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

ROWS = 200_000

#: What the proposals name, by model and fields.
QUERIES = {
    "articles.Article: published_on": (
        "the archive of a week: `filter(published_on__gte=…, published_on__lt=…)`",
        "import datetime\nfrom articles.models import Article\nday = datetime.date(2010, 3, 1)\n"
        "rows = Article.objects.filter(published_on__gte=day, published_on__lt=day + datetime.timedelta(days=7))",
    ),
    "articles.Article: status, -published_on": (
        "the front page: `filter(status=…).order_by(\"-published_on\", \"pk\")[:6]`",
        "from articles.models import Article\nrows = Article.objects.front_page()",
    ),
    "comments.Comment: content_type, object_id": (
        "the comments of an article: `article.comments.all()`",
        "from articles.models import Article\nrows = Article.objects.get(pk=77).comments.all()",
    ),
}

SETTINGS = """
from newsroom.settings.base import *
SECRET_KEY = "x"
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "postgres", **%r}}
"""


RUN = """
import sys, json
import django
django.setup()
from django.core.management import call_command
from django.db import connection
step, queries = sys.argv[1], json.loads(sys.argv[2])
call_command("migrate", verbosity=0)
if step == "fill":
    import fill
    fill.fill(int(sys.argv[3]))
with connection.cursor() as cursor:
    cursor.execute("analyze")
plans = {}
for name, source in queries.items():
    names = {}
    exec(source, names)
    plans[name] = names["rows"].explain(analyze=True)
print(json.dumps(plans))
"""

FILL = '''
"""Fills every table of some models with rows, by one statement each."""

from django.apps import apps
from django.db import connection


def fill(count):
    done = set()
    with connection.cursor() as cursor:
        cursor.execute("set session_replication_role = replica")
        for label in ("articles.Article", "comments.Comment"):
            model = apps.get_model(label)
            columns, values = [], []
            for field in model._meta.local_concrete_fields:
                if field.primary_key:
                    continue
                columns.append('"%s"' % field.column)
                values.append(value(field, model))
            cursor.execute(
                'insert into "%s" (%s) select %s from generate_series(1, %d) n'
                % (model._meta.db_table, ", ".join(columns), ", ".join(values), count)
            )


def value(field, model):
    from django.contrib.contenttypes.models import ContentType

    kind = field.get_internal_type()
    if field.is_relation:
        if field.related_model is ContentType:
            return str(ContentType.objects.get_for_model(apps.get_model("articles.Article")).pk)
        return "null" if field.null else "1 + n % 500"
    if field.choices:
        texts = ["'%s'" % choice for choice, _ in field.choices]
        return "(array[%s])[1 + n %% %d]" % (", ".join(texts), len(texts))
    if kind == "DateField":
        return "date '2000-01-01' + (n * 7919 % 9000)"
    if kind == "DateTimeField":
        return "timestamptz '2000-01-01' + (n * 7919 % 9000) * interval '1 day'"
    if kind == "BooleanField":
        return "n % 10 <> 0"
    if kind in ("CharField", "TextField", "SlugField"):
        return "left(md5(n::text), %d)" % (field.max_length or 32) if not field.unique else "'row-' || n"
    return "n * 7919 % 20000"
'''


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tuneup", required=True, type=pathlib.Path)
    parser.add_argument("--rows", type=int, default=ROWS)
    given = parser.parse_args()
    import pgserver

    newsroom = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "newsroom"
    with tempfile.TemporaryDirectory(prefix="tuneup-explain-") as folder:
        folder = pathlib.Path(folder)
        server = pgserver.get_server(folder / "server")
        try:
            sys.exit(judge(given, newsroom, folder, server))
        finally:
            server.cleanup()


def judge(given, newsroom, folder, server):
    import psycopg

    parts = psycopg.conninfo.conninfo_to_dict(server.get_uri())
    names = {"user": "USER", "host": "HOST", "port": "PORT", "password": "PASSWORD"}
    settings = SETTINGS % {names[key]: value for key, value in parts.items() if key in names}
    for tree in ("before", "after"):
        shutil.copytree(newsroom, folder / tree, ignore=shutil.ignore_patterns("__pycache__"))
    rules = ["--select", "db-index,meta-indexes"]
    tuneup = str(given.tuneup.absolute())
    said = subprocess.run([tuneup, "check", *rules, "--output-format", "json", str(folder / "after")], capture_output=True)
    proposals = [it for it in json.loads(said.stdout)["proposals"] if it["edits"] or it["creates"]]
    # The status is 1 where advice is left.
    subprocess.run([tuneup, "apply", "--unsafe", "--allow-no-vcs", "--quiet", *rules, str(folder / "after")], capture_output=True)
    for tree in ("before", "after"):
        (folder / tree / "explained.py").write_text(settings)
        (folder / tree / "fill.py").write_text(FILL)
        (folder / tree / "run.py").write_text(RUN)
    wanted = ["%s: %s" % (it["model"], ", ".join(it["fields"])) for it in proposals]
    unknown = [name for name in wanted if name not in QUERIES]
    if unknown:
        print("no query is known for " + "; ".join(unknown), file=sys.stderr)
        return 1
    queries = {name: QUERIES[name][1] for name in wanted}
    before = explain(folder / "before", "fill", queries, given.rows)
    after = explain(folder / "after", "look", queries, given.rows)
    made = "\n".join(path.read_text() for path in folder.glob("after/*/migrations/*.py"))
    print("| index | query | cost before | after | milliseconds before | after |\n| --- | --- | --: | --: | --: | --: |")
    failed = False
    for name in wanted:
        index = re.search(r"Index Scan(?: Backward)? using (\S+)|Bitmap Index Scan on (\S+)", after[name])
        used = next((found for found in index.groups() if found), "") if index else ""
        is_ours = used in made and used not in before[name]
        failed |= not is_ours
        print(
            "| `%s` | %s | %s | %s | %s | %s |"
            % (name, QUERIES[name][0], *figures(before[name], after[name], r"cost=[\d.]+\.\.([\d.]+)"),
               *figures(before[name], after[name], r"Execution Time: ([\d.]+)"))
        )
        if not is_ours:
            print("the index is not used:\n" + after[name], file=sys.stderr)
    return int(failed)


def figures(before, after, pattern):
    return [re.search(pattern, plan).group(1) for plan in (before, after)]


def explain(tree, step, queries, rows):
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "explained", "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run(
        [sys.executable, "run.py", step, json.dumps(queries), str(rows)],
        cwd=tree, env=environment, capture_output=True, text=True,
    )
    if run.returncode:
        raise SystemExit(run.stderr)
    return json.loads(run.stdout.splitlines()[-1])


main()
