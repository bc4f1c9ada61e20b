//! Files as CI names them, by their way from the repository; and reports in files.

use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

/// Where a project is in its repository.
pub(super) struct Paths {
    /// The repository; where there is none, the current folder or the project itself.
    pub(super) base: PathBuf,
    /// The way to the project, which ends with `/`; empty where the project is the repository.
    prefix: String,
}

impl Paths {
    /// Of the project in a folder.
    pub(super) fn of(root: &Path) -> Self {
        let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        let repository = root.ancestors().find(|folder| folder.join(".git").exists()).map(Path::to_owned);
        let current = || std::env::current_dir().ok().and_then(|folder| folder.canonicalize().ok());
        let base = repository.or_else(current).filter(|base| root.starts_with(base));
        let base = base.unwrap_or_else(|| root.clone());
        let mut prefix = String::new();
        for component in root.strip_prefix(&base).into_iter().flat_map(Path::components) {
            if let Component::Normal(name) = component {
                prefix.push_str(&name.to_string_lossy());
                prefix.push('/');
            }
        }
        Self { base, prefix }
    }

    /// A file of the project, by its path from the repository.
    pub(super) fn of_file(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }
}

/// Writes a file whole or not at all. What is no plain file, such as a pipe, is written to as it is.
pub(crate) fn write_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    if path.metadata().is_ok_and(|it| !it.is_file() && !it.is_dir()) {
        let mut out = io::BufWriter::new(std::fs::OpenOptions::new().write(true).open(path)?);
        write(&mut out)?;
        return out.flush();
    }
    // A link stays a link.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let kept = path.metadata().map(|it| it.permissions());
        builder.permissions(kept.unwrap_or_else(|_| std::fs::Permissions::from_mode(0o666)));
    }
    let mut file = io::BufWriter::new(builder.tempfile_in(folder.unwrap_or(Path::new(".")))?);
    write(&mut file)?;
    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.persist(&path).map_err(|error| error.error)?;
    Ok(())
}
