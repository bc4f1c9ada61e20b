//! Loads a project and says how long it took and what it found: `cargo run --release --example load -- PATH`.
#![allow(clippy::print_stdout, missing_docs)]

use std::time::Instant;

use tuneup_python::{LoadOptions, Project};

fn main() {
    for path in std::env::args().skip(1) {
        let start = Instant::now();
        let project = Project::load(&LoadOptions::new(path));
        let took = start.elapsed();
        let exprs: usize = project.file_ids().map(|file| project.facts(file).exprs.len()).sum();
        let stmts: usize = project.file_ids().map(|file| project.facts(file).stmts.len()).sum();
        let (files, problems) = (project.files().len(), project.problems().len());
        println!("{took:?}: {files} files, {exprs} values, {stmts} steps, {problems} problems");
    }
}
