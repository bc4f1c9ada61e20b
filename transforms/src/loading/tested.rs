//! Behind which tests a path is read, as these are written: "It is read only where `book.is_series` holds."

use std::ops::Range;

use tuneup_django::Project;
use tuneup_django::queries::{TESTED_WHILE_SAVING, Test};

use rustc_hash::FxHashMap;
use tuneup_python::{FileId, SourceText};

use super::{Missing, lacking};

/// The longest test that is shown whole, in characters.
const LONGEST: usize = 64;

/// More tests than that are counted.
const MOST: usize = 2;

/// A test as it is written, and how it comes out where something is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tested {
    text: String,
    holds: bool,
}

impl Tested {
    /// "where `book.is_series` holds"
    pub(crate) fn said(&self) -> String {
        format!("where `{}` {}", self.text, if self.holds { "holds" } else { "does not hold" })
    }
}

/// The files of tests, each read once.
#[derive(Default)]
pub(super) struct Texts(FxHashMap<FileId, Option<SourceText>>);

impl Texts {
    /// What a test is, as it is written; nothing where its file is no longer as it was.
    pub(super) fn tested(&mut self, project: &Project, test: &Test) -> Option<Tested> {
        let file = test.site.file;
        let source = self.0.entry(file).or_insert_with(|| project.source.text_at(project.path(file)).ok());
        let text = source.as_ref()?.text().get(Range::<usize>::from(test.site.range))?;
        let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some((end, _)) = text.char_indices().nth(LONGEST) {
            text.truncate(end);
            text.push('…');
        }
        Some(Tested { text, holds: test.holds })
    }
}

/// For which rows what is wanted is read: "`author` is read for every row of this query, and `publisher` for some, which costs one
/// more query each time".
pub(crate) fn read_for(wanted: &[&Missing]) -> String {
    let named = wanted.iter().filter(|missing| !missing.automatic);
    let (some, every): (Vec<&Missing>, Vec<&Missing>) = named.partition(|missing| missing.is_tested());
    let names = |of: &[&Missing]| of.iter().map(|missing| name(missing)).collect::<Vec<_>>().join(", ");
    let is = |of: &[&Missing]| if of.len() == 1 { "is" } else { "are" };
    match (every.as_slice(), some.as_slice()) {
        (every, []) => format!(
            "{} {} read for every row of this query{}, which costs one more query for each row",
            names(every),
            is(every),
            lacking(wanted)
        ),
        ([], some) => format!(
            "{} {} read for rows of this query one by one, which costs one more query each time",
            names(some),
            is(some)
        ),
        (every, some) => format!(
            "{} {} read for every row of this query, and {} for some, which costs one more query each time",
            names(every),
            is(every),
            names(some)
        ),
    }
}

/// The sentences that say behind which tests alone what is wanted is read, each with the space before it.
pub(crate) fn said_of_tests(wanted: &[&Missing]) -> String {
    let mut said: Vec<(String, Vec<String>)> = Vec::new();
    // Other doubts say themselves for which rows.
    let is_unsaid = |missing: &Missing| missing.doubts.iter().all(|doubt| *doubt == TESTED_WHILE_SAVING);
    for missing in wanted.iter().filter(|missing| missing.is_tested() && is_unsaid(missing)) {
        let tests = said_of(missing);
        match said.iter_mut().find(|(known, _)| *known == tests) {
            Some((_, names)) => names.push(name(missing)),
            None => said.push((tests, vec![name(missing)])),
        }
    }
    let sentences = said.into_iter().map(|(tests, names)| {
        let subject = match names.len() {
            1 if wanted.len() == 1 => "It is".to_owned(),
            several if several == wanted.len() => "They are".to_owned(),
            1 => format!("{} is", names.concat()),
            _ => format!("{} are", names.join(", ")),
        };
        format!(" {subject} {tests}.")
    });
    sentences.collect()
}

/// "read only where `book.is_series` holds or where `book.is_new` does not hold", "not read where `book.is_series` holds"
fn said_of(missing: &Missing) -> String {
    let mut tests: Vec<&Tested> = Vec::new();
    for test in &missing.only {
        if !tests.contains(&test) {
            tests.push(test);
        }
    }
    if let [Tested { text, holds: false }] = tests.as_slice() {
        return format!("not read where `{text}` holds");
    }
    let shown: Vec<String> = tests.iter().take(MOST).map(|test| test.said()).collect();
    let others = match tests.len().saturating_sub(MOST) {
        0 => String::new(),
        1 => " or behind another test".to_owned(),
        others => format!(" or behind {others} other tests"),
    };
    format!("read only {}{others}", shown.join(" or "))
}

fn name(missing: &Missing) -> String {
    format!("`{}`", missing.path.replace("__", "."))
}
