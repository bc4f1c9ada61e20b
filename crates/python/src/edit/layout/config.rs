//! How a project wants its Python laid out, from the configuration files of its formatters and linters.
//!
//! Read are, each from the nearest folder upwards that has one: `.ruff.toml`, `ruff.toml` or `[tool.ruff]` in
//! `pyproject.toml`, as ruff chooses among them; `[tool.black]`; and for the line length alone `.editorconfig` and
//! `[flake8]` or `[pycodestyle]` in `setup.cfg`, `tox.ini` or `.flake8`.

use std::path::Path;

use ruff_python_ast::PythonVersion;
use ruff_python_ast::str::Quote;
use toml_edit::{DocumentMut, Item, TableLike};

use crate::project::Project;
use crate::source::work_tree;

/// Where lines end if nothing says so.
const DEFAULT_LINE_LENGTH: u16 = 88;

/// How the files of a folder are laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The line length that a configuration file asks for.
    pub line_length: Option<u16>,
    /// The formatters that the project may be under, the likeliest first.
    pub(super) formatters: Vec<Formatter>,
}

/// What a formatter is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Formatter {
    pub(super) line_length: u16,
    pub(super) indent_width: u8,
    pub(super) tabs: bool,
    /// `None` keeps quotes as they are.
    pub(super) quote: Option<Quote>,
    pub(super) magic_trailing_comma: bool,
    pub(super) preview: bool,
    pub(super) target_version: Option<PythonVersion>,
}

impl Default for Formatter {
    fn default() -> Self {
        Self {
            line_length: DEFAULT_LINE_LENGTH,
            indent_width: 4,
            tabs: false,
            quote: Some(Quote::Double),
            magic_trailing_comma: true,
            preview: false,
            target_version: None,
        }
    }
}

impl Default for Layout {
    fn default() -> Self {
        Self { line_length: None, formatters: vec![Formatter::default()] }
    }
}

/// The names of the files that say how code is laid out.
const NAMES: [&str; 7] =
    [".editorconfig", ".flake8", ".ruff.toml", "pyproject.toml", "ruff.toml", "setup.cfg", "tox.ini"];

impl Layout {
    /// Has a project tell of each of its files that should say how code is laid out and cannot be read, whether anything
    /// is written or not.
    pub fn check_files(project: &Project) {
        for other in project.others() {
            let name = other.path.rsplit('/').next().unwrap_or_default();
            if NAMES.contains(&name) {
                // What comes of it is told by the project.
                let _ = project.read_unicode(&other.path);
            }
        }
    }

    /// The layout of a file on disk, by its path from a project's root. Configuration is looked for up to the top of
    /// the repository.
    pub fn of_file(project: &Project, path: &str) -> Self {
        let root = project.root();
        let file = root.join(path);
        let top = work_tree(root).map_or_else(|| root.to_owned(), |(top, _)| top);
        let folders = file.ancestors().skip(1).take_while(|folder| folder.starts_with(&top));
        let folders: Vec<String> = folders.map(|folder| format!("{}/", folder.display())).collect();
        let name = path.rsplit('/').next().unwrap_or(path);
        Self::find(&folders, name, &|path| project.read_configuration(Path::new(path)))
    }

    /// The layout of a file. `read` gives the text of a file by its path; `folders` are the file's folder and those
    /// above it, nearest first, each ending in `/` or empty. The file's own name is needed for the patterns of
    /// `.editorconfig`.
    pub fn find(folders: &[String], name: &str, read: &dyn Fn(&str) -> Option<String>) -> Self {
        let ruff_at =
            folders.iter().enumerate().find_map(|(at, folder)| Some((at, ruff_in(folder, read, 0)?)));
        let (nearest, mut ruff) = ruff_at.map_or((0, None), |(at, ruff)| (at, Some(ruff)));
        // Ruff takes it from the nearest project from its settings upwards, whether that names ruff or not.
        let required = || {
            folders[nearest..]
                .iter()
                .find_map(|folder| required_version(&read(&format!("{folder}pyproject.toml"))?))
        };
        let target_version = ruff.as_ref().and_then(|ruff| ruff.target_version).or_else(required);
        if let Some(ruff) = &mut ruff {
            ruff.target_version = target_version;
        }
        let black = folders.iter().find_map(|folder| black_in(folder, read));
        let other = || {
            let editor = folders
                .iter()
                .find_map(|folder| editorconfig_length(&read(&format!("{folder}.editorconfig"))?, name));
            editor.or_else(|| {
                let files = ["setup.cfg", "tox.ini", ".flake8"];
                let at = |folder: &String| {
                    files.iter().find_map(|file| linter_length(&read(&format!("{folder}{file}"))?))
                };
                folders.iter().find_map(at)
            })
        };
        let ruff_length = ruff.as_ref().and_then(|ruff| ruff.line_length);
        let line_length =
            ruff_length.or_else(|| black.as_ref().and_then(|black| black.line_length)).or_else(other);

        let mut formatters = Vec::new();
        let configured = ruff.is_some();
        let ruff = ruff.unwrap_or(Settings { target_version, ..Settings::default() }).formatter();
        match black.map(Settings::formatter) {
            Some(black) if configured => formatters.extend([ruff, black]),
            // Without a word about ruff, black it is; but what both leave alone is better still.
            Some(black) => formatters.extend([black, ruff]),
            None => formatters.push(ruff),
        }
        formatters.dedup();
        Self { line_length, formatters }
    }

    /// The line length where no more is known of a file.
    pub fn usual_length(&self) -> u16 {
        self.line_length.unwrap_or(DEFAULT_LINE_LENGTH)
    }
}

/// The settings that one tool's files make, as far as they make them.
#[derive(Clone, Debug, Default)]
struct Settings {
    line_length: Option<u16>,
    indent_width: Option<u8>,
    tabs: Option<bool>,
    quote: Option<Option<Quote>>,
    magic_trailing_comma: Option<bool>,
    preview: Option<bool>,
    target_version: Option<PythonVersion>,
}

impl Settings {
    fn formatter(self) -> Formatter {
        let default = Formatter::default();
        Formatter {
            line_length: self.line_length.unwrap_or(default.line_length),
            indent_width: self.indent_width.unwrap_or(default.indent_width),
            tabs: self.tabs.unwrap_or(default.tabs),
            quote: self.quote.unwrap_or(default.quote),
            magic_trailing_comma: self.magic_trailing_comma.unwrap_or(default.magic_trailing_comma),
            preview: self.preview.unwrap_or(default.preview),
            target_version: self.target_version,
        }
    }

    /// These, and those of the file that they extend where these say nothing.
    fn over(self, base: Self) -> Self {
        Self {
            line_length: self.line_length.or(base.line_length),
            indent_width: self.indent_width.or(base.indent_width),
            tabs: self.tabs.or(base.tabs),
            quote: self.quote.or(base.quote),
            magic_trailing_comma: self.magic_trailing_comma.or(base.magic_trailing_comma),
            preview: self.preview.or(base.preview),
            target_version: self.target_version.or(base.target_version),
        }
    }
}

fn ruff_in(folder: &str, read: &dyn Fn(&str) -> Option<String>, depth: u8) -> Option<Settings> {
    [".ruff.toml", "ruff.toml", "pyproject.toml"]
        .iter()
        .find_map(|name| ruff_file(&format!("{folder}{name}"), read, depth))
}

fn ruff_file(path: &str, read: &dyn Fn(&str) -> Option<String>, depth: u8) -> Option<Settings> {
    let document: DocumentMut = read(path)?.parse().ok()?;
    let project = path.ends_with("pyproject.toml");
    let table: &dyn TableLike = match project {
        true => table(table(document.as_table(), "tool")?, "ruff")?,
        false => document.as_table(),
    };
    let mut settings = ruff_settings(table);
    // A chain of files that extend each other ends somewhere, or is an error of its own.
    if let Some(base) = text(table, "extend").filter(|_| depth < 8) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if let Some(base) = join(folder, base).and_then(|path| ruff_file(&path, read, depth + 1)) {
            settings = settings.over(base);
        }
    }
    Some(settings)
}

/// The lowest Python of a project, by its pyproject.toml.
fn required_version(text: &str) -> Option<PythonVersion> {
    let document: DocumentMut = text.parse().ok()?;
    lowest_version(self::text(table(document.as_table(), "project")?, "requires-python")?)
}

fn ruff_settings(ruff: &dyn TableLike) -> Settings {
    let format = table(ruff, "format");
    let in_format = |key| format.and_then(|format| text(format, key));
    let flag = |key| format.and_then(|format| format.get(key)).and_then(Item::as_bool);
    Settings {
        line_length: number(ruff, "line-length"),
        indent_width: number(ruff, "indent-width").and_then(|width| u8::try_from(width).ok()),
        tabs: in_format("indent-style").map(|style| style == "tab"),
        quote: in_format("quote-style").map(|style| match style {
            "single" => Some(Quote::Single),
            "preserve" => None,
            _ => Some(Quote::Double),
        }),
        magic_trailing_comma: flag("skip-magic-trailing-comma").map(|skip| !skip),
        preview: flag("preview").or_else(|| ruff.get("preview").and_then(Item::as_bool)),
        target_version: text(ruff, "target-version").and_then(|version| {
            let minor = version.strip_prefix("py3")?.parse().ok()?;
            Some(PythonVersion { major: 3, minor })
        }),
    }
}

fn black_in(folder: &str, read: &dyn Fn(&str) -> Option<String>) -> Option<Settings> {
    let document: DocumentMut = read(&format!("{folder}pyproject.toml"))?.parse().ok()?;
    let black = table(table(document.as_table(), "tool")?, "black")?;
    let flag = |keys: [&str; 2]| keys.iter().find_map(|key| black.get(key)).and_then(Item::as_bool);
    Some(Settings {
        line_length: number(black, "line-length").or_else(|| number(black, "line_length")),
        quote: flag(["skip-string-normalization", "skip_string_normalization"]).map(|skip| match skip {
            true => None,
            false => Some(Quote::Double),
        }),
        magic_trailing_comma: flag(["skip-magic-trailing-comma", "skip_magic_trailing_comma"])
            .map(|skip| !skip),
        preview: flag(["preview", "preview"]),
        ..Settings::default()
    })
}

fn table<'a>(table: &'a dyn TableLike, key: &str) -> Option<&'a dyn TableLike> {
    table.get(key)?.as_table_like()
}

fn text<'a>(table: &'a dyn TableLike, key: &str) -> Option<&'a str> {
    table.get(key)?.as_str()
}

fn number(table: &dyn TableLike, key: &str) -> Option<u16> {
    table.get(key)?.as_integer().and_then(|number| u16::try_from(number).ok()).filter(|number| *number > 0)
}

/// The lowest version that a specifier such as `>=3.10,<4` allows.
fn lowest_version(specifier: &str) -> Option<PythonVersion> {
    let bound = |part: &str| {
        let part = part.trim();
        let version = ["~=", ">=", "==", "^"].iter().find_map(|operator| part.strip_prefix(operator))?;
        let mut numbers = version.trim().trim_end_matches(".*").split('.').map(str::parse);
        let (major, minor) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
        Some(PythonVersion { major, minor })
    };
    specifier.split(',').find_map(bound)
}

/// A relative path, from a folder.
fn join(folder: &str, path: &str) -> Option<String> {
    if path.starts_with(['/', '~', '$']) {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    let start = if folder.starts_with('/') { "/" } else { "" };
    Some(format!("{start}{}", parts.join("/")))
}

/// The sections of an INI file, with the keys and values of each.
fn ini_sections(text: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    let mut section = "";
    text.lines().filter_map(move |line| {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.trim();
            return None;
        }
        if line.starts_with(['#', ';']) {
            return None;
        }
        let (key, value) = line.split_once(['=', ':'])?;
        Some((section, key.trim(), value.trim()))
    })
}

fn linter_length(text: &str) -> Option<u16> {
    ini_sections(text)
        .filter(|(section, key, _)| {
            ["flake8", "pycodestyle"].contains(section)
                && ["max-line-length", "max_line_length"].contains(key)
        })
        .find_map(|(_, _, value)| value.split(['#', ';']).next()?.trim().parse().ok())
}

/// The `max_line_length` for a Python file: the last section that matches counts.
fn editorconfig_length(text: &str, name: &str) -> Option<u16> {
    ini_sections(text)
        .filter(|(section, key, _)| {
            key.eq_ignore_ascii_case("max_line_length") && matches_name(section, name)
        })
        .last()
        .and_then(|(_, _, value)| value.parse().ok())
}

/// Whether a section of `.editorconfig` is about a file of this name: `*`, `*.py`, `*.{py,pyi}`, `{*.py,*.js}`.
fn matches_name(pattern: &str, name: &str) -> bool {
    if let Some((before, rest)) = pattern.split_once('{')
        && let Some((choices, after)) = rest.split_once('}')
    {
        return choices
            .split(',')
            .any(|choice| matches_name(&format!("{before}{}{after}", choice.trim()), name));
    }
    let pattern = pattern.strip_prefix("**/").unwrap_or(pattern).replace("**", "*");
    match pattern.split_once('*') {
        Some((before, after)) => {
            !after.contains('*')
                && name.len() >= before.len() + after.len()
                && name.starts_with(before)
                && name.ends_with(after)
        }
        None => pattern == name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(files: &[(&str, &str)]) -> Layout {
        let folders = ["app/blog/", "app/", ""].map(str::to_owned);
        let read =
            |path: &str| files.iter().find(|(known, _)| *known == path).map(|(_, text)| (*text).to_owned());
        Layout::find(&folders, "views.py", &read)
    }

    #[test]
    fn nothing_is_the_default() {
        assert_eq!(layout(&[]), Layout::default());
        assert_eq!(layout(&[("pyproject.toml", "[tool.isort]\nline_length = 7\n")]), Layout::default());
        assert_eq!(layout(&[("pyproject.toml", "not toml")]), Layout::default());
    }

    #[test]
    fn ruff_is_read_from_the_nearest_folder() {
        let layout = layout(&[
            ("ruff.toml", "line-length = 99"),
            (
                "app/pyproject.toml",
                "[project]\nrequires-python = \">=3.12\"\n[tool.ruff]\nline-length = 120\n\
                 [tool.ruff.format]\nquote-style = 'single'\nindent-style = 'tab'\nskip-magic-trailing-comma = true\n",
            ),
            ("app/blog/pyproject.toml", "[tool.isort]\nprofile = 'black'\n"),
        ]);
        assert_eq!(layout.line_length, Some(120));
        let expected = Formatter {
            line_length: 120,
            tabs: true,
            quote: Some(Quote::Single),
            magic_trailing_comma: false,
            target_version: Some(PythonVersion::PY312),
            ..Formatter::default()
        };
        assert_eq!(layout.formatters, [expected]);
    }

    #[test]
    fn ruff_files_extend_others() {
        let layout = layout(&[
            ("ruff.toml", "line-length = 99\nindent-width = 2\ntarget-version = 'py39'"),
            ("app/.ruff.toml", "extend = '../ruff.toml'\nline-length = 70"),
        ]);
        let [formatter] = &layout.formatters[..] else { panic!("one formatter") };
        assert_eq!((formatter.line_length, formatter.indent_width), (70, 2));
        assert_eq!(formatter.target_version, Some(PythonVersion::PY39));
    }

    #[test]
    fn the_python_of_the_nearest_project_counts_where_ruff_names_none() {
        let project = ("pyproject.toml", "[project]\nrequires-python = \">=3.8\"\n");
        let version = |files: &[(&str, &str)]| layout(files).formatters[0].target_version;
        assert_eq!(version(&[project]), Some(PythonVersion::PY38));
        assert_eq!(version(&[project, ("app/ruff.toml", "line-length = 70")]), Some(PythonVersion::PY38));
        let below = ("app/blog/pyproject.toml", "[project]\nrequires-python = \">=3.12\"\n");
        assert_eq!(version(&[project, below]), Some(PythonVersion::PY312));
        assert_eq!(version(&[project, below, ("ruff.toml", "")]), Some(PythonVersion::PY38));
    }

    #[test]
    fn black_counts_before_the_default_of_ruff() {
        let text = "[tool.black]\nline-length = 100\nskip-string-normalization = true\n";
        let found = layout(&[("pyproject.toml", text)]);
        assert_eq!(found.line_length, Some(100));
        let black = Formatter { line_length: 100, quote: None, ..Formatter::default() };
        assert_eq!(found.formatters, [black.clone(), Formatter::default()]);
        let both = format!("{text}[tool.ruff]\nline-length = 90\n");
        let found = layout(&[("pyproject.toml", &both)]);
        assert_eq!(found.line_length, Some(90));
        assert_eq!(found.formatters, [Formatter { line_length: 90, ..Formatter::default() }, black]);
    }

    #[test]
    fn the_line_length_is_read_from_linters_and_editors() {
        for (path, text) in [
            (
                ".editorconfig",
                "root = true\n[*]\nmax_line_length = 80\n[*.{py,pyi}]\nmax_line_length = 119\n",
            ),
            ("app/.editorconfig", "[*.py]\nmax_line_length = 119\n[*.js]\nmax_line_length = 80\n"),
            ("setup.cfg", "[isort]\nmax-line-length = 3\n[flake8]\nmax-line-length = 119  # wide\n"),
            ("tox.ini", "[pycodestyle]\nmax_line_length: 119\n"),
            ("app/.flake8", "[flake8]\nmax-line-length=119\n"),
        ] {
            let found = layout(&[(path, text)]);
            assert_eq!(found.line_length, Some(119), "{path}");
            assert_eq!(found.formatters, [Formatter::default()]);
        }
        assert_eq!(layout(&[(".editorconfig", "[*.js]\nmax_line_length = 70\n")]).line_length, None);
        assert_eq!(layout(&[(".editorconfig", "[*]\nmax_line_length = off\n")]).line_length, None);
    }
}
