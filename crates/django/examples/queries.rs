//! Prints what the queries of one file load and what code reads off their rows: `queries FOLDER PATH`.
#![allow(clippy::print_stdout)]

use tuneup_django::{Options, Project};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(root), Some(path)) = (arguments.next(), arguments.next()) else {
        println!("usage: queries FOLDER PATH");
        return;
    };
    let project = Project::load(Options { root: root.into(), ..Options::default() }, None);
    let line = |site: &tuneup_django::queries::Site| {
        let text = match site.file.as_other() {
            Some(_) => project.source.read_other(project.path(site.file)),
            None => project.source.source(site.file),
        };
        let line = text.map_or(0, |text| text.text()[..site.range.start().into()].matches('\n').count() + 1);
        format!("{}:{line}", project.path(site.file))
    };
    for query in &project.queries {
        if !query.sites.iter().any(|site| project.path(site.file) == path) {
            continue;
        }
        let sites: Vec<String> = query.sites.iter().map(line).collect();
        println!("{} {:?} {}", project.schema.label(query.model), query.source, sites.join(" > "));
        println!("    {:?}", query.plan);
        println!("    {:?} looped: {}", query.asked, query.looped);
        for read in &query.reads {
            let names: Vec<&str> = read.steps.iter().map(|step| step.name.as_str()).collect();
            println!(
                "    {} many: {} alone: {} {}",
                names.join("."),
                read.many,
                read.alone,
                line(&read.site)
            );
        }
    }
}
