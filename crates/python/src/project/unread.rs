//! The one door to files that are not Python, templates, requirements, configuration: what has such a file's name and cannot be
//! read is told of, whoever asks for it.

use std::io::{Error, ErrorKind};
use std::path::Path;
use std::sync::PoisonError;

use super::{Problem, Project, read_bytes};
use crate::source::{Fault, SourceText, relative};

impl Project {
    /// What was asked for since and could not be read, sorted; one for each file.
    pub fn unread(&self) -> Vec<Problem> {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Notes that a file could not be read; the first word about a file stands.
    fn tell(&self, problem: &Problem) {
        let mut unread = self.unread.lock().unwrap_or_else(PoisonError::into_inner);
        unread.entry(problem.path.clone()).or_insert_with(|| problem.clone());
    }

    /// The text of a file that is not Python, by its path from the root. This is the one door to such files: what has the
    /// file's name and cannot be read is told of in [`Self::unread`].
    pub fn read_other(&self, path: &str) -> Result<SourceText, Problem> {
        let Ok(known) = self.others.binary_search_by(|other| other.path.as_str().cmp(path)) else {
            return Err(Problem::of_file(path, "no such file in the project"));
        };
        let text = match &self.others[known].fault {
            Some(fault) => Err(Fault::new(fault)),
            None => read_bytes(&self.root.join(path)).map(SourceText::from_other),
        };
        text.map_err(|fault| {
            let problem = Problem::of_fault(path, fault);
            self.tell(&problem);
            problem
        })
    }

    /// As [`Self::read_other`], of a file that has to be Unicode. What is none is told of, and read with each byte as a
    /// character all the same: most of what counts in it is ASCII.
    pub fn read_unicode(&self, path: &str) -> Result<SourceText, Problem> {
        let source = self.read_other(path)?;
        if let Some(fault) = source.fault_as_unicode() {
            self.tell(&Problem::of_fault(path, fault));
        }
        Ok(source)
    }

    /// The text of a file of configuration, by its whole path, which may lie above the root; nothing where there is none.
    /// What cannot be read is told of.
    pub fn read_configuration(&self, path: &Path) -> Option<String> {
        if path.symlink_metadata().is_err_and(|error| is_absent(&error)) {
            return None;
        }
        let fault = match read_bytes(path).map(SourceText::from_other) {
            Ok(source) => match source.fault_as_unicode() {
                None => return Some(source.into_text()),
                Some(fault) => fault,
            },
            Err(fault) if !path.exists() => {
                Fault::new(format!("symbolic link that leads nowhere: {}", fault.message))
            }
            Err(fault) => fault,
        };
        let shown = relative(&self.root, path).unwrap_or_else(|| path.to_string_lossy().into_owned());
        self.tell(&Problem::of_fault(&shown, fault));
        None
    }
}

/// Whether nothing has the name that was asked for.
fn is_absent(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}
