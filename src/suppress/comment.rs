//! What stands in a comment that silences rules.

/// What every such comment has.
pub(super) const MARK: &str = "tuneup:";

/// How far a comment reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Its line, or the next statement.
    Here,
    /// The whole file.
    File,
}

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
    pub(super) fn parse(text: &str) -> Option<Self> {
        text.split('#').find_map(|part| {
            let rest = part.trim_start().strip_prefix(MARK)?.trim_start().strip_prefix("ignore")?;
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
        })
    }
}
