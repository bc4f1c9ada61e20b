"""Lets real Django make migrations, check them, and apply and take back them.

Reads {"root": …, "apps": […], "step": "initial" | "compare", "written": {path: text}} on standard input. The first step
writes the first migration of every app. The second makes the migrations that Django would write where `written` are not
there, then checks that with them nothing is left to do, and applies and takes back all: on SQLite, and with "postgresql"
on a server of its own too, where one is installed. What was not done is said in the answer's "skipped". Where the
environment's TUNEUP_TEST_MARIADB is the socket of a MariaDB that lets root in, and PYTHONPATH has a driver, there too.
"""

import contextlib
import glob
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile

given = json.load(sys.stdin)
root = given["root"]
sys.path.insert(0, root)
os.chdir(root)
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
SEARCHED = os.pathsep.join([os.environ.get("PATH", ""), *sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)])
# Black would write migrations anew.
os.environ["PATH"] = "/nonexistent"


def files():
    found = {}
    for folder in given["folders"]:
        for name in os.listdir(folder):
            if name.endswith(".py"):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    found[folder + "/" + name] = file.read()
    return found


def quiet(name, *args, **options):
    """What a command says, and the status that it exits with."""
    from django.core.management import call_command

    out = io.StringIO()
    status = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            call_command(name, *args, **options)
        except SystemExit as exit:
            status = exit.code
    return status, out.getvalue()


def compare():
    for path in given["written"]:
        os.remove(path)
    before = files()
    quiet("makemigrations", interactive=False, verbosity=0)
    made = {path: text for path, text in files().items() if path not in before}
    for path in made:
        os.remove(path)
    for path, text in given["written"].items():
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    for name in [name for name in sys.modules if "migrations" in name and name.split(".")[0] in given["apps"]]:
        del sys.modules[name]
    import importlib

    importlib.invalidate_caches()
    status, said = quiet("makemigrations", check_changes=True, dry_run=True, interactive=False)
    result = {"made": made, "left": said if status else ""}
    try:
        result["problem"] = ""
        apply()
    except Exception as problem:
        result["problem"] = "%s: %s" % (type(problem).__name__, problem)
    if given.get("postgresql") and not result["problem"]:
        result["problem"], result["skipped"] = on_postgresql()
    if given.get("postgresql") and not result["problem"] and os.environ.get("TUNEUP_TEST_MARIADB"):
        result["problem"] = elsewhere("MariaDB", os.environ["TUNEUP_TEST_MARIADB"])
    return result


def elsewhere(name, socket):
    """What goes wrong when all are applied and taken back in another server, by a process of its own."""
    inner = json.dumps({**given, "step": "apply", "server": name, "socket": socket})
    applied = subprocess.run([sys.executable, "-B", __file__], input=inner, capture_output=True, text=True, timeout=240)
    return "" if applied.returncode == 0 else "on " + name + ": " + applied.stderr[-2000:]


def on_postgresql():
    """What goes wrong when all are applied and taken back there, and why that was not tried."""
    programs = {name: shutil.which(name, path=SEARCHED) for name in ("initdb", "postgres")}
    if not all(programs.values()):
        return "", "there is no PostgreSQL"
    with tempfile.TemporaryDirectory(prefix="tuneup-pg-") as folder:
        data = os.path.join(folder, "data")
        # A server does not run as root.
        user = {}
        if os.geteuid() == 0:
            user = {"user": "nobody", "group": "nogroup"}
            shutil.chown(folder, **user)
        run = dict(cwd=folder, env={}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **user)
        made = subprocess.run([programs["initdb"], "-D", data, "-U", "judge", "-A", "trust", "-N"], **run)
        if made.returncode:
            return "", "initdb: " + made.stdout.decode(errors="replace")[-300:]
        options = ["-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"]
        server = subprocess.Popen([programs["postgres"], "-D", data, *options], **{**run, "stdout": subprocess.DEVNULL})
        try:
            return elsewhere("PostgreSQL", folder), ""
        finally:
            server.terminate()
            server.wait()


def apply_there():
    """All of `apply`, in the server at a socket, once it answers."""
    if given["server"] == "MariaDB":
        return apply_in_mariadb()
    import time

    import psycopg

    import settings

    server = {"NAME": "postgres", "USER": "judge", "HOST": given["socket"]}
    settings.DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", **server}}
    for _ in range(200):
        try:
            psycopg.connect(dbname="postgres", user="judge", host=given["socket"]).close()
            break
        except psycopg.OperationalError:
            time.sleep(0.1)
    import django

    django.setup()
    apply()


def apply_in_mariadb():
    """All of `apply`, in a database of its own."""
    try:
        import pymysql

        pymysql.version_info = (2, 2, 8, "final", 0)
        pymysql.install_as_MySQLdb()
    except ImportError:
        pass
    import MySQLdb

    import settings

    name = "judge_%d" % os.getpid()
    connection = MySQLdb.connect(unix_socket=given["socket"], user="root")
    connection.cursor().execute("CREATE DATABASE %s CHARACTER SET utf8mb4" % name)
    server = {"NAME": name, "USER": "root", "HOST": given["socket"]}
    settings.DATABASES = {"default": {"ENGINE": "django.db.backends.mysql", **server}}
    import django

    django.setup()
    try:
        apply()
    finally:
        connection.cursor().execute("DROP DATABASE %s" % name)


def apply():
    """All migrations of the first apps forwards, the written ones back, then forwards."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    chosen = given["migrated"]
    executor = MigrationExecutor(connection)
    graph = executor.loader.graph
    leaves = [key for key in graph.leaf_nodes() if key[0] in chosen]
    executor.migrate(leaves)
    before = []
    for leaf in leaves:
        written = type(executor.loader.disk_migrations[leaf]).__module__.replace(".", "/") + ".py"
        if written in given["written"]:
            before.extend(node.key for node in graph.node_map[leaf].parents if node.key[0] == leaf[0])
    executor = MigrationExecutor(connection)
    executor.migrate(before)
    executor = MigrationExecutor(connection)
    executor.migrate(leaves)


def main():
    if given["step"] == "apply":
        return apply_there()
    import django

    django.setup()
    if given["step"] == "initial":
        quiet("makemigrations", interactive=False, verbosity=0)
        result = {}
    else:
        result = compare()
    result["version"] = django.get_version()
    json.dump(result, sys.stdout)


main()
