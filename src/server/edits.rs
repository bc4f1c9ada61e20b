//! What proposals come to in the editor: edits of its documents, which it can show, save and take back.
//!
//! A document with unsaved changes keeps them: what is written is merged in, or refused where both are about the
//! same lines. Edits carry the version that they were made for, so that the editor refuses them for any other.

use serde_json::{Value, json};
use tuneup_python::SourceText;
use tuneup_transforms::Proposal;
use tuneup_transforms::render::RenderedFile;

use super::documents::{Documents, line_edits, shown};
use super::positions::{Encoding, Lines};
use super::protocol::{Abilities, TextEdit, Wanted};
use super::workspace::{Analysis, Workspace};
use crate::merge::merge;

/// All that edits are made of.
pub(super) struct Desk<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) documents: &'a Documents,
    pub(super) abilities: Abilities,
    pub(super) encoding: Encoding,
}

impl Desk<'_> {
    /// The edit of a whole workspace that proposals come to; or why there is none.
    pub(super) fn edit(&self, analysis: &Analysis, wanted: &Wanted) -> Result<Value, String> {
        let proposals: Vec<&Proposal> = wanted.ids.iter().filter_map(|id| analysis.proposal(id)).collect();
        if proposals.len() < wanted.ids.len() {
            return Err("this is not proposed any more".to_owned());
        }
        let rendering = analysis.outcome.render(&proposals);
        if rendering.withheld.len() == proposals.len()
            && let Some((_, reason)) = rendering.withheld.first()
        {
            return Err(reason.clone());
        }
        let mut changes = Vec::new();
        for file in &rendering.files {
            changes.extend(self.file(file)?);
        }
        if changes.is_empty() {
            return Err("this is written already; save the files".to_owned());
        }
        if self.abilities.document_changes {
            return Ok(json!({ "documentChanges": changes }));
        }
        // Without versions, by name alone; that nothing else has changed was seen above.
        let mut by_name = serde_json::Map::new();
        for change in changes {
            let name = change["textDocument"]["uri"].as_str().unwrap_or_default();
            by_name.insert(name.to_owned(), change["edits"].clone());
        }
        Ok(json!({ "changes": by_name }))
    }

    /// What is done to one file: nothing, an edit, or making it and an edit.
    fn file(&self, file: &RenderedFile) -> Result<Vec<Value>, String> {
        let path = &file.path;
        let uri = self.workspace.uri_of(self.documents, path);
        let document = self.workspace.document(self.documents, path);
        let Some(before) = &file.before else {
            if !self.abilities.create_files || !self.abilities.document_changes {
                return Err(format!("{path} would be made, which this editor cannot; use `tuneup apply`"));
            }
            if document.is_some() {
                return Err(format!("{path} is open already; save or close it"));
            }
            let text = String::from_utf8_lossy(&file.after);
            let range = super::positions::Range::default();
            let edit = TextEdit { range, new_text: text.into_owned() };
            return Ok(vec![
                json!({ "kind": "create", "uri": uri, "options": { "ignoreIfExists": false, "overwrite": false } }),
                json!({ "textDocument": { "uri": uri, "version": null }, "edits": [edit] }),
            ]);
        };
        let (before, after) = (text(path, before)?, text(path, &file.after)?);
        let (base, wanted) = (shown(before.text()), shown(after.text()));
        let edits = match document.map(|document| shown(&document.text)) {
            Some(now) if now != base => {
                let merged = merge(base.as_bytes(), now.as_bytes(), wanted.as_bytes());
                let merged = merged
                    .and_then(|bytes| String::from_utf8(bytes).ok())
                    .ok_or_else(|| format!("{path} has unsaved changes in the same lines; save it first"))?;
                line_edits(now, &merged, self.encoding)
            }
            _ if before.file_offset(u32::MAX.into()) == before.text().len() => {
                let lines = Lines::new(before.text());
                let edit = |(start, end, text): &(usize, usize, String)| TextEdit {
                    range: lines.range(*start..*end, self.encoding),
                    new_text: text.clone(),
                };
                file.edits.iter().map(edit).collect()
            }
            // In other encodings, bytes of the file are no places in its text.
            _ => line_edits(base, wanted, self.encoding),
        };
        if edits.is_empty() {
            return Ok(Vec::new());
        }
        let version = document.map(|document| document.version);
        Ok(vec![json!({ "textDocument": { "uri": uri, "version": version }, "edits": edits })])
    }
}

/// The text of a file's bytes.
fn text(path: &str, bytes: &[u8]) -> Result<SourceText, String> {
    if path.ends_with(".py") {
        return SourceText::from_python(bytes.to_vec()).map_err(|fault| fault.message);
    }
    Ok(SourceText::from_other(bytes.to_vec()))
}
