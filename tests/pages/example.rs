//! The examples of a page, read and written back.

use std::collections::BTreeMap;
use std::ops::Range;

/// A small project, and what a page says becomes of it.
pub(crate) struct Example {
    /// Its heading.
    pub(crate) name: String,
    /// By path.
    pub(crate) files: BTreeMap<String, String>,
    /// Whether its text begins with "Nothing is proposed".
    pub(crate) is_silent: bool,
    pub(crate) expected: Expected,
    /// Expressions and what Django makes of them after: "Then `settings.DEBUG` is `False`."
    pub(crate) promises: Vec<(String, String)>,
    /// Where in the page the diff stands with its fences, or the place after the last file.
    diff_at: Range<usize>,
    /// Where in the page the line about queries stands, or the end of the example.
    queries_at: Range<usize>,
}

/// What the page states.
#[derive(Clone)]
pub(crate) struct Expected {
    pub(crate) diff: String,
    pub(crate) safety: Option<&'static str>,
    /// How many Django is asked, before and, where something is written, after.
    pub(crate) queries: Option<(u64, Option<u64>)>,
}

/// A fenced block: the words after the fence, the text, and where it stands with its fences.
struct Block<'a> {
    info: &'a str,
    text: &'a str,
    range: Range<usize>,
}

/// The examples of a page, in order.
pub(crate) fn examples(page: &str) -> Result<Vec<Example>, String> {
    let mut shared = BTreeMap::new();
    let mut found: Vec<Example> = Vec::new();
    let sections = sections(page);
    for (at, section) in sections.iter().enumerate() {
        let text = &page[section.clone()];
        let Some(heading) = text.lines().next().and_then(|line| line.strip_prefix("### ")) else {
            for block in blocks(page, section.clone())? {
                if let Some(path) = path_of(block.info) {
                    shared.insert(path.to_owned(), block.text.to_owned());
                }
            }
            continue;
        };
        let end = sections.get(at + 1).map_or(page.len(), |next| next.start);
        found.push(example(page, heading, section.start..end, shared.clone())?);
    }
    Ok(found)
}

fn example(
    page: &str,
    heading: &str,
    section: Range<usize>,
    mut files: BTreeMap<String, String>,
) -> Result<Example, String> {
    let text = &page[section.clone()];
    let prose = text.lines().skip(1).find(|line| !line.is_empty()).unwrap_or_default();
    let end = section.start + text.trim_end().len();
    let mut expected = Expected { diff: String::new(), safety: None, queries: None };
    let (mut diff_at, mut queries_at) = (end..end, end..end);
    for block in blocks(page, section.clone())? {
        if let Some(path) = path_of(block.info) {
            files.insert(path.to_owned(), block.text.to_owned());
            diff_at = block.range.end..block.range.end;
        } else if let Some(safety) = block.info.strip_prefix("diff") {
            expected.safety = Some(match safety.trim() {
                "" => "safe",
                "unsafe" => "unsafe",
                "advice" => "advice",
                other => return Err(format!("{heading}: no safety is named {other:?}")),
            });
            block.text.clone_into(&mut expected.diff);
            diff_at = block.range;
        }
    }
    let last = text.trim_end().lines().last().unwrap_or_default();
    if let Some(queries) = stated(last) {
        expected.queries = Some(queries);
        queries_at = end - last.len()..end;
    }
    let is_silent = prose.starts_with("Nothing is proposed");
    if prose.starts_with("Nothing is written") {
        expected.safety = Some("advice");
    }
    let promises = promises(text);
    Ok(Example { name: heading.to_owned(), files, is_silent, expected, promises, diff_at, queries_at })
}

/// What the lines "Then `expression` is `value`." of an example say.
fn promises(text: &str) -> Vec<(String, String)> {
    text.lines()
        .filter_map(|line| {
            let (expression, value) =
                line.strip_prefix("Then `")?.strip_suffix("`.")?.split_once("` is `")?;
            Some((expression.to_owned(), value.to_owned()))
        })
        .collect()
}

/// The page with these diffs and numbers of queries.
pub(crate) fn blessed(page: &str, examples: &[Example], expected: &[Expected]) -> String {
    let mut text = page.to_owned();
    for (example, expected) in examples.iter().zip(expected).rev() {
        if let Some(line) = expected.queries.map(statement) {
            let gap = if example.queries_at.is_empty() { "\n\n" } else { "" };
            text.replace_range(example.queries_at.clone(), &format!("{gap}{line}"));
        }
        let diff = match expected.safety {
            _ if expected.diff.is_empty() => String::new(),
            None => String::new(),
            Some(safety) => {
                let word = if safety == "safe" { String::new() } else { format!(" {safety}") };
                format!("```diff{word}\n{}```", expected.diff)
            }
        };
        let gap = if example.diff_at.is_empty() && !diff.is_empty() { "\n\n" } else { "" };
        text.replace_range(example.diff_at.clone(), &format!("{gap}{diff}"));
    }
    text
}

/// `13 queries, then 1.`
fn statement((before, after): (u64, Option<u64>)) -> String {
    let noun = if before == 1 { "query" } else { "queries" };
    match after {
        Some(after) => format!("{before} {noun}, then {after}."),
        None => format!("{before} {noun}."),
    }
}

fn stated(line: &str) -> Option<(u64, Option<u64>)> {
    let (before, rest) = line.strip_suffix('.')?.split_once(' ')?;
    let before = before.parse().ok()?;
    match rest.split_once(", then ") {
        Some((_, after)) => Some((before, Some(after.parse().ok()?))),
        None => matches!(rest, "query" | "queries").then_some((before, None)),
    }
}

fn path_of(info: &str) -> Option<&str> {
    info.split_whitespace().find_map(|word| word.strip_prefix("path="))
}

/// From heading to heading, those inside of fenced blocks aside.
fn sections(page: &str) -> Vec<Range<usize>> {
    let mut starts = vec![0];
    let (mut at, mut in_block) = (0, false);
    for line in page.split_inclusive('\n') {
        if line.starts_with("```") {
            in_block = !in_block;
        } else if !in_block && (line.starts_with("## ") || line.starts_with("### ")) {
            starts.push(at);
        }
        at += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([page.len()]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}

fn blocks(page: &str, section: Range<usize>) -> Result<Vec<Block<'_>>, String> {
    let mut found = Vec::new();
    let mut open: Option<(&str, usize, usize)> = None;
    let mut at = section.start;
    for line in page[section].split_inclusive('\n') {
        if let Some(info) = line.trim_end().strip_prefix("```") {
            match open.take() {
                None => open = Some((info, at, at + line.len())),
                Some((info, start, text)) => {
                    let range = start..at + line.trim_end().len();
                    found.push(Block { info, text: &page[text..at], range });
                }
            }
        }
        at += line.len();
    }
    match open {
        Some((info, ..)) => Err(format!("a block is not closed: {info}")),
        None => Ok(found),
    }
}
