//! Takes back what was written: byte for byte where a file is as it was left, by a three-way merge where it was
//! edited since and the edits do not meet, and otherwise not at all.

use std::collections::BTreeMap;
use std::path::Path;

use crate::counted;
use crate::failure::Failure;
use crate::journal::{Entry, FileChange, Journal, Purpose};
use crate::merge::merge;
use crate::output::shown;

/// Takes back an entry of the journal: the one of a number, or the last that stands. What to tell the user.
pub(crate) fn undo(root: &Path, number: Option<u32>) -> Result<String, Failure> {
    let (journal, notes) = Journal::open(root)?;
    let entries = journal.entries()?;
    let undone = Undone::of(&entries);
    let standing = |entry: &&Entry| undone.by(entry.number).is_none();
    let entry = match number {
        Some(number) => entries.iter().find(|entry| entry.number == number).ok_or_else(|| {
            Failure::new(format!(
                "nothing was written under number {number}; `tuneup undo --list` lists what was"
            ))
        })?,
        None => entries
            .iter()
            .rev()
            .filter(|entry| entry.undoes.is_none())
            .find(standing)
            .ok_or_else(|| Failure::new("nothing was written that could be taken back"))?,
    };
    if let Some(by) = undone.by(entry.number) {
        return Err(Failure::new(format!("{} was taken back already, by {by}", entry.number)));
    }
    let (changes, merged) = reverse(&journal, entry, &entries, &undone)?;
    let purpose = Purpose {
        command: "undo".to_owned(),
        proposals: entry.proposals.clone(),
        undoes: Some(entry.number),
    };
    let by = journal.write(&purpose, &changes)?;
    journal.remove_made(entry)?;
    let mut report: String = notes.iter().map(|note| format!("{note}\n")).collect();
    for change in &changes {
        let how = match (&change.after, merged.contains(&change.path)) {
            (None, _) => "removed",
            (Some(_), true) => "merged",
            (Some(_), false) => "restored",
        };
        report.push_str(&format!("{how} {}\n", change.path));
    }
    report.push_str(&format!(
        "took back {} ({} in {}); `tuneup undo {by}` makes it again\n",
        entry.number,
        counted(entry.proposals.len(), "change"),
        counted(changes.len(), "file")
    ));
    Ok(report)
}

/// What brings the files of an entry back, and the paths that had to be merged.
fn reverse(
    journal: &Journal,
    entry: &Entry,
    entries: &[Entry],
    undone: &Undone,
) -> Result<(Vec<FileChange>, Vec<String>), Failure> {
    let (mut changes, mut merged, mut edited) = (Vec::new(), Vec::new(), Vec::new());
    for file in &entry.files {
        let (old, new) = journal.versions(entry, file)?;
        let now = journal.current(&file.path)?;
        let after = if now == new {
            old
        } else {
            let without = match (&new, &now, &old) {
                (Some(base), Some(ours), Some(theirs)) => merge(base, ours, theirs),
                _ => None,
            };
            let Some(without) = without else {
                edited.push((file.path.clone(), now.is_none()));
                continue;
            };
            merged.push(file.path.clone());
            Some(without)
        };
        if now != after {
            changes.push(FileChange { path: file.path.clone(), before: now, after });
        }
    }
    if edited.is_empty() {
        return Ok((changes, merged));
    }
    let mut message = String::from("changed since, where it was written; nothing was taken back:");
    let mut later = Vec::new();
    for (path, is_removed) in &edited {
        let how = if *is_removed { "removed" } else { "edited" };
        message.push_str(&format!("\n  {path} ({how})"));
        let writes = |other: &&Entry| {
            other.number > entry.number
                && other.undoes.is_none()
                && undone.by(other.number).is_none()
                && other.files.iter().any(|file| file.path == *path)
        };
        later.extend(entries.iter().filter(writes).map(|other| other.number));
    }
    later.sort_unstable();
    later.dedup();
    if let Some(last) = later.last() {
        message.push_str(&format!("\n{last} wrote to them later: `tuneup undo {last}` comes first"));
    }
    Err(Failure::new(message))
}

/// What was written, newest first.
pub(crate) fn list(root: &Path) -> Result<String, Failure> {
    let (journal, notes) = Journal::open(root)?;
    let entries = journal.entries()?;
    let mut report: String = notes.iter().map(|note| format!("{note}\n")).collect();
    let undone = Undone::of(&entries);
    if entries.is_empty() {
        report.push_str("nothing was written yet\n");
    }
    for entry in entries.iter().rev() {
        let what = match entry.undoes {
            Some(undone) => format!("undo of {undone}"),
            None => shown(&entry.command).into_owned(),
        };
        report.push_str(&format!(
            "{:>4}  {}  {what}: {} in {}",
            entry.number,
            utc(entry.time),
            counted(entry.proposals.len(), "change"),
            counted(entry.files.len(), "file")
        ));
        if let Some(by) = undone.by(entry.number) {
            report.push_str(&format!(" (taken back by {by})"));
        }
        report.push('\n');
    }
    Ok(report)
}

/// Which entries were taken back, and by which: by the last that did so, unless that was itself taken back.
struct Undone(BTreeMap<u32, Option<u32>>);

impl Undone {
    /// Goes from the newest to the oldest, as an entry is only taken back by later ones.
    fn of(entries: &[Entry]) -> Self {
        let mut this = Self(BTreeMap::new());
        for entry in entries.iter().rev() {
            if let Some(undone) = entry.undoes {
                let stands = this.by(entry.number).is_none();
                this.0.entry(undone).or_insert(stands.then_some(entry.number));
            }
        }
        this
    }

    /// The entry that took another back and was not itself taken back.
    fn by(&self, number: u32) -> Option<u32> {
        self.0.get(&number).copied().flatten()
    }
}

/// Seconds since 1970 as a date and time of day.
fn utc(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Years begin in March here, so that a leap day is the last of its year.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02} {:02}:{:02} UTC", second / 3_600, second / 60 % 60)
}

#[cfg(test)]
mod tests {
    use super::utc;

    #[test]
    fn seconds_are_written_as_dates() {
        assert_eq!(utc(0), "1970-01-01 00:00 UTC");
        assert_eq!(utc(951_825_600), "2000-02-29 12:00 UTC");
        assert_eq!(utc(1_709_251_199), "2024-02-29 23:59 UTC");
        assert_eq!(utc(1_735_689_600), "2025-01-01 00:00 UTC");
    }
}
