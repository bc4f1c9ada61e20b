//! The order in which isort and ruff keep imports.

use ruff_python_ast::{Stmt, StmtImportFrom};

use super::Home;
use crate::names::is_standard;

/// Which block an import stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Section {
    Future,
    Standard,
    ThirdParty,
    FirstParty,
    Relative,
}

impl Section {
    pub(super) fn of(level: u32, module: &str, home: &Home) -> Self {
        let top = module.split('.').next().unwrap_or(module);
        match top {
            _ if level > 0 => Self::Relative,
            "__future__" => Self::Future,
            _ if is_standard(top) => Self::Standard,
            _ if (home.is_first_party)(top) => Self::FirstParty,
            _ => Self::ThirdParty,
        }
    }
}

/// What an import statement is sorted by within its section.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ModuleKey {
    /// `..` stands before `.`
    dots: std::cmp::Reverse<u32>,
    folded: String,
    module: String,
}

impl ModuleKey {
    pub(super) fn new(level: u32, module: &str) -> Self {
        Self { dots: std::cmp::Reverse(level), folded: module.to_lowercase(), module: module.to_owned() }
    }

    pub(super) fn top(&self) -> &str {
        self.module.split('.').next().unwrap_or(&self.module)
    }
}

/// An import statement as isort sees it.
pub(super) fn sorted_by(stmt: &Stmt, home: &Home) -> Option<(Section, ModuleKey, bool)> {
    match stmt {
        Stmt::Import(import) => {
            let module = import.names.first()?.name.as_str();
            Some((Section::of(0, module, home), ModuleKey::new(0, module), false))
        }
        Stmt::ImportFrom(StmtImportFrom { module, level, .. }) => {
            let module = module.as_deref().unwrap_or_default();
            Some((Section::of(*level, module, home), ModuleKey::new(*level, module), true))
        }
        _ => None,
    }
}

type MemberOrder = fn(&str) -> (u8, String);

/// The ways in which names of one `from` are sorted: constants, classes, then the rest; or all alike, in the order
/// of a dictionary or of their characters.
const MEMBER_ORDERS: &[MemberOrder] =
    &[|name| (kind(name), name.to_lowercase()), |name| (0, name.to_lowercase()), |name| (0, name.to_owned())];

fn kind(name: &str) -> u8 {
    let is_constant = name.chars().count() > 1 && name.to_uppercase() == name;
    match name.chars().next() {
        _ if is_constant => 0,
        Some(first) if first.is_uppercase() => 1,
        _ => 2,
    }
}

/// The position of a new name among others: its place in their order if they have one, else the end.
pub(super) fn member_position(names: &[&str], new: &str) -> usize {
    let order = MEMBER_ORDERS.iter().find(|key| names.is_sorted_by_key(|name| key(name)));
    order.map_or(names.len(), |key| names.partition_point(|name| key(name) <= key(new)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_names_go_where_their_order_says() {
        for (names, new, expected) in [
            (&["F", "Q"][..], "Prefetch", 1),
            (&["CharField", "Prefetch", "Q", "signals"], "Sum", 3),
            (&["CASCADE", "Model", "signals"], "PROTECT", 1),
            (&["alpha", "Beta", "gamma"], "Delta", 2),
            (&["Zeta", "alpha", "Beta"], "Alpha", 3),
            (&[], "A", 0),
        ] {
            assert_eq!(member_position(names, new), expected, "{new} in {names:?}");
        }
    }

    #[test]
    fn modules_are_sorted_without_case_and_far_relatives_first() {
        let keys = |keys: &[(u32, &str)]| -> Vec<ModuleKey> {
            keys.iter().map(|(level, module)| ModuleKey::new(*level, module)).collect()
        };
        assert!(keys(&[(0, "a"), (0, "a.b"), (0, "B"), (0, "c")]).is_sorted());
        assert!(keys(&[(2, "x"), (2, "y"), (1, ""), (1, "a")]).is_sorted());
    }
}
