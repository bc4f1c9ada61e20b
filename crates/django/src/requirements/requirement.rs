//! One requirement as packages write it (PEP 508): `redis[hiredis]>=4.5; python_version > "3.8"`.

use std::ops::Range;

/// A package that a file declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its normalised name (PEP 503): `django-redis`.
    pub name: String,
    /// Its extras, as written.
    pub extras: Vec<String>,
    /// What stands behind name and extras, as written: versions, markers, an address.
    pub rest: String,
    /// Its bytes in the file: of a line or a string the requirement, of a table's key the key and its value.
    pub range: Range<usize>,
    /// Whether it is fetched from an address, where no extra can be added by the name.
    pub is_address: bool,
    /// Whether hashes hold it to certain files.
    pub is_hashed: bool,
}

impl Entry {
    /// Whether it asks for all of these extras.
    pub fn has_extras(&self, extras: &[String]) -> bool {
        extras.iter().all(|extra| self.extras.iter().any(|own| normalised(own) == normalised(extra)))
    }

    /// Whether it says nothing of versions.
    pub fn is_bare(&self) -> bool {
        let versions = self.rest.split([';', '#']).next().unwrap_or_default().trim();
        versions.is_empty() || versions == "*"
    }
}

/// A package's name as all its spellings have it: `Django_Redis` is `django-redis`.
pub fn normalised(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for char in name.chars() {
        let char = if matches!(char, '_' | '.') { '-' } else { char.to_ascii_lowercase() };
        if char != '-' || !out.ends_with('-') {
            out.push(char);
        }
    }
    out
}

/// Reads one requirement, which begins at `offset` of its file. Nothing where the text is none.
pub(super) fn read(text: &str, offset: usize) -> Option<Entry> {
    let start = offset + (text.len() - text.trim_start().len());
    let text = text.trim();
    if text.starts_with("-e") || text.starts_with("--editable") || looks_like_address(text) {
        return of_address(text, start);
    }
    let name_end = text.find(|char: char| !is_of_name(char)).unwrap_or(text.len());
    let name = &text[..name_end];
    if !name.starts_with(|char: char| char.is_ascii_alphanumeric()) {
        return None;
    }
    let behind = &text[name_end..];
    let (extras, rest) = match behind.trim_start().strip_prefix('[') {
        Some(inner) => {
            let (extras, rest) = inner.split_once(']')?;
            let extras = extras.split(',').map(str::trim).filter(|extra| !extra.is_empty());
            (extras.map(str::to_owned).collect(), rest)
        }
        None => (Vec::new(), behind),
    };
    let first = rest.trim_start().chars().next();
    // Prose is no requirement: behind the name stand versions, a marker, an address or an option.
    if !matches!(first, None | Some('=' | '<' | '>' | '~' | '!' | '(' | ';' | '@' | '-' | '\\')) {
        return None;
    }
    Some(Entry {
        name: normalised(name),
        extras,
        rest: rest.to_owned(),
        range: start..start + text.len(),
        is_address: first == Some('@'),
        is_hashed: rest.contains("--hash"),
    })
}

fn is_of_name(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.')
}

fn looks_like_address(text: &str) -> bool {
    ["git+", "hg+", "http://", "https://", "file:", "./", "../"].iter().any(|prefix| text.starts_with(prefix))
}

/// `git+https://example.org/x.git#egg=name`
fn of_address(text: &str, start: usize) -> Option<Entry> {
    let (_, named) = text.split_once("egg=")?;
    let end = named.find(|char: char| !is_of_name(char)).unwrap_or(named.len());
    Some(Entry {
        name: normalised(&named[..end]),
        extras: Vec::new(),
        rest: text.to_owned(),
        range: start..start + text.len(),
        is_address: true,
        is_hashed: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised() {
        for name in ["Django_Redis", "django.redis", "django--redis", "DJANGO-REDIS"] {
            assert_eq!(normalised(name), "django-redis", "{name}");
        }
    }

    #[test]
    fn requirements_are_read() {
        let entry = read("  Redis[ocsp, hiredis] >=4.5 ; python_version > '3.8'", 10).expect("a requirement");
        assert_eq!(
            (entry.name.as_str(), entry.extras.as_slice()),
            ("redis", &["ocsp".to_owned(), "hiredis".to_owned()][..])
        );
        assert_eq!(entry.range, 12..63);
        assert!(!entry.is_bare() && entry.has_extras(&["HIREDIS".to_owned()]));
        assert!(read("whitenoise ; sys_platform == 'linux'", 0).expect("a requirement").is_bare());
        assert!(read("x @ https://example.org/x.zip", 0).expect("a requirement").is_address);
        assert_eq!(
            read("-e git+https://example.org/y.git@main#egg=My_App&subdirectory=s", 0).expect("one").name,
            "my-app"
        );
    }

    #[test]
    fn what_is_none() {
        for text in ["", "-r base.txt", "some words", "[extra]", "./local"] {
            assert_eq!(read(text, 0), None, "{text}");
        }
    }
}
