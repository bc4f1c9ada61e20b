//! Prints the models of a project: fields, relations from both sides, managers.
#![allow(clippy::print_stdout)]

use std::time::Instant;

use tuneup_django::schema::{ModelId, RelationId, Schema};
use tuneup_django::{apps::Apps, version::Version};
use tuneup_python::{LoadOptions, Project};

fn main() {
    let root = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let options = LoadOptions { external_roots: &["django"], ..LoadOptions::new(root) };
    let project = Project::load(&options);
    let version = Version::find(&project, None);
    let start = Instant::now();
    let apps = Apps::find(&project);
    let with_apps = start.elapsed();
    let schema = Schema::build(&project, &apps);
    let took = start.elapsed();
    println!(
        "Django {version}; {} apps in {with_apps:.1?}, {} models in {took:.1?}",
        apps.all().len(),
        schema.models().len()
    );
    for app in apps.all() {
        println!(
            "app {} = {} in {:?}{}",
            app.label,
            app.name,
            app.folder,
            if app.is_installed { "" } else { ", not installed" }
        );
    }
    for id in schema.models() {
        print(&project, &schema, id);
    }
}

fn print(project: &Project, schema: &Schema, id: ModelId) {
    let model = schema.model(id);
    let place = model.class().map_or("", |class| project.path(class.file));
    let marks = [
        (model.is_abstract(), " abstract"),
        (model.is_proxy(), " proxy"),
        (!model.is_known(), " partly known"),
    ];
    let marks: String = marks.iter().filter(|(holds, _)| *holds).map(|(_, mark)| *mark).collect();
    println!("\n{}{marks} {place}", schema.label(id));
    for &parent in model.parents() {
        println!("  parent {}", schema.label(parent));
    }
    for &field in model.fields() {
        let field = schema.field(field);
        let relation = field.relation().map(|id| shown(schema, id)).unwrap_or_default();
        println!(
            "  {} {}{relation} null={:?} unique={:?} index={:?}",
            field.name(),
            field.class(),
            field.null(),
            field.unique(),
            field.db_index()
        );
    }
    for relation in schema.reverse_relations(id) {
        let accessor = schema.relation(relation).accessor().map_or("", |name| name.as_str());
        println!("  < {accessor}{}", shown(schema, relation));
    }
    for manager in model.managers() {
        let classes: Vec<String> = manager
            .classes()
            .iter()
            .map(|class| project.facts(class.file).class(class.id).name.to_string())
            .collect();
        let mark = if manager.is_known() { "" } else { " partly known" };
        println!("  manager {}: {}{mark}", manager.name(), classes.join(", "));
    }
}

fn shown(schema: &Schema, id: RelationId) -> String {
    let relation = schema.relation(id);
    let target = relation.target().map_or_else(|| "?".to_owned(), |target| schema.label(target));
    let many = if relation.to_many() { " many" } else { "" };
    let loads = if relation.can_be_loaded() { "" } else { " not loadable" };
    format!(" -> {target}{many} as {}{loads}", relation.query_name())
}
