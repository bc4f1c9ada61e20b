//! The user's own editor.

use std::io::{BufRead, Write};
use std::path::Path;
use std::process::Command;

use crate::failure::Failure;

/// Opens a file at a line, and waits for the editor to end.
pub(super) fn open(path: &Path, line: usize) -> Result<(), Failure> {
    let set = ["VISUAL", "EDITOR"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    let command = set.unwrap_or_else(|| "vi".to_owned());
    let mut words = command.split_whitespace();
    let program = words.next().unwrap_or("vi");
    let name =
        Path::new(program).file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut run = Command::new(program);
    run.args(words);
    // How a line is named differs; an editor that is not known here gets the file alone.
    match name.as_str() {
        "vi" | "vim" | "nvim" | "nano" | "emacs" | "emacsclient" | "micro" | "kak" | "joe" | "ed"
        | "view" => {
            run.arg(format!("+{line}")).arg(path);
        }
        "code" | "codium" | "cursor" => {
            run.arg("--wait").arg("--goto").arg(format!("{}:{line}", path.display()));
        }
        "subl" | "hx" | "zed" => {
            run.arg(format!("{}:{line}", path.display()));
        }
        _ => {
            run.arg(path);
        }
    }
    let status = run.status().map_err(|error| Failure::new(format!("`{command}` cannot be run: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("`{command}` ended with {status}"))) }
}

/// Has bytes edited. What the check refuses is asked again, with the error; nothing where the user gives up.
pub(super) fn edit(
    path: &str,
    bytes: &[u8],
    line: usize,
    check: impl Fn(&str, &[u8]) -> Result<(), String>,
) -> Result<Option<String>, Failure> {
    let suffix =
        Path::new(path).extension().map(|end| format!(".{}", end.to_string_lossy())).unwrap_or_default();
    let mut file = tempfile::Builder::new().prefix("tuneup-").suffix(&suffix).tempfile()?;
    file.write_all(bytes)?;
    file.flush()?;
    loop {
        open(file.path(), line)?;
        let edited = std::fs::read(file.path())?;
        let checked = check(path, &edited).and_then(|()| {
            String::from_utf8(edited).map_err(|_| format!("{path}: only UTF-8 can be edited here"))
        });
        match checked {
            Ok(text) => return Ok(Some(text)),
            Err(error) => {
                let mut err = std::io::stderr();
                write!(err, "{error}\nEnter edits again, q gives up: ")?;
                err.flush()?;
                let mut answer = String::new();
                let read = std::io::stdin().lock().read_line(&mut answer)?;
                if read == 0 || answer.trim() == "q" {
                    return Ok(None);
                }
            }
        }
    }
}
