//! A function that uses the rows of the shop.

use crate::support::check;

const IMPORTS: &str = "from shop.models import Author, Book, Note, Tag\n\n\n";

/// What is proposed for a function of these lines.
#[track_caller]
pub(crate) fn proposed(lines: &[&str], expected: &[&str]) {
    behind("", lines, expected);
}

/// What is proposed for a function of these lines behind other code of its file.
#[track_caller]
pub(crate) fn behind(code: &str, lines: &[&str], expected: &[&str]) {
    let text = format!("{IMPORTS}{code}def shown(request):\n    {}\n", lines.join("\n    "));
    check(&[("views.py", &text)], expected);
}
