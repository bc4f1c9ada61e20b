//! Prints what the queries of a project ask of columns: `cargo run -p tuneup_django --example predicates -- FOLDER`.

use std::io::Write as _;

use tuneup_django::{Options, Project};

fn main() -> std::io::Result<()> {
    let root = std::env::args_os().nth(1).unwrap_or_default().into();
    let project = Project::load(Options { root, ..Options::default() }, None);
    let mut out = std::io::stdout().lock();
    for predicate in &project.predicates().all {
        let name = |field| project.schema.field(field).name().as_str();
        let mut parts: Vec<String> = predicate
            .filters
            .iter()
            .map(|it| {
                format!("{}__{} {:?}{}", name(it.field), it.lookup, it.kind, if it.sure { "" } else { "?" })
            })
            .collect();
        let order: Vec<String> = predicate
            .order
            .iter()
            .map(|it| format!("{}{}", if it.descending { "-" } else { "" }, name(it.field)))
            .collect();
        if !order.is_empty() {
            parts.push(format!("order {}", order.join(",")));
        }
        parts.extend(predicate.cases.iter().map(|it| format!("case {}__{}", name(it.field), it.lookup)));
        if !predicate.groups.is_empty() {
            let groups: Vec<&str> = predicate.groups.iter().map(|&it| name(it)).collect();
            parts.push(format!("groups {}", groups.join(",")));
        }
        let text = project.source.source(predicate.site.file);
        let line = text.map_or(0, |text| {
            text.text()[..usize::from(predicate.site.range.start())].matches('\n').count() + 1
        });
        writeln!(
            out,
            "{}:{line} {} {:?} {:?}{}{} [{}] {:?}",
            project.path(predicate.site.file),
            project.schema.label(predicate.model),
            predicate.context,
            predicate.source,
            if predicate.is_joined { " joined" } else { "" },
            if predicate.narrowed_elsewhere { " narrowed" } else { "" },
            parts.join("; "),
            predicate.uses,
        )?;
    }
    Ok(())
}
