//! Unified diffs that `git apply` and `patch -p1` take. Bytes are written as they are, whatever their encoding.

use std::io::{self, Write};
use std::path::{Component, Path};

use similar::{Algorithm, ChangeTag, TextDiff};
use tuneup_transforms::render::RenderedFile;

const CONTEXT: usize = 3;

/// What stands before the names of a project's files, so that the diff applies in the current folder: the way to
/// the project where that is given as a way down from here, nothing where it is named from elsewhere. Then the
/// diff applies in the project's folder.
pub(crate) fn prefix(project: &Path) -> String {
    let mut prefix = String::new();
    for component in crate::write::folder(project).components() {
        match component {
            Component::CurDir => {}
            Component::Normal(name) => match name.to_str() {
                Some(name) => prefix.push_str(&format!("{name}/")),
                None => return String::new(),
            },
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return String::new(),
        }
    }
    prefix
}

/// Writes the diff of one file, whose name gets the prefix.
pub(crate) fn write(out: &mut dyn Write, prefix: &str, file: &RenderedFile, colored: bool) -> io::Result<()> {
    let paint = |code: &'static str| if colored { code } else { "" };
    let (bold, cyan, red, green, reset) =
        (paint("\x1b[1m"), paint("\x1b[36m"), paint("\x1b[31m"), paint("\x1b[32m"), paint("\x1b[0m"));
    let path = format!("{prefix}{}", file.path);
    let before = file.before.as_deref().unwrap_or_default();
    let (old, new) = (lines(before), lines(&file.after));
    let diff = TextDiff::configure().algorithm(Algorithm::Patience).diff_slices(&old, &new);
    let from = if file.before.is_some() { name("a/", &path) } else { "/dev/null".to_owned() };
    writeln!(out, "{bold}--- {from}{reset}")?;
    writeln!(out, "{bold}+++ {}{reset}", name("b/", &path))?;
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        writeln!(out, "{cyan}{}{reset}", hunk.header())?;
        for change in hunk.iter_changes() {
            let (sign, color) = match change.tag() {
                ChangeTag::Delete => ("-", red),
                ChangeTag::Insert => ("+", green),
                ChangeTag::Equal => (" ", ""),
            };
            let line: &[u8] = change.value();
            let (body, end) = match line.strip_suffix(b"\n") {
                Some(body) => (body, true),
                None => (line, false),
            };
            write!(out, "{color}{sign}")?;
            out.write_all(body)?;
            writeln!(out, "{}", if color.is_empty() { "" } else { reset })?;
            if !end {
                writeln!(out, "\\ No newline at end of file")?;
            }
        }
    }
    Ok(())
}

/// The lines of a file as git and `patch` count them, each with its end: a carriage return alone ends none.
fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').collect()
}

/// A name as git writes it: in quotes where it has characters that a diff cannot hold bare.
fn name(prefix: &str, path: &str) -> String {
    let is_plain = |c: char| !c.is_control() && c != '"' && c != '\\' && c.is_ascii();
    if path.chars().all(is_plain) {
        // A tab ends a name with spaces, as git writes it for `patch`.
        let end = if path.contains(' ') { "\t" } else { "" };
        return format!("{prefix}{path}{end}");
    }
    let mut quoted = format!("\"{prefix}");
    for byte in path.bytes() {
        match byte {
            b'"' | b'\\' => {
                quoted.push('\\');
                quoted.push(byte as char);
            }
            b'\n' => quoted.push_str("\\n"),
            b'\t' => quoted.push_str("\\t"),
            0x20..=0x7e => quoted.push(byte as char),
            _ => quoted.push_str(&format!("\\{byte:03o}")),
        }
    }
    quoted.push('"');
    quoted
}
