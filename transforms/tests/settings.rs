//! What rules say of settings, on small projects.

use std::fs;

use tuneup_django::{Options, Project};
use tuneup_transforms::Safety;
use tuneup_transforms::registry::{RULES, propose};

fn found(version: &str, text: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let manage = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'settings')\n";
    fs::write(folder.path().join("manage.py"), manage).expect("a new file");
    fs::write(folder.path().join("settings.py"), text).expect("a new file");
    let root = folder.path().to_owned();
    let options = Options { root, django: Some(version.to_owned()), ..Options::default() };
    let project = Project::load(options, None);
    let rules: Vec<_> = RULES.iter().copied().filter(|rule| rule.name == "persistent-connections").collect();
    propose(&project, &rules)
        .into_iter()
        .map(|proposal| {
            let changes = format!("{:?}", proposal.changes);
            format!("{} {}", proposal.fields.join(","), changes.contains("CONN_HEALTH_CHECKS"))
        })
        .collect()
}

const POSTGRESQL: &str =
    "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'n'}}\n";

#[test]
fn databases_that_say_nothing_of_connections_are_named() {
    assert_eq!(found("5.2", POSTGRESQL), ["default true"]);
    assert_eq!(found("4.0", POSTGRESQL), ["default false"]);
}

#[test]
fn what_is_decided_or_not_known_is_left_alone() {
    for more in [
        "DATABASES['default']['CONN_MAX_AGE'] = 0\n",
        "DATABASES['default']['OPTIONS'] = {'pool': True}\n",
        "DATABASES['default']['ENGINE'] = 'django.db.backends.sqlite3'\n",
        "ASGI_APPLICATION = 'site.asgi.application'\n",
        "import extra\nextra.fill(globals())\n",
        "import os\nif os.environ.get('X'):\n    DATABASES['default'] = {'ENGINE': 'django.db.backends.sqlite3'}\n",
    ] {
        assert_eq!(found("5.2", &format!("{POSTGRESQL}{more}")), [] as [&str; 0], "{more}");
    }
}

#[test]
fn keys_that_are_not_seen_leave_advice() {
    for more in [
        "DATABASES['default'].update(extra.more)\n",
        "DATABASES['default'] = {'ENGINE': 'mysql', **extra.more}\n",
    ] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let manage = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'settings')\n";
        fs::write(folder.path().join("manage.py"), manage).expect("a new file");
        fs::write(folder.path().join("settings.py"), format!("import extra\n{POSTGRESQL}{more}"))
            .expect("a new file");
        let project = Project::load(Options { root: folder.path().to_owned(), ..Options::default() }, None);
        let rules: Vec<_> =
            RULES.iter().copied().filter(|rule| rule.name == "persistent-connections").collect();
        let proposals = propose(&project, &rules);
        let [proposal] = proposals.as_slice() else { panic!("{more}: {proposals:?}") };
        assert_eq!((proposal.safety, proposal.changes.len()), (Safety::Advice, 0));
        assert!(
            proposal.message.contains("not all keys of `DATABASES[\"default\"]` are known")
                && proposal.message.contains("write `DATABASES[\"default\"][\"CONN_MAX_AGE\"] = 60`"),
            "{}",
            proposal.message
        );
    }
}
