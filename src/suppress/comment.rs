//! What stands in a comment that silences rules.

/// What comments that silence rules have in them, however they are written.
pub(super) const MARK: &str = "uneup";
/// What it begins with.
const NAME: &str = "tuneup";

/// How far a comment reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Its line, or the next statement.
    Here,
    /// The whole file.
    File,
}

/// A comment that is meant to silence rules, and does not say so in the way that is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Misspelt;

/// A comment that silences rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Comment {
    /// The rules; all where empty.
    pub(super) rules: Vec<String>,
    /// How far it reaches.
    pub(super) reach: Reach,
}

impl Comment {
    /// Reads what stands after `#` or between `{#` and `#}`. Other comments may follow, each after its own `#`.
    pub(super) fn parse(text: &str) -> Option<Result<Self, Misspelt>> {
        text.split('#').find_map(|part| {
            let part = part.trim_start();
            let name = part.get(..NAME.len()).filter(|name| name.eq_ignore_ascii_case(NAME))?;
            let rest = &part[name.len()..];
            match rest.strip_prefix(':') {
                Some(rest) if name == NAME => Some(Self::read(rest.trim_start()).ok_or(Misspelt)),
                Some(_) => Some(Err(Misspelt)),
                None => rest.trim_start().starts_with("ignore").then_some(Err(Misspelt)),
            }
        })
    }

    /// Reads what stands after the name.
    fn read(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("ignore")?;
        let (rest, reach) = match rest.strip_prefix("-file") {
            Some(rest) => (rest, Reach::File),
            None => (rest, Reach::Here),
        };
        let rest = rest.trim_start();
        let rules = match rest.strip_prefix('[') {
            Some(rest) => {
                let names = rest.split_once(']')?.0.split(',').map(|name| name.trim().to_owned());
                names.filter(|name| !name.is_empty()).collect()
            }
            None if rest.is_empty() || rest.starts_with("--") => Vec::new(),
            None => return None,
        };
        Some(Self { rules, reach })
    }
}
