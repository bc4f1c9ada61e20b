//! Says of each app of a project whether its models are as its migrations left them.
#![allow(clippy::print_stdout)]

use std::time::Instant;

use tuneup_django::{Options, Project};

fn main() {
    let root = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let project = Project::load(Options { root: root.into(), ..Options::default() }, None);
    let start = Instant::now();
    let (mut agree, mut all) = (0, 0);
    for app in project.apps.all() {
        let migrations = match project.migrations().of(&project.source, app.label.as_str()) {
            Ok(migrations) => migrations,
            Err(reason) => {
                println!("- {reason}");
                continue;
            }
        };
        all += 1;
        match project.agrees(app.label.as_str()) {
            Ok(()) => agree += 1,
            Err(differences) => {
                println!("{} at {}", app.label, migrations.leaf);
                for difference in differences {
                    println!("    {difference}");
                }
            }
        }
    }
    println!("{agree} of {all} apps agree, in {:.1?}", start.elapsed());
}
