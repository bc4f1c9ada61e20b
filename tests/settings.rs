//! Rules about settings on whole projects: any of their proposals, in any order, give settings that Django loads.

#[path = "judge/environments.rs"]
mod environments;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::thread;

use serde_json::{Value, json};
use tuneup_django::{Options, Project};
use tuneup_transforms::Proposal;
use tuneup_transforms::registry::{RULES, propose};
use tuneup_transforms::render::render;

use environments::{Environment, environments};

const OF_SETTINGS: &[&str] = &[
    "persistent-connections",
    "connection-pool",
    "redis-cache",
    "cached-sessions",
    "cached-template-loader",
];

type Tree = BTreeMap<String, String>;

/// A fixture, the module of its production, and what its environment has to say.
struct Fixture {
    name: &'static str,
    settings: &'static str,
    variables: &'static [(&'static str, &'static str)],
    /// The rules that have something to propose.
    rules: &'static [&'static str],
}

const FIXTURES: &[Fixture] = &[
    Fixture {
        name: "newsroom",
        settings: "newsroom.settings.production",
        variables: &[("NEWSROOM_SECRET_KEY", "secret")],
        rules: &["cached-sessions", "persistent-connections"],
    },
    Fixture {
        name: "bookshop",
        settings: "bookshop.settings",
        variables: &[],
        rules: &["cached-template-loader", "persistent-connections", "redis-cache"],
    },
];

fn read(root: &Path, folder: &Path, tree: &mut Tree) {
    for entry in fs::read_dir(folder).expect("a folder can be read") {
        let path = entry.expect("an entry can be read").path();
        let name = path.strip_prefix(root).expect("it is below").to_string_lossy().replace('\\', "/");
        if path.is_dir() {
            read(root, &path, tree);
        } else if let Ok(text) = fs::read_to_string(&path)
            && !name.ends_with(".pyc")
        {
            tree.insert(name, text);
        }
    }
}

fn proposals(project: &Project) -> Vec<Proposal> {
    let rules: Vec<_> = RULES.iter().copied().filter(|rule| OF_SETTINGS.contains(&rule.name)).collect();
    propose(project, &rules).into_iter().filter(|proposal| !proposal.changes.is_empty()).collect()
}

fn load(root: &Path) -> Project {
    Project::load(Options { root: root.to_owned(), ..Options::default() }, None)
}

/// The tree with some of the proposals written, which are the same in whatever order they come.
fn written(project: &Project, tree: &Tree, approved: &[&Proposal]) -> Tree {
    let rendering = render(project, approved);
    let reversed: Vec<&Proposal> = approved.iter().rev().copied().collect();
    assert_eq!(rendering, render(project, &reversed), "the order of approval does not matter");
    assert_eq!(rendering.withheld, Vec::new(), "all that is proposed can be written");
    let mut tree = tree.clone();
    for file in rendering.files {
        tree.insert(file.path, String::from_utf8(file.after).expect("fixtures are UTF-8"));
    }
    tree
}

#[test]
fn any_of_the_proposals_give_settings_that_load() {
    for fixture in FIXTURES {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(fixture.name);
        let project = load(&root);
        assert_eq!(
            project.settings.module.as_ref().map(|module| module.name.as_str()),
            Some(fixture.settings)
        );
        let proposals = proposals(&project);
        let mut rules: Vec<&str> = proposals.iter().map(|proposal| proposal.rule).collect();
        rules.sort_unstable();
        assert_eq!(rules, fixture.rules, "{}", fixture.name);
        let mut tree = Tree::new();
        read(&root, &root, &mut tree);
        let cases: Vec<Value> = (1_usize..1 << proposals.len())
            .map(|mask| {
                let approved: Vec<&Proposal> = proposals
                    .iter()
                    .enumerate()
                    .filter(|(at, _)| mask & 1 << at != 0)
                    .map(|(_, it)| it)
                    .collect();
                let names: Vec<&str> = approved.iter().map(|proposal| proposal.rule).collect();
                json!({
                    "name": names.join(", "),
                    "settings": fixture.settings,
                    "environment": fixture.variables.iter().copied().collect::<BTreeMap<_, _>>(),
                    "before": tree,
                    "after": written(&project, &tree, &approved),
                })
            })
            .collect();
        let cases = json!({ "cases": cases });
        let answers: Vec<(&Environment, Value)> = thread::scope(|scope| {
            let run = |environment: &'static Environment| {
                let cases = &cases;
                scope.spawn(move || (environment, environment.run("settings_case.py", cases)))
            };
            let running: Vec<_> = environments().iter().map(run).collect();
            running.into_iter().map(|run| run.join().expect("Django comes to an end")).collect()
        });
        for (environment, answer) in &answers {
            for result in answer["results"].as_array().expect("a list of results") {
                assert_eq!(
                    result["message"], "",
                    "{}: {}: under Django {}",
                    fixture.name, result["name"], environment.django
                );
            }
        }
    }
}

#[test]
fn what_was_written_is_not_proposed_again() {
    for fixture in FIXTURES {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(fixture.name);
        let project = load(&root);
        let first = proposals(&project);
        let mut tree = Tree::new();
        read(&root, &root, &mut tree);
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (path, text) in written(&project, &tree, &first.iter().collect::<Vec<_>>()) {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("below the folder")).expect("a new folder");
            fs::write(path, text).expect("a new file");
        }
        let again = load(folder.path());
        let left: Vec<String> = proposals(&again).into_iter().map(|proposal| proposal.id).collect();
        let known: Vec<&String> = left.iter().filter(|id| first.iter().any(|it| it.id == **id)).collect();
        assert_eq!(known, Vec::<&String>::new(), "{}", fixture.name);
    }
}
