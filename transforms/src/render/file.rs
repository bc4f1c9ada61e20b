//! One file, from its pieces to its bytes.

use tuneup_python::SourceText;
use tuneup_python::edit::{Edits, Home, Prepared, Refusal, Target, guarded, parse};

use super::names::Names;
use super::work::{Failures, Job, Piece, PythonEdits};
use super::{Files, RenderedFile};

/// A Python file that several renderings change, with what each of them needs of it.
pub(super) struct Kept<'a> {
    pub(super) path: &'a str,
    pub(super) source: &'a SourceText,
    pub(super) prepared: &'a Prepared<'a>,
}

/// The file as its pieces make it. If it cannot be made, the proposals at fault.
pub(super) fn render<'a>(
    files: &dyn Files,
    path: &str,
    pieces: &[Piece<'a>],
    kept: Option<&Kept<'_>>,
) -> Result<RenderedFile, Failures<'a>> {
    let blame_all = |reason: &str| blame(pieces, reason);
    let mut python = Vec::new();
    let mut texts = Vec::new();
    let mut news = Vec::new();
    for piece in pieces {
        match &piece.job {
            Job::Python(edits) => python.push((piece, edits)),
            Job::Text(change) => texts.push((piece, change)),
            Job::New(text) => news.push(text),
        }
    }
    if !news.is_empty() {
        return match new_file(files, path, &news) {
            Ok(file) if news.len() == pieces.len() => Ok(file),
            Ok(_) => Err(blame_all("the file is both made and changed")),
            Err(reason) => Err(blame_all(&reason)),
        };
    }
    if python.is_empty() {
        let bytes = files.bytes(path).map_err(|reason| blame_all(&reason))?;
        let before = bytes.ok_or_else(|| blame_all("there is no such file"))?;
        let mut text =
            String::from_utf8(before.clone()).map_err(|_| blame_all("the file is not in UTF-8"))?;
        for (piece, change) in texts {
            text = change(&text).map_err(|reason| blame(std::slice::from_ref(piece), &reason))?;
        }
        return Ok(text_file(path, before, text));
    }
    if !texts.is_empty() {
        return Err(blame_all("the file is changed both as Python and as text"));
    }
    let own;
    let (source, prepared) = match kept.filter(|kept| kept.path == path) {
        Some(kept) => (kept.source, Some(kept.prepared)),
        None => {
            own = files.text(path).map_err(|reason| blame_all(&reason))?;
            (&own, None)
        }
    };
    let jobs: Vec<&PythonEdits> = python.iter().map(|(_, edits)| *edits).collect();
    match edits(files, path, source, prepared, &jobs) {
        Ok(edits) => finish(source, path, &edits).map_err(|reason| blame_all(&reason)),
        Err(refusal) => {
            // Those that fail on their own are at fault; if none does, it is their meeting, and all are.
            let mut failures = Vec::new();
            for (piece, job) in &python {
                if let Err(refusal) = edits(files, path, source, prepared, &[job]) {
                    failures.extend(blame(std::slice::from_ref(*piece), &refusal.0));
                }
            }
            if failures.is_empty() { Err(blame_all(&refusal.0)) } else { Err(failures) }
        }
    }
}

fn blame<'a>(pieces: &[Piece<'a>], reason: &str) -> Failures<'a> {
    pieces.iter().flat_map(|piece| &piece.asked_by).map(|id| (*id, reason.to_owned())).collect()
}

/// A file that is made: once, whoever asks for it, and never over another.
fn new_file(files: &dyn Files, path: &str, texts: &[&String]) -> Result<RenderedFile, String> {
    if files.bytes(path)?.is_some() {
        return Err(format!("{path} exists already"));
    }
    if texts.iter().any(|text| *text != texts[0]) {
        return Err(format!("{path} is asked for with different texts"));
    }
    let text = texts[0].clone();
    if path.ends_with(".py") {
        guarded(|| parse(&text).map(|_| ())).map_err(|refusal| refusal.0)?;
    }
    let after = text.clone().into_bytes();
    Ok(RenderedFile {
        path: path.to_owned(),
        before: None,
        after,
        edits: vec![(0, 0, text)],
        asked_by: Vec::new(),
    })
}

/// A file of text, changed: one edit between what is the same before and after.
fn text_file(path: &str, before: Vec<u8>, after: String) -> RenderedFile {
    let new = after.as_bytes();
    let same = |a: &[u8], b: &[u8]| a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let mut start = same(&before, new);
    while !after.is_char_boundary(start) {
        start -= 1;
    }
    let most = before.len().min(new.len()) - start;
    let mut tail = before.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    while tail > 0 && !after.is_char_boundary(new.len() - tail) {
        tail -= 1;
    }
    let edit = (start, before.len() - tail, after[start..new.len() - tail].to_owned());
    RenderedFile {
        path: path.to_owned(),
        before: Some(before),
        after: after.into_bytes(),
        edits: vec![edit],
        asked_by: Vec::new(),
    }
}

/// The edits of a Python file for some of its pieces, laid out and checked.
fn edits(
    files: &dyn Files,
    path: &str,
    source: &SourceText,
    prepared: Option<&Prepared<'_>>,
    jobs: &[&PythonEdits],
) -> Result<Edits, Refusal> {
    let (module, is_package) = files.module(path).unwrap_or_default();
    let is_first_party = |top: &str| files.is_first_party(top);
    let make = |target: &Target| {
        let home = Home { module: &module, is_package, is_first_party: &is_first_party };
        let mut names = Names::new(files, path, target, home);
        let mut groups = Vec::new();
        for job in jobs {
            groups.extend(job(target, &mut names)?);
        }
        groups.extend(names.edits()?);
        Ok(groups)
    };
    guarded(|| match prepared {
        Some(prepared) => prepared.settle(&make),
        None => Prepared::of(source.text(), &files.layout(path))?.settle(&make),
    })
}

fn finish(source: &SourceText, path: &str, edits: &Edits) -> Result<RenderedFile, String> {
    let encode = |text: &str| source.encode(text).map_err(|fault| fault.message);
    let (before, after) = (encode(source.text())?, encode(&edits.apply(source.text()))?);
    let place = |edit: &tuneup_python::edit::Edit| {
        let start = source.file_offset(edit.range.start());
        (start, source.file_offset(edit.range.end()), edit.content.clone())
    };
    Ok(RenderedFile {
        path: path.to_owned(),
        before: Some(before),
        after,
        edits: edits.as_slice().iter().map(place).collect(),
        asked_by: Vec::new(),
    })
}
