"""Judges what `tuneup` did to a project: runs it before and after, under real Django.

    python project.py < work.json > verdict.json

The input:

    {"entries": path of the module that lists the calls, "before": folder of the untouched project,
     "after": [{"tier": "safe", "tree": folder}, {"tier": "unsafe", "tree": folder}],
     "proposals": those of `tuneup check --output-format json` on the untouched project,
     "alone": whether to try every proposal by itself as well, "scratch": an empty folder,
     "only": the entries to call, or null for all of them}

The output: `{"django": version, "complaints": [text], "summary": text}`. No complaints means that all is well.
"""

import ast
import importlib
import importlib.util
import json
import os
import shutil
import sys

import django
import django.core.management.commands.migrate
import django.db.models
import django.test.client  # noqa: F401 (imported once, before the forks)

import recording

SCALES = (1, 2)


def main():
    work = json.load(sys.stdin)
    sys.path.insert(0, os.path.dirname(os.path.abspath(work["entries"])))
    spec = importlib.util.spec_from_file_location("entries_of_project", work["entries"])
    entries = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(entries)
    verdict = Judge(work, entries).judge()
    json.dump(verdict, sys.stdout)


class Judge:
    def __init__(self, work, project):
        self.work = work
        self.project = project
        only = work.get("only")
        self.entries = {e.target: e for e in project.ENTRIES if only is None or e.target in only}
        self.complaints = []
        self.databases = {}
        self.summary = ""

    def judge(self):
        if self.prepare():
            before = {scale: self.run(self.work["before"], scale, lines=scale == 1) for scale in SCALES}
            after = {
                variant["tier"]: {scale: self.run(variant["tree"], scale) for scale in SCALES}
                for variant in self.work["after"]
            }
            if not self.complaints:
                self.weigh_entries(before)
                for tier, runs in after.items():
                    for scale in SCALES:
                        self.compare(tier, scale, before[scale], runs[scale])
                    self.weigh_claims(tier, before, runs)
                self.weigh_proposals(before[1], after)
        return {"django": django.get_version(), "complaints": self.complaints, "summary": self.summary}

    def complain(self, text):
        if text not in self.complaints:
            self.complaints.append(text)

    # Running

    def prepare(self):
        """One database for each scale, and whether that went well."""
        for scale in SCALES:
            self.databases[scale] = os.path.join(self.work["scratch"], f"{scale}.sqlite3")
        made = recording.in_child(self.make_databases)
        if made is not None:
            self.complain(f"the project cannot be set up: {made['failed']}")
        return made is None

    def make_databases(self):
        from django.db import connection

        first, *others = self.databases.values()
        self.set_up(self.work["before"], first)
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        connection.close()
        for other in others:
            shutil.copyfile(first, other)
        for scale, path in self.databases.items():
            connection.settings_dict["NAME"] = path
            call_command(*(word.format(scale=scale) for word in self.project.SEED))
            connection.close()

    def set_up(self, tree, database):
        sys.dont_write_bytecode = True
        sys.path.insert(0, tree)
        os.chdir(tree)
        os.environ["DJANGO_SETTINGS_MODULE"] = self.project.SETTINGS
        settings = importlib.import_module(self.project.SETTINGS)
        settings.DATABASES["default"]["NAME"] = database
        settings.DEBUG = False
        django.setup()

    def run(self, tree, scale, lines=False, only=None):
        """What each entry did in that tree."""
        ran = recording.in_child(lambda: self.run_entries(tree, scale, lines, only))
        if "failed" in ran:
            self.complain(f"{os.path.basename(tree)}: {ran['failed']}")
        return ran

    def run_entries(self, tree, scale, lines, only):
        database = os.path.join(self.work["scratch"], f"run-{os.getpid()}.sqlite3")
        shutil.copyfile(self.databases[scale], database)
        self.set_up(tree, database)
        from django.conf import settings
        from django.core.management import call_command

        importlib.import_module(settings.ROOT_URLCONF)
        calls = {target: self.call_of(target) for target in self.entries if only is None or target in only}
        recorded = {
            target: recording.record(call, under=tree if lines else None) for target, call in calls.items()
        }
        if only is None and scale == 1:
            try:
                call_command("makemigrations", check=True, dry_run=True, verbosity=0)
            except SystemExit:
                return {"failed": "makemigrations --check finds changes"}
        os.unlink(database)
        return recorded

    @staticmethod
    def call_of(target):
        from django.core.management import call_command
        from django.test import Client

        if target.startswith("/admin/"):
            return lambda: superuser().get(target)
        if target.startswith("/"):
            return lambda: Client().get(target)
        if target.startswith("manage.py "):
            words = target.split()[1:]
            return lambda: call_command(*words, no_color=True, stdout=sys.stdout)
        module, _, name = target.partition(":")
        return getattr(importlib.import_module(module), name)

    # Weighing

    def weigh_entries(self, before):
        """The claims must mean something: there is something to mend, and it grows with the rows."""
        for target, entry in self.entries.items():
            one, two = before[1][target], before[2][target]
            if entry.fixed and len(two["queries"]) <= len(one["queries"]):
                self.complain(f"{target}: makes no more queries with twice the rows, so nothing is shown by it")
            if entry.mends and not recording.too_synchronous(one):
                self.complain(f"{target}: is listed as failing, and does not")
            if not entry.mends and one["result"]["raises"]:
                self.complain(f"{target}: raises before anything was done\n{one['trace']}")

    def compare(self, tier, scale, before, after):
        where = f"{tier}, rows times {scale}"
        for target, entry in self.entries.items():
            if not (entry.unsafe_changes and tier == "unsafe"):
                self.same_result(target, where, before[target], after[target])
            self.no_more_queries(target, where, before[target], after[target])
            if entry.right and before[target]["queries"] != after[target]["queries"]:
                self.complain(f"{target} ({where}): was right, and now makes other queries")

    def same_result(self, target, where, before, after):
        if recording.too_synchronous(before) and not after["result"]["raises"]:
            return
        if before["result"] != after["result"]:
            self.complain(f"{target} ({where}): {difference(before['result'], after['result'])}\n{after['trace']}")

    def no_more_queries(self, target, where, before, after):
        if recording.too_synchronous(before):
            return
        if len(after["queries"]) > len(before["queries"]):
            self.complain(f"{target} ({where}): {len(before['queries'])} queries before, {len(after['queries'])} after")

    def weigh_claims(self, tier, before, after):
        for target, entry in self.entries.items():
            one, two = len(after[1][target]["queries"]), len(after[2][target]["queries"])
            was = len(before[1][target]["queries"])
            if holds(entry.fewer or entry.fixed, tier) and one >= was:
                self.complain(f"{target} ({tier}): {was} queries before, and still {one}")
            if holds(entry.fixed, tier) and two > one:
                self.complain(f"{target} ({tier}): {one} queries, and {two} with twice the rows: it still grows")
            if entry.missed and one < was:
                self.complain(f"{target} ({tier}): {was} queries before, {one} now: no longer missed, claim it")
            if holds(entry.mends, tier) and after[1][target]["result"]["raises"]:
                self.complain(f"{target} ({tier}): still fails inside of async code")

    def weigh_proposals(self, before, after):
        counts = {tier: total(runs[1]) for tier, runs in after.items()}
        tried = 0
        for proposal in self.work["proposals"]:
            if not proposal["edits"] or proposal["safety"] not in after:
                continue
            covering = covering_entries(proposal, before)
            if not covering and is_outside_functions(self.work["before"], proposal):
                # It ran when its module was imported, and its rows are read by templates or by Django.
                covering = list(self.entries)
            if not covering:
                self.complain(f"{proposal['id']}: no entry runs the lines of this proposal")
                continue
            tried += 1
            # The variant of a tier has the proposals of that tier, so the fall must be seen there.
            if not self.helps(covering, before, after[proposal["safety"]][1]):
                self.complain(f"{proposal['id']}: no entry that runs its lines makes fewer queries: {covering}")
            elif self.work["alone"]:
                self.weigh_alone(proposal, covering, before)
        claimed = sum(bool(entry.fewer or entry.fixed or entry.mends) for entry in self.entries.values())
        missed = sum(entry.missed for entry in self.entries.values())
        self.summary = (
            f"{len(self.entries)} entries, {tried} proposals, {claimed} of {claimed + missed} mistakes mended; "
            f"queries: {total(before)} before, "
            + ", ".join(f"{count} after {tier}" for tier, count in counts.items())
        )

    def weigh_alone(self, proposal, covering, before):
        """One proposal by itself, on its own copy of the project."""
        tree = os.path.join(self.work["scratch"], "alone")
        shutil.copytree(self.work["before"], tree)
        try:
            apply_edits(tree, proposal)
            after = self.run(tree, 1, only=covering)
        finally:
            shutil.rmtree(tree)
        if "failed" in after:
            self.complain(f"{proposal['id']}: alone, the project does not run")
            return
        where = f"{proposal['id']} alone"
        for target in covering:
            if not (self.entries[target].unsafe_changes and proposal["safety"] == "unsafe"):
                self.same_result(target, where, before[target], after[target])
            self.no_more_queries(target, where, before[target], after[target])
        if not self.helps(covering, before, after):
            self.complain(f"{where}: no entry that runs its lines makes fewer queries: {covering}")

    def helps(self, covering, before, after):
        return any(
            len(after[target]["queries"]) < len(before[target]["queries"])
            or recording.too_synchronous(before[target])
            and not after[target]["result"]["raises"]
            for target in covering
        )


def superuser():
    """A client that is logged in. A token that is new in each page would make each page another."""
    from django.contrib.auth import get_user_model
    from django.middleware import csrf
    from django.test import Client

    csrf._mask_cipher_secret = lambda secret: "0" * csrf.CSRF_TOKEN_LENGTH
    client = Client()
    client.force_login(get_user_model().objects.filter(is_superuser=True).first())
    return client


def holds(claim, tier):
    """Whether a claim from some tier on is to hold in this one."""
    return claim == tier or claim == "safe"


def total(run):
    return sum(len(recorded["queries"]) for recorded in run.values())


def covering_entries(proposal, before):
    """The entries that ran the query itself; where none did (a query of a class body), those that ran a line
    of the evidence."""
    query = {(proposal["path"], line) for line in range(proposal["line"], proposal["end_line"] + 1)}
    evidence = {(place["path"], place["line"]) for place in proposal["evidence"]}
    for places in (query, evidence):
        covering = [
            target
            for target, recorded in before.items()
            if any(line in recorded["lines"].get(path, ()) for path, line in places)
        ]
        if covering:
            return covering
    return []


def is_outside_functions(tree, proposal):
    """Whether the query stands in the body of a module or class."""
    with open(os.path.join(tree, proposal["path"]), "rb") as file:
        nodes = ast.walk(ast.parse(file.read()))
    functions = [node for node in nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))]
    return not any(node.lineno <= proposal["line"] <= node.end_lineno for node in functions)


def apply_edits(tree, proposal):
    by_path = {}
    for edit in proposal["edits"]:
        by_path.setdefault(edit["path"], []).append(edit)
    for path, edits in by_path.items():
        target = os.path.join(tree, path)
        with open(target, "rb") as file:
            data = file.read()
        # From the end, so that the offsets of the rest stay true; of insertions at one place the first stays first.
        for edit in sorted(reversed(edits), key=lambda edit: edit["start"], reverse=True):
            data = data[: edit["start"]] + edit["content"].encode() + data[edit["end"] :]
        with open(target, "wb") as file:
            file.write(data)
    for created in proposal.get("creates", []):
        target = os.path.join(tree, created["path"])
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w", encoding="utf-8", newline="") as file:
            file.write(created["content"])


def difference(before, after):
    before, after = json.dumps(before), json.dumps(after)
    at = next((i for i, (a, b) in enumerate(zip(before, after)) if a != b), min(len(before), len(after)))
    start = max(0, at - 60)
    return f"gives something else: …{before[start : at + 60]}… before, …{after[start : at + 60]}… after"


if __name__ == "__main__":
    main()
