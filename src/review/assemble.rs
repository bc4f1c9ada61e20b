//! From decisions to files: what was approved is rendered together, then comments that silence rules are put in, and
//! last what a person has edited is merged in.

use ruff_python_parser::parse_module;
use tuneup_python::source::SourceEncoding;
use tuneup_transforms::Proposal;
use tuneup_transforms::render::{RenderedFile, Rendering};

use super::decisions::Decision;
use crate::analysis::Outcome;
use crate::merge::merge;
use crate::suppress::comment_before;

/// The files that decisions come to. What cannot be written is withheld, with the reason.
pub(crate) fn assemble(outcome: &Outcome, decided: &[(&Proposal, &Decision)]) -> Rendering {
    let approved: Vec<&Proposal> = decided
        .iter()
        .filter(|(_, decision)| **decision == Decision::Approved)
        .map(|(proposal, _)| *proposal)
        .collect();
    let mut rendering = outcome.render(&approved);
    // From the end of each file, so that what is put in does not move what is still to come.
    let mut silenced: Vec<(&Proposal, &str)> = decided
        .iter()
        .filter_map(|(proposal, decision)| match decision {
            Decision::Silenced(reason) => Some((*proposal, reason.as_str())),
            _ => None,
        })
        .collect();
    silenced.sort_by(|(a, _), (b, _)| b.place.cmp(&a.place));
    for (proposal, reason) in silenced {
        if let Err(reason) = silence(outcome, &mut rendering.files, proposal, reason) {
            rendering.withheld.push((proposal.id.clone(), reason));
        }
    }
    for (proposal, decision) in decided {
        if let Decision::Edited(files) = decision {
            let mut trial = rendering.files.clone();
            let merged = files.iter().try_for_each(|(path, edited)| {
                merge_in(outcome, &mut trial, (path, edited.text.as_bytes()), &proposal.id)
            });
            match merged {
                Ok(()) => rendering.files = trial,
                Err(reason) => rendering.withheld.push((proposal.id.clone(), reason)),
            }
        }
    }
    rendering.files.sort_by(|a, b| a.path.cmp(&b.path));
    rendering.withheld.sort();
    rendering
}

/// The rendered file of a path; where nothing is written to it yet, the file as it is.
fn file<'a>(
    outcome: &Outcome,
    files: &'a mut Vec<RenderedFile>,
    path: &str,
) -> Result<&'a mut RenderedFile, String> {
    let n = match files.iter().position(|file| file.path == path) {
        Some(n) => n,
        None => {
            let before = outcome.project.source.bytes(path).map_err(|problem| problem.message)?;
            let after = before.clone().unwrap_or_default();
            let (edits, asked_by) = (Vec::new(), Vec::new());
            files.push(RenderedFile { path: path.to_owned(), before, after, edits, asked_by });
            files.len() - 1
        }
    };
    Ok(&mut files[n])
}

fn silence(
    outcome: &Outcome,
    files: &mut Vec<RenderedFile>,
    proposal: &Proposal,
    reason: &str,
) -> Result<(), String> {
    let place = &proposal.place;
    let source = outcome.project.source.text_at(&place.path).map_err(|problem| problem.message)?;
    let no_statement = || "no statement to silence: write the comment by hand".to_owned();
    if outcome.project.source.file_at(&place.path).is_none() {
        return Err(no_statement());
    }
    let (at, comment) =
        comment_before(&source, place.start, proposal.rule, reason).ok_or_else(no_statement)?;
    if !comment.is_ascii() && source.encoding() != SourceEncoding::Utf8 {
        return Err("the reason has letters that the file's encoding may not have".to_owned());
    }
    let line = source.file_offset(at);
    let file = file(outcome, files, &place.path)?;
    let shift: isize = file
        .edits
        .iter()
        .filter(|(_, end, _)| *end <= line)
        .map(|(start, end, text)| text.len() as isize - (*end as isize - *start as isize))
        .sum();
    let at = line.checked_add_signed(shift).filter(|at| *at <= file.after.len()).ok_or_else(no_statement)?;
    file.after.splice(at..at, comment.into_bytes());
    Ok(())
}

fn merge_in(
    outcome: &Outcome,
    files: &mut Vec<RenderedFile>,
    (path, edited): (&str, &[u8]),
    id: &str,
) -> Result<(), String> {
    let file = file(outcome, files, path)?;
    let before = file.before.clone().unwrap_or_default();
    let merged =
        if file.after == before { Some(edited.to_vec()) } else { merge(&before, &file.after, edited) };
    let merged = merged.ok_or_else(|| format!("{path}: edits the same lines as another approved change"))?;
    check(path, &merged)?;
    file.after = merged;
    file.asked_by.push(id.to_owned());
    Ok(())
}

/// Whether a file may be written so: Python must parse. The error, with its line.
pub(crate) fn check(path: &str, bytes: &[u8]) -> Result<(), String> {
    if !path.ends_with(".py") {
        return Ok(());
    }
    let text = String::from_utf8_lossy(bytes);
    let text = text.as_ref();
    let parsed = std::panic::catch_unwind(|| parse_module(text).map(drop));
    match parsed {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            let start = usize::from(error.location.start()).min(text.len());
            let line = text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count() + 1;
            Err(format!("{path}:{line}: {}", error.error))
        }
        Err(_) => Err(format!("{path}: the parser failed")),
    }
}
