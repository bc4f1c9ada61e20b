//! Merges two changes of one file, line by line, where they do not meet.

use similar::{Algorithm, DiffOp, TextDiff};

/// What `ours` becomes when the change from `base` to `theirs` is made to it too; nothing where both changed the
/// same or neighbouring lines in different ways.
pub(crate) fn merge(base: &[u8], ours: &[u8], theirs: &[u8]) -> Option<Vec<u8>> {
    let lines: Vec<&[u8]> = base.split_inclusive(|byte| *byte == b'\n').collect();
    let (ours, theirs) = (hunks(base, ours), hunks(base, theirs));
    let mut all: Vec<&Hunk> = ours.iter().collect();
    for hunk in &theirs {
        // The same change made on both sides is one change.
        if ours.contains(hunk) {
            continue;
        }
        if ours.iter().any(|other| hunk.start <= other.end && other.start <= hunk.end) {
            return None;
        }
        all.push(hunk);
    }
    all.sort_by_key(|hunk| hunk.start);
    let mut merged = Vec::with_capacity(base.len());
    let mut at = 0;
    for hunk in all {
        lines[at..hunk.start].iter().for_each(|line| merged.extend_from_slice(line));
        merged.extend_from_slice(&hunk.text);
        at = hunk.end;
    }
    lines[at..].iter().for_each(|line| merged.extend_from_slice(line));
    Some(merged)
}

/// Lines of the base that one side replaced.
#[derive(PartialEq, Eq)]
struct Hunk {
    start: usize,
    end: usize,
    text: Vec<u8>,
}

fn hunks(base: &[u8], side: &[u8]) -> Vec<Hunk> {
    // Lines end where a diff's do: at `\n`, so that a lone `\r` stays within its line.
    let split = |text| <[u8]>::split_inclusive(text, |byte: &u8| *byte == b'\n').collect::<Vec<&[u8]>>();
    let (old, new) = (split(base), split(side));
    let diff = TextDiff::configure().algorithm(Algorithm::Patience).diff_slices(&old, &new);
    let is_change = |op: &&DiffOp| !matches!(op, DiffOp::Equal { .. });
    let hunk = |op: &DiffOp| Hunk {
        start: op.old_range().start,
        end: op.old_range().end,
        text: new[op.new_range()].concat(),
    };
    diff.ops().iter().filter(is_change).map(hunk).collect()
}

#[cfg(test)]
mod tests {
    use super::merge;

    const BASE: &[u8] = b"a\nb\nc\nd\ne\n";

    #[test]
    fn changes_that_do_not_meet_are_both_made() {
        assert_eq!(merge(BASE, b"a\nb\nc\nd\nE\n", b"A\nb\nc\nd\ne\n").unwrap(), b"A\nb\nc\nd\nE\n");
        assert_eq!(merge(BASE, b"0\na\nb\nc\nd\ne\n", b"a\nb\nc\ne\n").unwrap(), b"0\na\nb\nc\ne\n");
    }

    #[test]
    fn changes_of_the_same_lines_are_refused() {
        assert_eq!(merge(BASE, b"a\nb\nX\nd\ne\n", b"a\nb\nY\nd\ne\n"), None);
        assert_eq!(merge(BASE, b"a\nb\nX\nd\ne\n", b"a\nb\nc\nY\ne\n"), None);
        assert_eq!(merge(b"", b"x\n", b"y\n"), None);
    }

    #[test]
    fn the_same_change_on_both_sides_is_one() {
        assert_eq!(merge(BASE, b"a\nX\nc\nd\ne\n", b"a\nX\nc\nd\ne\n").unwrap(), b"a\nX\nc\nd\ne\n");
    }

    #[test]
    fn a_last_line_without_its_end_is_kept() {
        assert_eq!(merge(b"a\nb\nc\nd", b"a\nb\nc\nD", b"A\nb\nc\nd").unwrap(), b"A\nb\nc\nD");
        assert_eq!(merge(b"a\r\nb\nc\n", b"a\r\nb\nc\nd", b"A\r\nb\nc\n").unwrap(), b"A\r\nb\nc\nd");
    }
}
