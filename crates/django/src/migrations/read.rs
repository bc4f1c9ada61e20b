//! One migration file, read to what is needed of it; the tree is dropped.

use ruff_python_ast::{Expr, Stmt, StmtClassDef};
use tuneup_python::edit::{guarded, parse};

use super::operations::Operation;
use super::value::{Scope, Value};

/// A migration.
#[derive(Clone, Debug)]
pub struct Migration {
    /// Its name: that of its file, without `.py`.
    pub name: String,
    /// The path of its file, from the root.
    pub path: String,
    /// The migrations of other or its own app that it comes behind, by app and name.
    pub dependencies: Vec<(String, String)>,
    /// Those that come behind it by its own word.
    pub run_before: Vec<(String, String)>,
    /// Those that it stands for.
    pub replaces: Vec<(String, String)>,
    /// What it does.
    pub operations: Vec<Operation>,
    /// The version in its header, where it has one: `5.2.1`.
    pub header: Option<String>,
}

impl Migration {
    /// Reads the text of a migration file. `module` is its dotted name. An error, for a person, where it has no
    /// migration, or one that cannot be told.
    pub(super) fn read(name: &str, path: &str, module: &str, text: &str) -> Result<Self, String> {
        let read = guarded(|| {
            let parsed = parse(text)?;
            Ok(of_module(&parsed.syntax().body, module, text))
        });
        let mut migration = read
            .map_err(|refusal| format!("{path}: {refusal}"))?
            .map_err(|reason| format!("{path}: {reason}"))?;
        migration.name = name.to_owned();
        migration.path = path.to_owned();
        Ok(migration)
    }
}

/// What Django reads of the class.
const MEMBERS: [&str; 4] = ["dependencies", "operations", "replaces", "run_before"];

fn of_module(body: &[Stmt], module: &str, text: &str) -> Result<Migration, String> {
    let mut scope = Scope::of(body, module);
    for statement in body {
        if let Some((name, value)) = assigned(statement) {
            let value = scope.value(value, text);
            scope.constants.insert(name.to_owned(), value);
        }
    }
    let class = body.iter().rev().find_map(|statement| match statement {
        Stmt::ClassDef(class) if class.name.as_str() == "Migration" => Some(class),
        _ => None,
    });
    let class = class.ok_or("there is no class Migration in it")?;
    // The class's own names are known in its body.
    for statement in &class.body {
        if let Some((name, value)) = assigned(statement).filter(|(name, _)| !MEMBERS.contains(name)) {
            let value = scope.value(value, text);
            scope.constants.insert(name.to_owned(), value);
        }
    }
    let pairs = |name: &str| match member(class, name, &scope, text) {
        Some(value) => nodes(&value).ok_or_else(|| format!("its {name} cannot be told")),
        None => Ok(Vec::new()),
    };
    let operations = match member(class, "operations", &scope, text) {
        Some(value) => {
            let items = value.items().ok_or("its operations cannot be told")?;
            items.iter().map(Operation::of).collect()
        }
        None => Vec::new(),
    };
    let mut dependencies = pairs("dependencies")?;
    // What a module adds below its list, as projects do for optional apps, is data for other apps alone.
    dependencies.dedup();
    Ok(Migration {
        name: String::new(),
        path: String::new(),
        dependencies,
        run_before: pairs("run_before")?,
        replaces: pairs("replaces")?,
        operations,
        header: header(text),
    })
}

fn assigned(statement: &Stmt) -> Option<(&str, &Expr)> {
    match statement {
        Stmt::Assign(assign) => match &*assign.targets {
            [Expr::Name(name)] => Some((name.id.as_str(), &assign.value)),
            _ => None,
        },
        Stmt::AnnAssign(assign) => match &*assign.target {
            Expr::Name(name) => Some((name.id.as_str(), assign.value.as_deref()?)),
            _ => None,
        },
        _ => None,
    }
}

/// What the class's body gives a name; `name += […]` adds to it.
fn member<'a>(class: &'a StmtClassDef, name: &str, scope: &Scope<'a>, text: &str) -> Option<Value> {
    let mut found = None;
    for statement in &class.body {
        if let Some((bound, value)) = assigned(statement)
            && bound == name
        {
            found = Some(scope.value(value, text));
        }
        if let Stmt::AugAssign(assign) = statement
            && matches!(&*assign.target, Expr::Name(target) if target.id == name)
        {
            let more = scope.value(&assign.value, text);
            let items = found.as_ref().and_then(Value::items).zip(more.items());
            found = Some(match items {
                Some((one, two)) => Value::List(one.iter().chain(two).cloned().collect()),
                None => Value::Other(name.to_owned()),
            });
        }
    }
    found
}

/// App and name of each migration in a list. Swappable dependencies name no migration of one app, and are left out;
/// so is what only a running project can say.
fn nodes(value: &Value) -> Option<Vec<(String, String)>> {
    let mut found = Vec::new();
    for item in value.items()? {
        if let Some([app, name]) = item.items()
            && let (Some(app), Some(name)) = (app.as_str(), name.as_str())
        {
            found.push((app.to_owned(), name.to_owned()));
        }
    }
    Some(found)
}

/// The version of `# Generated by Django 5.2.1 on 2026-01-02 03:04`.
fn header(text: &str) -> Option<String> {
    let line = text
        .trim_start_matches('\u{feff}')
        .lines()
        .take(3)
        .find_map(|line| line.strip_prefix("# Generated by Django "))?;
    let (version, _) = line.split_once(" on ")?;
    Some(version.trim().to_owned())
}
