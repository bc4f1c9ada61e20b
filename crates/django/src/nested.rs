//! Stretches of a text that lie within each other or apart, as definitions do: which are around a place is asked for each
//! proposal, and to look at all of them each time would take time by the square of a long file.

use ruff_text_size::TextRange;

/// Such stretches.
#[derive(Debug, Default)]
pub(crate) struct Nested {
    /// By their starts, the longer first: each with its number, and the place in this list of the one around it.
    ranges: Vec<(TextRange, usize, Option<usize>)>,
}

impl Nested {
    /// These stretches, each with its number.
    pub(crate) fn new(ranges: impl Iterator<Item = (usize, TextRange)>) -> Self {
        let mut ranges: Vec<_> = ranges.map(|(number, range)| (range, number, None)).collect();
        ranges.sort_by_key(|&(range, number, _)| (range.start(), std::cmp::Reverse(range.end()), number));
        let mut open: Vec<usize> = Vec::new();
        for at in 0..ranges.len() {
            while open.last().is_some_and(|&last| !ranges[last].0.contains_range(ranges[at].0)) {
                open.pop();
            }
            ranges[at].2 = open.last().copied();
            open.push(at);
        }
        Self { ranges }
    }

    /// The numbers of those that hold a stretch, the innermost first.
    pub(crate) fn around(&self, range: TextRange) -> impl Iterator<Item = usize> {
        let last = self.ranges.partition_point(|(it, ..)| it.start() <= range.start()).checked_sub(1);
        std::iter::successors(last, |&at| self.ranges[at].2)
            .filter(move |&at| self.ranges[at].0.contains_range(range))
            .map(|at| self.ranges[at].1)
    }
}

#[cfg(test)]
mod tests {
    use ruff_text_size::TextRange;

    use super::Nested;

    #[test]
    fn those_around_are_found_from_within() {
        let range = |start: u32, end: u32| TextRange::new(start.into(), end.into());
        let all =
            [range(0, 100), range(10, 20), range(30, 90), range(40, 50), range(60, 70), range(200, 300)];
        let nested = Nested::new(all.into_iter().enumerate());
        let around = |start, end| nested.around(range(start, end)).collect::<Vec<_>>();
        assert_eq!(around(42, 45), [3, 2, 0]);
        assert_eq!(around(60, 70), [4, 2, 0]);
        assert_eq!(around(80, 85), [2, 0]);
        assert_eq!(around(15, 25), [0]);
        assert_eq!(around(150, 160), [0; 0]);
        assert_eq!(around(299, 300), [5]);
    }
}
