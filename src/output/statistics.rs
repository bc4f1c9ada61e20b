//! Numbers for each rule and safety, instead of proposals.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use tuneup_transforms::Safety;

use super::{by_rule, github};
use crate::analysis::Outcome;
use crate::counted;

/// The numbers of a rule.
#[derive(Serialize)]
struct Numbers {
    rule: &'static str,
    proposals: usize,
    safe: usize,
    r#unsafe: usize,
    advice: usize,
}

impl Numbers {
    /// `2 advice, 5 safe, 1 unsafe`
    fn by_safety(&self) -> String {
        let named = [("advice", self.advice), ("safe", self.safe), ("unsafe", self.r#unsafe)];
        let present: BTreeMap<&str, usize> = named.into_iter().filter(|(_, count)| *count > 0).collect();
        let parts: Vec<String> = present.iter().map(|(safety, count)| format!("{count} {safety}")).collect();
        parts.join(", ")
    }
}

fn numbers(outcome: &Outcome) -> Vec<Numbers> {
    let groups = by_rule(&outcome.proposals).into_iter();
    let numbers = groups.map(|(rule, group)| {
        let of = |safety: Safety| group.iter().filter(|proposal| proposal.safety == safety).count();
        Numbers {
            rule,
            proposals: group.len(),
            safe: of(Safety::Safe),
            r#unsafe: of(Safety::Unsafe),
            advice: of(Safety::Advice),
        }
    });
    numbers.collect()
}

/// Numbers for people, and the settings that were read.
pub(super) fn text(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    for it in numbers(outcome) {
        writeln!(out, "{:>6}  {} ({})", it.proposals, it.rule, it.by_safety())?;
    }
    if let Some(module) = &outcome.project.settings.module {
        writeln!(out, "settings of production: {}, {}", module.name, module.reason)?;
    }
    Ok(())
}

/// One object.
pub(super) fn json(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    #[derive(Serialize)]
    struct Report {
        version: u32,
        files: usize,
        errors: usize,
        statistics: Vec<Numbers>,
    }
    let report = Report {
        version: 1,
        files: outcome.project.source.files().len(),
        errors: outcome.problems.len(),
        statistics: numbers(outcome),
    };
    serde_json::to_writer(&mut *out, &report)?;
    writeln!(out)
}

/// One object for each rule.
pub(super) fn json_lines(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    numbers(outcome).iter().try_for_each(|it| {
        serde_json::to_writer(&mut *out, it)?;
        writeln!(out)
    })
}

/// One notice for each rule.
pub(super) fn github(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    numbers(outcome).iter().try_for_each(|it| {
        let title = github::property(&format!("tuneup ({})", it.rule));
        let text = format!("{}: {}", counted(it.proposals, "proposal"), it.by_safety());
        writeln!(out, "::notice title={title}::{}", github::data(&text))
    })
}
