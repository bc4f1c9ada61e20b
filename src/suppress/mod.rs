//! What people have looked at and left as it is: comments that silence rules, in Python and in templates.
//!
//! `# tuneup: ignore[rule] -- reason` at the end of a line silences the statement's line that it stands in; on a line
//! of its own, the next statement with all of its body. `{# tuneup: ignore[rule] #}` silences its line, and on a line
//! of its own the next. `ignore-file` silences the whole file; without brackets, all rules. A proposal is silenced
//! where it would edit, or where any place that proves it is.

mod comment;
mod extent;
mod insert;

use std::collections::BTreeMap;

use memchr::memmem::Finder;
use rayon::prelude::*;
use ruff_text_size::{TextRange, TextSize};
use tuneup_django::Project;
use tuneup_django::templates::lexer;
use tuneup_python::SourceText;
use tuneup_transforms::{Place, Proposal};

use crate::config::Config;
use comment::{Comment, Misspelt, Reach};

pub(crate) use insert::comment_before;

/// A comment that silences nothing, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unused {
    /// The file.
    pub(crate) path: String,
    /// Its line, from 1.
    pub(crate) line: u32,
    /// What is wrong with it.
    pub(crate) message: String,
}

/// A silenced range of a file.
struct Silence {
    path: String,
    line: u32,
    rules: Vec<String>,
    /// What it covers.
    covered: Covered,
}

/// What a comment covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Covered {
    /// The file.
    File,
    /// A part of it.
    Range(TextRange),
    /// Nothing, as it is not understood.
    Nothing,
}

impl Silence {
    fn covers(&self, rule: &str, place: &Place) -> bool {
        self.path == place.path
            && (self.rules.is_empty() || self.rules.iter().any(|name| name == rule))
            && match self.covered {
                Covered::File => true,
                Covered::Range(range) => range.start() <= place.start && place.start < range.end(),
                Covered::Nothing => false,
            }
    }
}

/// Takes out the proposals that comments silence, and tells which comments silence nothing.
pub(crate) fn silence(project: &Project, config: &Config, proposals: &mut Vec<Proposal>) -> Vec<Unused> {
    let silences = find(project);
    if silences.is_empty() {
        return Vec::new();
    }
    let mut used: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    let known: Vec<&'static str> = tuneup_transforms::registry::RULES.iter().map(|rule| rule.name).collect();
    proposals.retain(|proposal| {
        let covering = |place: &Place| silences.iter().position(|it| it.covers(proposal.rule, place));
        let proving = proposal.evidence.iter().map(|evidence| &evidence.place);
        let by = std::iter::once(&proposal.place).chain(proving).find_map(covering);
        by.is_none_or(|silence| {
            used.entry(silence).or_default().push(proposal.rule);
            false
        })
    });
    let mut unused = Vec::new();
    for (n, silence) in silences.iter().enumerate() {
        let used = used.get(&n).map(Vec::as_slice).unwrap_or_default();
        let mut say = |message: String| {
            unused.push(Unused { path: silence.path.clone(), line: silence.line, message });
        };
        if silence.covered == Covered::Nothing {
            say("not understood, so nothing is silenced; write it as `tuneup: ignore[RULE] -- reason`"
                .to_owned());
        } else if silence.rules.is_empty() && used.is_empty() && config.asks_all() {
            say("unused `tuneup: ignore`: nothing is proposed here".to_owned());
        }
        for rule in &silence.rules {
            if !known.contains(&rule.as_str()) {
                let nearest = crate::config::nearest(rule, known.iter().copied());
                say(format!("no rule is called `{rule}`; did you mean `{nearest}`?"));
            } else if !used.contains(&rule.as_str()) && config.is_selected(rule) {
                say(format!("unused `tuneup: ignore[{rule}]`: the rule proposes nothing here"));
            }
        }
    }
    unused
}

/// All comments of a project that silence rules, by file.
fn find(project: &Project) -> Vec<Silence> {
    let source = &project.source;
    let python: Vec<&str> = source.files().iter().map(|file| file.path.as_str()).collect();
    let other = source.others().iter().filter(|other| other.is_file()).map(|other| other.path.as_str());
    let paths: Vec<&str> = python.iter().copied().chain(other).collect();
    let mark = Finder::new(comment::MARK);
    let silences = |(n, path): (usize, &&str)| -> Vec<Silence> {
        // Bytes are looked at first: few files have such a comment, and only theirs are parsed.
        match source.bytes(path) {
            Ok(Some(bytes)) if mark.find(&bytes).is_some() => {}
            _ => return Vec::new(),
        }
        let Ok(text) = source.text_at(path) else { return Vec::new() };
        if n < python.len() { of_python(path, &text) } else { of_template(path, &text) }
    };
    let mut all: Vec<Vec<Silence>> = paths.par_iter().enumerate().map(silences).collect();
    all.iter_mut().flat_map(std::mem::take).collect()
}

fn of_python(path: &str, source: &SourceText) -> Vec<Silence> {
    let extents = extent::Extents::of(source.text());
    let silence = |range: &TextRange| {
        let (rules, covered) = match Comment::parse(source.text()[*range].strip_prefix('#')?)? {
            Ok(Comment { rules, reach: Reach::File }) => (rules, Covered::File),
            Ok(Comment { rules, reach: Reach::Here }) => {
                (rules, Covered::Range(extents.silenced_by(source.text(), *range)))
            }
            Err(Misspelt) => (Vec::new(), Covered::Nothing),
        };
        Some(Silence { path: path.to_owned(), line: source.position(range.start()).line, rules, covered })
    };
    extents.comments.iter().filter_map(silence).collect()
}

fn of_template(path: &str, source: &SourceText) -> Vec<Silence> {
    let text = source.text();
    let mut silences = Vec::new();
    for token in lexer::tokens(text).into_iter().filter(|token| token.kind == lexer::Kind::Comment) {
        let Some(comment) = Comment::parse(&text[token.content]) else { continue };
        let (rules, covered) = match comment {
            Err(Misspelt) => (Vec::new(), Covered::Nothing),
            Ok(Comment { rules, reach: Reach::File }) => (rules, Covered::File),
            Ok(Comment { rules, reach: Reach::Here }) => {
                let line = line_around(text, token.range);
                let rest = &text[line];
                let is_alone = rest.trim() == &text[token.range];
                let end = usize::from(line.end());
                // The next line with something on it.
                let next = || {
                    let gap = text[end..].len() - text[end..].trim_start().len();
                    let from = TextSize::try_from(end + gap).unwrap_or(line.end());
                    TextRange::new(line.start(), line_around(text, TextRange::empty(from)).end())
                };
                (rules, Covered::Range(if is_alone { next() } else { line }))
            }
        };
        silences.push(Silence {
            path: path.to_owned(),
            line: source.position(token.range.start()).line,
            rules,
            covered,
        });
    }
    silences
}

/// The whole lines that a range touches, with the end of the last.
fn line_around(text: &str, range: TextRange) -> TextRange {
    let (start, end) = (usize::from(range.start()), usize::from(range.end()));
    let start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
    let size = |at: usize| TextSize::try_from(at).unwrap_or_default();
    TextRange::new(size(start), size(end))
}

#[cfg(test)]
mod tests {
    use tuneup_python::SourceText;

    use super::{Covered, of_python, of_template};

    fn covered(source: &str, template: bool) -> Vec<(Vec<String>, String)> {
        let text = SourceText::from_text(source);
        let silences = if template { of_template("a.html", &text) } else { of_python("a.py", &text) };
        let range = |silence: &super::Silence| match silence.covered {
            Covered::File => "all".to_owned(),
            Covered::Range(range) => source[range].to_owned(),
            Covered::Nothing => "nothing".to_owned(),
        };
        silences.iter().map(|silence| (silence.rules.clone(), range(silence))).collect()
    }

    #[test]
    fn a_comment_at_the_end_silences_its_logical_line() {
        let source = "a = 1\nb = (\n    c  # tuneup: ignore[x, y] -- as agreed\n    .d()\n)\ne = 2\n";
        let rules = vec!["x".to_owned(), "y".to_owned()];
        assert_eq!(covered(source, false), [(rules, source[6..source.len() - 6].to_owned())]);
    }

    #[test]
    fn a_comment_before_a_statement_silences_it_with_its_body() {
        let source = "# tuneup: ignore[x]\n@d\ndef f():\n    a\n\n    if b:\n        c\n    d\ne\n";
        let [(_, text)] = &covered(source, false)[..] else { panic!("one comment") };
        assert_eq!(text, "@d\ndef f():\n    a\n\n    if b:\n        c\n    d\n");
    }

    #[test]
    fn strings_and_other_comments_silence_nothing() {
        assert!(covered("a = '# tuneup: ignore[x]'\n# see tuneup: ignore[x]\n", false).is_empty());
    }

    #[test]
    fn a_file_is_silenced_whole() {
        assert_eq!(
            covered("a\n# tuneup: ignore-file[x]\n", false),
            [(vec!["x".to_owned()], "all".to_owned())]
        );
        assert_eq!(covered("a\n# tuneup: ignore-file\n", false), [(vec![], "all".to_owned())]);
    }

    #[test]
    fn templates_silence_their_line_or_the_next() {
        let source = "{{ a }}\n{{ b }} {# tuneup: ignore[x] #}\n  {# tuneup: ignore #}\n\n{{ c }}\n{{ d }}\n";
        let [(_, one), (none, two)] = &covered(source, true)[..] else { panic!("two comments") };
        assert_eq!(one, "{{ b }} {# tuneup: ignore[x] #}\n");
        assert_eq!((none.len(), two.as_str()), (0, "  {# tuneup: ignore #}\n\n{{ c }}\n"));
    }

    #[test]
    fn a_comment_that_is_not_understood_silences_nothing_and_is_told() {
        for text in [
            "tuneup: ingore[x]",
            "tuneup: ignore[x",
            "Tuneup: ignore[x]",
            "tuneup ignore[x]",
            "tuneup: ignore x",
        ] {
            let nothing = [(Vec::new(), "nothing".to_owned())];
            assert_eq!(covered(&format!("a = 1  # {text}\n"), false), nothing, "{text}");
            assert_eq!(covered(&format!("{{# {text} #}}\n"), true), nothing, "{text}");
        }
        for text in ["about tuneup: ignore[x]", "tuneup is read by hand", "fine-tuneup: none"] {
            assert_eq!(covered(&format!("a = 1  # {text}\n"), false), [], "{text}");
        }
    }
}
