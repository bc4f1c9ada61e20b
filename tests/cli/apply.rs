//! What `apply` edits and commits: by rule, by what has changed, or nothing at all.

use insta::assert_snapshot;

use crate::support::{Library, READER, contents};

/// A project in which two rules have something to write, one of them with a migration.
fn project() -> Library {
    let library = Library::new();
    library.write("library/views.py", READER.replace("library.models", ".models"));
    library.write("shop/__init__.py", "");
    library.write(
        "shop/models.py",
        "\
from django.contrib.auth.models import User
from django.db import models


class Order(models.Model):
    customer = models.ForeignKey(User, on_delete=models.CASCADE)
    status = models.CharField(max_length=10)
    created = models.DateTimeField(auto_now_add=True)
",
    );
    library.write(
        "shop/views.py",
        "\
from django.shortcuts import render

from shop.models import Order


def open_orders(request):
    orders = Order.objects.filter(status=\"open\")
    return render(request, \"orders.html\", {\"orders\": orders.order_by(\"-created\")[:20]})
",
    );
    library.write("shop/migrations/__init__.py", "");
    library.write(
        "shop/migrations/0001_initial.py",
        "\
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations = [
        migrations.CreateModel(
            name=\"Order\",
            fields=[
                (\"id\", models.AutoField(primary_key=True)),
                (\"status\", models.CharField(max_length=10)),
                (\"created\", models.DateTimeField(auto_now_add=True)),
                (\"customer\", models.ForeignKey(on_delete=models.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
        ),
    ]
",
    );
    library
}

fn committed() -> Library {
    let library = project();
    library.commit();
    library.git(&["config", "user.name", "A"]);
    library.git(&["config", "user.email", "a@example.org"]);
    library
}

fn hook(library: &Library, script: &str) {
    let path = library.at(".git/hooks/pre-commit");
    std::fs::create_dir_all(path.parent().expect("hooks are in a folder")).expect("it can be made");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("it can be written");
    #[cfg(unix)]
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("it is ours");
}

#[test]
fn what_was_written_is_told_by_rule_and_file() {
    let run = committed().run(&["apply", "--unsafe"]);
    assert_snapshot!(run.shown());
}

#[test]
fn a_check_says_what_would_be_written_and_writes_nothing() {
    let library = Library::new();
    let before = contents(&library.path());
    let run = library.run(&["apply", "--check", "--quiet"]);
    assert_eq!(run.code, Some(1), "{}", run.err);
    assert_eq!(
        run.out,
        "select-related: 2 changes\n  would write library/views.py (2 changes)\n\
         2 changes in 1 file; nothing was written\n"
    );
    assert_eq!(contents(&library.path()), before);
    assert!(!library.at(".tuneup").exists());
    assert_eq!(library.run(&["apply", "--allow-no-vcs"]).code, Some(0));
    assert_eq!(library.run(&["apply", "--check"]).code, Some(0));
}

#[test]
fn every_rule_is_a_commit_with_its_evidence() {
    let library = committed();
    let run = library.run(&["apply", "--unsafe", "--commit"]);
    assert_eq!(run.out.matches("committed ").count(), 2, "{}", run.shown());
    assert_eq!(library.git(&["status", "--porcelain"]), "", "all that was written is committed");
    assert_snapshot!(library.git(&["log", "-2", "--reverse", "--format=%B", "--stat"]));
    assert_eq!(library.run(&["diff", "--unsafe"]).out, "");
}

#[test]
fn what_others_staged_or_left_is_not_committed() {
    let library = committed();
    library.write("staged.txt", "mine\n");
    library.git(&["add", "staged.txt"]);
    library.write("loose.txt", "mine\n");
    let run = library.run(&["apply", "--commit", "--allow-dirty"]);
    assert!(run.out.contains("committed "), "{}", run.shown());
    assert_eq!(library.git(&["show", "--format=", "--name-only", "HEAD"]).trim(), "library/views.py");
    assert_eq!(library.git(&["status", "--porcelain"]), "A  staged.txt\n?? loose.txt\n");
}

#[test]
fn a_file_with_other_changes_is_not_committed() {
    let library = committed();
    library.write("library/views.py", [&library.read("library/views.py")[..], b"\n# mine\n"].concat());
    let before = contents(&library.path());
    let run = library.run(&["apply", "--commit", "--allow-dirty"]);
    assert_eq!(run.code, Some(2), "{}", run.shown());
    assert!(run.err.contains("not committed") && run.err.contains("library/views.py"), "{}", run.err);
    assert_eq!(contents(&library.path()), before);
}

#[test]
fn a_hook_that_refuses_has_the_files_put_back() {
    let library = committed();
    let before = contents(&library.path());
    hook(&library, "echo no commits on mondays >&2; exit 1");
    let run = library.run(&["apply", "--commit", "--unsafe"]);
    assert_eq!(run.code, Some(2), "{}", run.shown());
    assert!(run.err.contains("no commits on mondays"), "{}", run.err);
    assert_eq!(contents(&library.path()), before);
    assert_eq!(library.git(&["status", "--porcelain"]), "");

    // One that refuses new files: the first rule is committed, what the second one made is gone again.
    hook(&library, "git diff --cached --name-only --diff-filter=A | grep . && exit 1; exit 0");
    let run = library.run(&["apply", "--commit", "--unsafe"]);
    assert_eq!((run.code, run.out.matches("committed ").count()), (Some(2), 1), "{}", run.shown());
    assert_eq!(library.git(&["status", "--porcelain"]), "");
    assert!(run.err.contains("0002_"), "{}", run.err);
}

#[test]
fn a_hook_that_formats_is_given_a_second_try() {
    let library = committed();
    hook(
        &library,
        "grep -q formatted library/views.py || { echo '# formatted' >> library/views.py; exit 1; }",
    );
    let run = library.run(&["apply", "--commit"]);
    assert!(run.out.contains("committed "), "{}", run.shown());
    assert_eq!(library.git(&["status", "--porcelain"]), "");
    assert!(library.git(&["show", "HEAD"]).contains("+# formatted"));
}

#[test]
fn files_that_git_ignores_are_written_and_not_committed() {
    let library = project();
    library.write(".gitignore", "0002*\n");
    library.commit();
    library.git(&["config", "user.name", "A"]);
    library.git(&["config", "user.email", "a@example.org"]);
    let run = library.run(&["apply", "--unsafe", "--commit", "--select", "db-index,meta-indexes"]);
    assert!(run.out.contains("committed "), "{}", run.shown());
    assert_eq!(library.git(&["show", "--format=", "--name-only", "HEAD"]).trim(), "shop/models.py");
    assert!(run.out.contains("0002_"), "{}", run.shown());
}

#[test]
fn since_a_commit_only_what_changed_is_edited() {
    let library = committed();
    library.write("other.py", READER);
    let run = library.run(&["diff", "--since", "HEAD"]);
    assert!(run.out.contains("+++ b/other.py") && !run.out.contains("views.py"), "{}", run.shown());
    library.git(&["checkout", "-qb", "branch"]);
    library.git(&["add", "-A"]);
    library.git(&["commit", "-qm", "mine"]);
    assert_eq!(library.run(&["diff", "--since", "HEAD"]).out, "");
    let run = library.run(&["apply", "--since", "HEAD~1"]);
    assert!(run.out.contains("wrote other.py\n1 change in 1 file"), "{}", run.shown());
    assert_eq!(library.git(&["status", "--porcelain"]), " M other.py\n");

    let run = library.run(&["check", "--since", "no-such-branch"]);
    assert_eq!((run.code, run.err.contains("no commit `no-such-branch`")), (Some(2), true), "{}", run.err);
    let run = Library::new().run(&["check", "--since", "HEAD"]);
    assert_eq!((run.code, run.err.contains("not in a git repository")), (Some(2), true), "{}", run.err);
}

#[test]
fn a_template_that_changed_is_reported_where_the_query_did_not() {
    let library = Library::committed();
    let template = library.read("library/templates/library/overview.html");
    library.write("library/templates/library/overview.html", [&template[..], b"\n"].concat());
    let run = library.run(&["check", "--since", "HEAD", "--output-format", "concise"]);
    assert_eq!(run.out.lines().count(), 1, "{}", run.shown());
    assert!(run.out.contains("overview") && run.code == Some(1), "{}", run.shown());
    // The fix would be in a file that did not change.
    assert_eq!(library.run(&["diff", "--since", "HEAD"]).out, "");
}

#[test]
fn staged_files_are_edited_where_the_stage_keeps_what_they_were() {
    let library = committed();
    library.write("other.py", READER);
    library.git(&["add", "other.py"]);
    let run = library.run(&["check", "--staged", "--output-format", "concise"]);
    assert!(run.out.starts_with("other.py:") && run.out.lines().count() == 1, "{}", run.shown());
    library.write("other.py", format!("{READER}\n# more\n"));
    let run = library.run(&["apply", "--staged"]);
    assert!(run.code == Some(2) && run.err.contains("other.py"), "{}", run.shown());
    library.git(&["add", "other.py"]);
    let run = library.run(&["apply", "--staged"]);
    assert!(run.out.contains("wrote other.py\n1 change in 1 file"), "{}", run.shown());
    assert_eq!(library.git(&["status", "--porcelain"]), "AM other.py\n");
}

#[test]
fn a_project_below_the_top_of_its_repository_is_told_apart() {
    let library = Library::empty();
    let project = project();
    for (path, bytes) in contents(&project.path()) {
        let below = path.strip_prefix(project.path()).expect("below").to_str().expect("a Unicode path");
        library.write(&format!("our backend/{below}"), bytes);
    }
    library.write("elsewhere.py", "");
    library.commit();
    library.git(&["config", "user.name", "A"]);
    library.git(&["config", "user.email", "a@example.org"]);
    library.write("elsewhere.py", "# mine\n");
    library.write("our backend/other.py", READER);
    let run = library.run(&["diff", "--since", "HEAD", "our backend"]);
    assert!(run.out.contains("other.py") && !run.out.contains("views.py"), "{}", run.shown());

    std::fs::remove_file(library.at("our backend/other.py")).expect("it is there");
    let folder = library.at("our backend");
    library.write(
        "our backend/shop/models.py",
        [&library.read("our backend/shop/models.py")[..], b"# mine\n"].concat(),
    );
    let run = library.run_in(&folder, &["apply", "--unsafe", "--commit", "--allow-dirty"]);
    assert_eq!(run.code, Some(2), "{}", run.shown());
    assert!(run.out.contains("committed ") && run.err.contains("\n  shop/models.py"), "{}", run.shown());
    let committed = library.git(&["show", "--format=", "--name-only", "HEAD"]);
    assert_eq!(committed.trim(), "our backend/library/views.py", "not what is not committed yet");
}

#[test]
fn a_hook_that_stages_what_it_rewrites_leaves_a_clean_tree() {
    let library = committed();
    hook(
        &library,
        "for f in $(git diff --cached --name-only); do echo '# formatted' >> $f; git add $f; done",
    );
    let run = library.run(&["apply", "--commit"]);
    assert!(run.out.contains("committed "), "{}", run.shown());
    assert_eq!(library.git(&["status", "--porcelain"]), "");
    assert!(library.git(&["show", "HEAD"]).contains("+# formatted"));
}
