//! The message of a commit: what was changed, and what proves that it is right.

use tuneup_transforms::Proposal;

use crate::analysis::Outcome;
use crate::counted;
use crate::output::position;
use crate::summary::Summary;

/// Where lines of a message are broken.
const WIDTH: usize = 72;

/// How many places are named for each change.
const SHOWN: usize = 6;

/// The message for changes of one rule, before they are written.
pub(crate) fn message(outcome: &Outcome, summary: &Summary) -> String {
    let written = summary.written();
    let rule = written.first().map_or("", |proposal| proposal.rule);
    let mut text = match written {
        [only] if only.title.chars().count() <= WIDTH => only.title.clone(),
        _ => format!("Apply {rule}: {}", summary.total()),
    };
    text.push_str("\n\n");
    for proposal in written {
        describe(&mut text, outcome, proposal);
        text.push('\n');
    }
    let count = counted(written.len(), "change");
    wrap(
        &mut text,
        "",
        &format!("{count} by tuneup {}; `tuneup explain {rule}` says why.", env!("CARGO_PKG_VERSION")),
    );
    text
}

fn describe(text: &mut String, outcome: &Outcome, proposal: &Proposal) {
    let (line, _) = position(outcome, &proposal.place);
    wrap(text, "", &format!("{}:{line}: {}", proposal.place.path, proposal.title));
    wrap(text, "  ", &proposal.message);
    for evidence in proposal.evidence.iter().take(SHOWN) {
        let (line, _) = position(outcome, &evidence.place);
        wrap(text, "  - ", &format!("{}:{line}: {}", evidence.place.path, evidence.message));
    }
    if let more @ 1.. = proposal.evidence.len().saturating_sub(SHOWN) {
        text.push_str(&format!("  - … and {more} more\n"));
    }
}

/// Adds a paragraph whose first line begins with `lead`, and the others as far in.
fn wrap(text: &mut String, lead: &str, paragraph: &str) {
    let indent = " ".repeat(lead.chars().count());
    let mut line = lead.to_owned();
    let mut is_bare = true;
    for word in paragraph.split_whitespace() {
        if !is_bare && line.chars().count() + 1 + word.chars().count() > WIDTH {
            text.push_str(&line);
            text.push('\n');
            line.clone_from(&indent);
            is_bare = true;
        }
        if !is_bare {
            line.push(' ');
        }
        line.push_str(word);
        is_bare = false;
    }
    text.push_str(&line);
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn paragraphs_are_broken_between_words() {
        let mut text = String::new();
        wrap(&mut text, "  - ", &"seven77 ".repeat(10));
        let long = "x".repeat(90);
        wrap(&mut text, "", &format!("a {long} b"));
        let first = format!("  - {}", ["seven77"; 8].join(" "));
        assert_eq!(text, format!("{first}\n    seven77 seven77\na\n{long}\nb\n"));
    }
}
