//! What names mean across the files of a project.

mod classes;
mod imports;
mod places;
#[path = "../support/mod.rs"]
mod support;

use tuneup_python::{Base, ClassRef, Entity, FileId, Project, Symbol};

/// An entity as text, so that a test reads as a table.
pub(crate) fn show(project: &Project, entity: Entity) -> String {
    let dotted = || project.dotted(entity).map(|name| name.as_str().to_owned()).unwrap_or_default();
    match entity {
        Entity::Module(file) => format!("module {}", project.file(file).path),
        Entity::Namespace(folder) => format!("namespace {folder}"),
        Entity::Function(_) => format!("function {}", dotted()),
        Entity::Class(_) => format!("class {}", dotted()),
        Entity::Value(file, expr) => match project.source(file) {
            Ok(source) => format!("value {}", &source.text()[project.facts(file).range(expr)]),
            Err(problem) => format!("{problem:?}"),
        },
        Entity::External(name) => format!("external {name}"),
        Entity::Builtin(name) => format!("builtin {name}"),
        Entity::Unknown => "unknown".to_owned(),
    }
}

pub(crate) fn file(project: &Project, path: &str) -> FileId {
    project.file_at(path).unwrap_or_else(|| panic!("no {path}: {:?}", project.problems()))
}

pub(crate) fn global(project: &Project, path: &str, name: &str) -> String {
    show(project, project.global(file(project, path), Symbol::new(name)))
}

pub(crate) fn dotted(project: &Project, path: &str, chain: &str) -> String {
    let mut names = chain.split('.').map(Symbol::new);
    let first = names.next().expect("a name");
    let first = project.global(file(project, path), first);
    show(project, names.fold(first, |entity, name| project.attribute(&entity, name)))
}

/// Checks lines `path: chain = meaning`.
pub(crate) fn check(project: &Project, lines: &str) {
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (asked, expected) = line.split_once(" = ").expect("path: chain = meaning");
        let (path, chain) = asked.split_once(": ").expect("path: chain");
        assert_eq!(dotted(project, path, chain), expected, "{asked}");
    }
}

pub(crate) fn class(project: &Project, path: &str, name: &str) -> ClassRef {
    match project.global(file(project, path), Symbol::new(name)) {
        Entity::Class(class) => class,
        other => panic!("{name} is {}", show(project, other)),
    }
}

pub(crate) fn show_bases(project: &Project, bases: &[Base]) -> String {
    let shown: Vec<String> = bases
        .iter()
        .map(|base| match *base {
            Base::Class(class) => project.facts(class.file).class(class.id).qualname.as_str().to_owned(),
            Base::External(name) => name.as_str().to_owned(),
            Base::Value(file, expr) => show(project, Entity::Value(file, expr)),
            Base::Unknown => "?".to_owned(),
        })
        .collect();
    shown.join(", ")
}

pub(crate) fn bases(project: &Project, path: &str, name: &str) -> String {
    show_bases(project, project.bases(class(project, path, name)))
}

pub(crate) fn order(project: &Project, path: &str, name: &str) -> String {
    show_bases(project, project.mro(class(project, path, name)))
}
