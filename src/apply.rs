//! `tuneup apply`: at once, as a check, or as one commit for each rule.

use std::collections::BTreeSet;
use std::path::Path;

use tuneup_python::source::regular;
use tuneup_transforms::Proposal;
use tuneup_transforms::registry::RULES;
use tuneup_transforms::render::Rendering;

use crate::analysis::{Outcome, analyse};
use crate::arguments::Apply;
use crate::failure::Failure;
use crate::review::{self, Decision, Decisions};
use crate::scope::Scope;
use crate::summary::Summary;
use crate::vcs::{Committed, Repository, guard};
use crate::{chosen, code, left_out, message, say, with_output, write, write_rendering};

/// Writes what the arguments choose.
pub(crate) fn apply(arguments: &Apply) -> Result<u8, Failure> {
    if !arguments.check {
        guard(&arguments.project.path, &arguments.guard, arguments.scope.staged)?;
    }
    let scope = Scope::of(&arguments.project, &arguments.scope)?;
    if arguments.commit {
        return commit_each(arguments, &scope);
    }
    let mut outcome = analyse(&arguments.project)?;
    scope.limit_edits(&mut outcome);
    let with_unsafe = with_unsafe(arguments, &outcome);
    let (chosen, rendering) = match &arguments.plan {
        Some(plan) => planned(&outcome, plan)?,
        None => {
            let chosen = chosen(&outcome, with_unsafe);
            let rendering = outcome.render(&chosen);
            (chosen, rendering)
        }
    };
    if arguments.check {
        let summary = Summary::new(&rendering, &chosen);
        with_output(|out| {
            summary.write(out, "would write")?;
            writeln!(out, "{}; nothing was written", summary.total())
        })?;
        left_out(&arguments.project, &outcome, &rendering, with_unsafe);
        return Ok(code(&outcome, !rendering.files.is_empty()));
    }
    write_rendering(&arguments.project, &outcome, "apply", &rendering, &chosen)?;
    left_out(&arguments.project, &outcome, &rendering, with_unsafe || arguments.plan.is_some());
    let written = chosen.len() - rendering.withheld.len();
    Ok(code(&outcome, outcome.proposals.len() > written))
}

fn with_unsafe(arguments: &Apply, outcome: &Outcome) -> bool {
    arguments.with_unsafe || outcome.config.with_unsafe.value
}

/// What a plan comes to in the project.
fn planned<'a>(outcome: &'a Outcome, plan: &Path) -> Result<(Vec<&'a Proposal>, Rendering), Failure> {
    if !plan.exists() {
        return Err(Failure::new(format!("no such file: {}", plan.display())));
    }
    let approved = Decisions::read(plan)?.approved(outcome)?;
    let decided: Vec<(&Proposal, &Decision)> =
        approved.iter().map(|(proposal, decision)| (*proposal, decision)).collect();
    let rendering = review::assemble(outcome, &decided);
    if rendering.withheld.is_empty() {
        return Ok((decided.into_iter().map(|(proposal, _)| proposal).collect(), rendering));
    }
    let mut message = String::from("the plan cannot be written whole; nothing was written:");
    for (id, reason) in &rendering.withheld {
        message.push_str(&format!("\n  {id}: {reason}"));
    }
    Err(Failure::new(message))
}

/// Writes and commits rule after rule. Each is asked of the project as the one before has left it, so that a
/// migration follows on the last.
fn commit_each(arguments: &Apply, scope: &Scope) -> Result<u8, Failure> {
    let repository = Repository::of(&arguments.project.path)?;
    let wanted = arguments.plan.as_deref().map(|plan| planned_ids(arguments, plan)).transpose()?;
    let mut done: Vec<&str> = Vec::new();
    loop {
        let mut outcome = analyse(&arguments.project)?;
        scope.limit_edits(&mut outcome);
        let with_unsafe = with_unsafe(arguments, &outcome);
        let chosen = match &wanted {
            Some(ids) => outcome.proposals.iter().filter(|it| ids.contains(&it.id)).collect(),
            None => chosen(&outcome, with_unsafe),
        };
        let is_next = |name: &&str| !done.contains(name) && chosen.iter().any(|it| it.rule == *name);
        let Some(rule) = RULES.iter().map(|rule| rule.name).find(is_next) else {
            let rendering = outcome.render(&chosen);
            if done.is_empty() {
                with_output(|out| writeln!(out, "0 changes in 0 files"))?;
            }
            left_out(&arguments.project, &outcome, &rendering, with_unsafe || wanted.is_some());
            return Ok(code(&outcome, !outcome.proposals.is_empty()));
        };
        done.push(rule);
        let of_rule: Vec<&Proposal> = chosen.into_iter().filter(|it| it.rule == rule).collect();
        let rendering = outcome.render(&of_rule);
        if !rendering.files.is_empty() {
            commit_one(arguments, &repository, &outcome, &rendering, &of_rule)?;
        }
    }
}

/// The ids of what a plan approves, where all of it can be written as it is proposed.
fn planned_ids(arguments: &Apply, plan: &Path) -> Result<BTreeSet<String>, Failure> {
    let outcome = analyse(&arguments.project)?;
    let (approved, _) = planned(&outcome, plan)?;
    let decisions = Decisions::read(plan)?.approved(&outcome)?;
    if let Some((edited, _)) = decisions.iter().find(|(_, decision)| *decision != Decision::Approved) {
        return Err(Failure::new(format!(
            "{}: was edited in the review, so what is committed for each rule cannot be told apart; \
             `--plan` without `--commit` writes it",
            edited.id
        )));
    }
    Ok(approved.into_iter().map(|proposal| proposal.id.clone()).collect())
}

/// Writes and commits one rule's changes.
fn commit_one(
    arguments: &Apply,
    repository: &Repository,
    outcome: &Outcome,
    rendering: &Rendering,
    approved: &[&Proposal],
) -> Result<(), Failure> {
    let paths: Vec<&str> = rendering.files.iter().map(|file| file.path.as_str()).collect();
    let made: Vec<&str> =
        rendering.files.iter().filter(|file| file.before.is_none()).map(|file| file.path.as_str()).collect();
    let changed = repository.uncommitted(&paths)?;
    if !changed.is_empty() {
        return Err(Failure::new(format!(
            "these files have changes that are not committed, which would be committed too; nothing was written:\n  {}",
            changed.join("\n  ")
        )));
    }
    let summary = Summary::new(rendering, approved);
    let message = message::message(outcome, &summary);
    let number = write_rendering(&arguments.project, outcome, "apply", rendering, approved)?;
    let root = write::folder(&arguments.project.path);
    let has_changed = || {
        let is_other = |file: &tuneup_transforms::render::RenderedFile| {
            regular::read(&root.join(&file.path)).is_ok_and(|now| now != file.after)
        };
        rendering.files.iter().any(is_other)
    };
    let subject = message.lines().next().unwrap_or_default();
    let committed = repository.commit(&paths, &made, &message, &has_changed);
    match committed.unwrap_or_else(|failure| Committed::Refused(failure.to_string())) {
        Committed::As(name) => with_output(|out| writeln!(out, "committed {name}: {subject}")),
        Committed::Nothing => {
            say("git ignores these files, so there is nothing to commit");
            Ok(())
        }
        Committed::Refused(reason) => {
            if let Some(number) = number {
                write::put_back(&root, number, summary.ids(), &rendering.files)?;
            }
            let mut text = format!("the commit was refused, and its files were put back: {subject}");
            reason.lines().for_each(|line| text.push_str(&format!("\n  {line}")));
            Err(Failure::new(text))
        }
    }
}
