//! One more package, or more extras of one, written into the text of a file in the file's own way.
//!
//! Every other byte stays. A list that is sorted stays sorted, a file that says nothing of versions is not told any.

use std::collections::BTreeMap;
use std::ops::Range;

use tuneup_django::requirements::{Entry, Form, lines, normalised, setup, tables};

/// A package that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wanted {
    pub(crate) package: String,
    pub(crate) extras: Vec<String>,
    /// The lowest version that will do.
    pub(crate) minimum: Option<String>,
}

/// The brackets of a list, and its elements.
pub(super) type List = (Range<usize>, Vec<Range<usize>>);

/// The text with these packages. `list` and `declared` are those of a `setup.py`, which is read elsewhere.
pub(super) fn written(
    text: &str,
    form: &Form,
    setup_py: Option<(List, Vec<Entry>)>,
    wanted: &[Wanted],
) -> Result<String, String> {
    let changed = || "it no longer reads as it did".to_owned();
    let (list, entries) = match form {
        Form::Lines => (None, lines::entries(text)),
        Form::SetupCfg => (None, setup::of_cfg(text).ok_or_else(changed)?),
        Form::Table(keys) => (None, tables::of_table(text, keys).ok_or_else(changed)?),
        Form::Array(keys) => {
            let entries = tables::of_array(text, keys).ok_or_else(changed)?;
            (Some(tables::array_ranges(text, keys).ok_or_else(changed)?), entries)
        }
        Form::SetupPy => setup_py.map(|(list, entries)| (Some(list), entries)).ok_or_else(changed)?,
    };
    let page = Page { text, form, entries: &entries };
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    // New ones by the place where they go, in order of their names.
    let mut new: BTreeMap<Spot, Vec<&Wanted>> = BTreeMap::new();
    let mut sorted: Vec<&Wanted> = wanted.iter().collect();
    sorted.sort_by_key(|wanted| normalised(&wanted.package));
    for one in sorted {
        let name = normalised(&one.package);
        match entries.iter().find(|entry| entry.name == name) {
            Some(entry) if entry.has_extras(&one.extras) => {}
            Some(entry) => edits.push(page.with_extras(entry, &one.extras)?),
            None => new.entry(page.spot(&name)).or_default().push(one),
        }
    }
    for (spot, wanted) in new {
        let texts: Vec<String> = wanted.iter().map(|one| page.requirement(one)).collect();
        let behind = match spot {
            Spot::Behind(at) => Some(entries[at].range.clone()),
            Spot::Before(_) | Spot::Alone => None,
        };
        match &list {
            Some(list) => edits.extend(elements(text, list, behind, &texts)?),
            None => edits.push(page.lines(spot, &texts)?),
        }
    }
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    let mut after = text.to_owned();
    for (range, content) in edits.into_iter().rev() {
        after.replace_range(range, &content);
    }
    Ok(after)
}

/// A list of fewer entries for each slip is in no order.
const SLIPS: usize = 8;

/// Where a new entry goes, by the positions of those that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Spot {
    Before(usize),
    Behind(usize),
    /// There is none beside which it could stand.
    Alone,
}

struct Page<'t> {
    text: &'t str,
    form: &'t Form,
    entries: &'t [Entry],
}

impl Page<'_> {
    fn newline(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    /// Those beside which another can stand.
    fn neighbours(&self) -> impl DoubleEndedIterator<Item = (usize, &Entry)> {
        // Poetry's own Python stands first, whatever the order.
        let is_one = |entry: &Entry| {
            !(matches!(self.form, Form::Table(_)) && (entry.name == "python" || entry.is_address))
        };
        self.entries.iter().enumerate().filter(move |(_, entry)| is_one(entry))
    }

    /// Where a package goes: by the alphabet where that is the order, else behind all.
    fn spot(&self, name: &str) -> Spot {
        let all: Vec<(usize, &str)> =
            self.neighbours().map(|(at, entry)| (at, entry.name.as_str())).collect();
        let is_sorted = |part: &[(usize, &str)]| part.len() > 1 && part.is_sorted_by_key(|(_, name)| *name);
        let part = if is_sorted(&all) { &all[..] } else { self.paragraph(&all) };
        if !is_sorted(part) && !self.is_nearly_sorted(part) {
            return part.last().map_or(Spot::Alone, |(at, _)| Spot::Behind(*at));
        }
        // Between those that stand on the wrong side of it, the fewest: in a sorted list there are none.
        let after = part.iter().filter(|(_, other)| *other < name).count() as isize;
        let mut fewest = (after, Spot::Before(part[0].0));
        let mut wrong = after;
        for (at, other) in part {
            wrong += if *other < name { -1 } else { 1 };
            if wrong < fewest.0 {
                fewest = (wrong, Spot::Behind(*at));
            }
        }
        fewest.1
    }

    /// A list that people keep by the alphabet but for a slip here and there, which tools that sort by other keys
    /// make as well: `markdownify` stands before or behind `markdown-it-py`.
    fn is_nearly_sorted(&self, part: &[(usize, &str)]) -> bool {
        let slips = part.windows(2).filter(|pair| pair[0].1 > pair[1].1).count();
        let is_whole = !part.windows(2).any(|pair| self.is_parted(pair[0].0, pair[1].0));
        is_whole && slips * SLIPS < part.len()
    }

    /// Whether an empty line or one with a comment alone stands between two neighbours.
    fn is_parted(&self, one: usize, other: usize) -> bool {
        let between = &self.text[self.entries[one].range.end..self.entries[other].range.start];
        between.lines().skip(1).any(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
            && between.matches('\n').count() > 1
    }

    /// In a file of several paragraphs the one that holds Django: others can be for development.
    fn paragraph<'e>(&self, all: &'e [(usize, &'e str)]) -> &'e [(usize, &'e str)] {
        if *self.form != Form::Lines || self.is_spaced() {
            return all;
        }
        let mut parts = all.chunk_by(|(a, _), (b, _)| !self.is_parted(*a, *b));
        parts.find(|part| part.iter().any(|(_, name)| *name == "django")).unwrap_or(all)
    }

    /// The requirement as the file's others are written.
    fn requirement(&self, wanted: &Wanted) -> String {
        let others: Vec<&Entry> = self.neighbours().map(|(_, entry)| entry).collect();
        let most = |is_it: &dyn Fn(&Entry) -> bool| {
            others.iter().filter(|entry| is_it(entry)).count() * 2 > others.len()
        };
        let versions = match &wanted.minimum {
            Some(_) if most(&Entry::is_bare) => String::new(),
            Some(minimum) if most(&|entry| entry.rest.starts_with('^')) => format!("^{minimum}"),
            Some(minimum) => format!(">={minimum}"),
            None => String::new(),
        };
        let package = &wanted.package;
        let quote = self.quote();
        if matches!(self.form, Form::Table(_)) {
            let versions = if versions.is_empty() { "*" } else { &versions };
            if wanted.extras.is_empty() {
                return format!("{package} = {quote}{versions}{quote}");
            }
            let extras = quoted(&wanted.extras, quote);
            return format!("{package} = {{extras = [{extras}], version = {quote}{versions}{quote}}}");
        }
        let extras =
            if wanted.extras.is_empty() { String::new() } else { format!("[{}]", wanted.extras.join(",")) };
        let text = format!("{package}{extras}{versions}");
        if matches!(self.form, Form::Array(_) | Form::SetupPy) {
            format!("{quote}{text}{quote}")
        } else {
            text
        }
    }

    /// The quotes that most of the entries have.
    fn quote(&self) -> char {
        let count = |quote: char| {
            let texts = self.entries.iter().map(|entry| &self.text[entry.range.clone()]);
            texts.filter(|text| text.contains(quote)).count()
        };
        if count('\'') > count('"') { '\'' } else { '"' }
    }

    /// Further lines.
    fn lines(&self, spot: Spot, texts: &[String]) -> Result<(Range<usize>, String), String> {
        let text = self.text;
        let newline = self.newline();
        let indentation = |entry: &Entry| {
            let line = text[..entry.range.start].rfind('\n').map_or(0, |at| at + 1);
            &text[line..entry.range.start]
        };
        if let Spot::Behind(at) = spot {
            let entry = &self.entries[at];
            let end = text[entry.range.end..].find('\n').map(|at| entry.range.end + at + 1);
            // One requirement to a paragraph stays so.
            let gap = if self.is_spaced() { newline } else { "" };
            let lines: String =
                texts.iter().map(|line| format!("{gap}{}{line}{newline}", indentation(entry))).collect();
            return Ok(match end {
                Some(end) => (end..end, lines),
                None => (text.len()..text.len(), format!("{newline}{lines}")),
            });
        }
        if let Spot::Before(at) = spot {
            let entry = &self.entries[at];
            let start = text[..entry.range.start].rfind('\n').map_or(0, |at| at + 1);
            let lines: String =
                texts.iter().map(|line| format!("{}{line}{newline}", indentation(entry))).collect();
            return Ok((start..start, lines));
        }
        if *self.form != Form::Lines {
            return Err("it declares nothing that a package could stand beside".to_owned());
        }
        let gap = if text.is_empty() || text.ends_with('\n') { "" } else { newline };
        let lines: String = texts.iter().map(|line| format!("{line}{newline}")).collect();
        Ok((text.len()..text.len(), format!("{gap}{lines}")))
    }

    /// Whether an empty line parts each two of several requirements.
    fn is_spaced(&self) -> bool {
        let gaps: Vec<&str> =
            self.entries.windows(2).map(|pair| &self.text[pair[0].range.end..pair[1].range.start]).collect();
        *self.form == Form::Lines
            && gaps.len() > 1
            && gaps.iter().all(|gap| {
                gap.lines().skip(1).any(|line| line.trim().is_empty()) && gap.matches('\n').count() > 1
            })
    }

    /// An entry with more extras.
    fn with_extras(&self, entry: &Entry, extras: &[String]) -> Result<(Range<usize>, String), String> {
        let missing: Vec<String> =
            extras.iter().filter(|extra| !entry.has_extras(&[(*extra).clone()])).cloned().collect();
        if entry.is_hashed {
            return Err(format!("hashes hold `{}` to certain files", entry.name));
        }
        if entry.is_address {
            return Err(format!("`{}` is fetched from an address", entry.name));
        }
        let text = &self.text[entry.range.clone()];
        if matches!(self.form, Form::Table(_)) {
            return Ok((entry.range.clone(), in_table(text, entry, &missing, self.quote())?));
        }
        let start = text.find(|char: char| char.is_ascii_alphanumeric()).unwrap_or(0);
        let is_of_name = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.');
        let end = start + text[start..].find(|char: char| !is_of_name(char)).unwrap_or(text.len() - start);
        let behind = &text[end..];
        let (inner, after) = match behind.trim_start().strip_prefix('[') {
            Some(rest) => rest.split_once(']').ok_or("its extras are not closed")?,
            None => ("", behind),
        };
        let gap = if inner.contains(", ") { ", " } else { "," };
        let all = united(&entry.extras, &missing).join(gap);
        Ok((entry.range.clone(), format!("{}[{all}]{after}", &text[..end])))
    }
}

/// The extras with more, in order where they are.
fn united(extras: &[String], more: &[String]) -> Vec<String> {
    let mut all = extras.to_vec();
    let is_sorted = all.is_sorted();
    all.extend(more.iter().cloned());
    if is_sorted {
        all.sort();
    }
    all
}

fn quoted(texts: &[String], quote: char) -> String {
    texts.iter().map(|text| format!("{quote}{text}{quote}")).collect::<Vec<_>>().join(", ")
}

/// `psycopg = "^3.1"` with extras is `psycopg = {extras = ["pool"], version = "^3.1"}`.
fn in_table(text: &str, entry: &Entry, missing: &[String], quote: char) -> Result<String, String> {
    let (key, value) = text.split_once('=').ok_or("it is no plain entry")?;
    let value = value.trim_start();
    if value.starts_with(['"', '\'']) {
        return Ok(format!("{}= {{extras = [{}], version = {value}}}", key, quoted(missing, quote)));
    }
    let inner = value.strip_prefix('{').ok_or("it is no plain entry")?;
    if entry.extras.is_empty() {
        let gap = if inner.starts_with(' ') { " " } else { "" };
        return Ok(format!("{}= {{{gap}extras = [{}], {}", key, quoted(missing, quote), inner.trim_start()));
    }
    let at = value.find("extras").ok_or("it is no plain entry")?;
    let open = at + value[at..].find('[').ok_or("it is no plain entry")?;
    let close = open + value[open..].find(']').ok_or("its extras are not closed")?;
    let all = quoted(&united(&entry.extras, missing), quote);
    Ok(format!("{}= {}{all}{}", key, &value[..=open], &value[close..]))
}

/// Further elements of a list in brackets, behind one of its elements or in front of all. Commas, comments and lines
/// are those of TOML and of Python alike.
fn elements(
    text: &str,
    (list, known): &List,
    behind: Option<Range<usize>>,
    texts: &[String],
) -> Result<Vec<(Range<usize>, String)>, String> {
    let line_start = |at: usize| text[..at].rfind('\n').map_or(0, |at| at + 1);
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let Some(first) = known.first() else {
        let inner = list.start + 1..list.end - 1;
        if !text[inner.clone()].trim().is_empty() {
            return Err("its list is empty but for comments".to_owned());
        }
        return Ok(vec![(inner, texts.join(", "))]);
    };
    let own_line = |element: &Range<usize>| text[line_start(element.start)..element.start].trim().is_empty();
    let is_broken = own_line(first);
    let indentation = &text[line_start(first.start)..first.start];
    let Some(behind) = behind else {
        let start = if is_broken { line_start(first.start) } else { first.start };
        let each = |text: &String| {
            if is_broken { format!("{indentation}{text},{newline}") } else { format!("{text}, ") }
        };
        return Ok(vec![(start..start, texts.iter().map(each).collect())]);
    };
    if !is_broken {
        let content = texts.iter().map(|text| format!(", {text}")).collect();
        return Ok(vec![(behind.end..behind.end, content)]);
    }
    let comma = comma_behind(text, behind.end, list.end - 1);
    let from = comma.map_or(behind.end, |at| at + 1);
    let end = text[from..].find('\n').map_or(list.end - 1, |at| from + at);
    let end = if text[..end].ends_with('\r') { end - 1 } else { end };
    if end >= list.end || known.iter().any(|other| other.start >= behind.end && other.start < end) {
        // Others, or the bracket, stand on its line.
        let content = texts.iter().map(|text| format!(", {text}")).collect();
        return Ok(vec![(behind.end..behind.end, content)]);
    }
    let lines: Vec<String> = texts.iter().map(|text| format!("{newline}{indentation}{text}")).collect();
    if comma.is_some() {
        return Ok(vec![(end..end, lines.iter().map(|line| format!("{line},")).collect())]);
    }
    let mut edits = vec![(behind.end..behind.end, ",".to_owned()), (end..end, lines.join(","))];
    if behind.end == end {
        edits = vec![(end..end, format!(",{}", lines.join(",")))];
    }
    Ok(edits)
}

/// The comma behind an element, over spaces and comments.
fn comma_behind(text: &str, from: usize, to: usize) -> Option<usize> {
    let mut is_comment = false;
    for (at, char) in text.get(from..to)?.char_indices() {
        match char {
            '\n' => is_comment = false,
            '#' => is_comment = true,
            ',' if !is_comment => return Some(from + at),
            char if is_comment || char.is_whitespace() => {}
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(package: &str, extras: &[&str], minimum: &str) -> Wanted {
        Wanted {
            package: package.to_owned(),
            extras: extras.iter().map(|extra| (*extra).to_owned()).collect(),
            minimum: Some(minimum.to_owned()),
        }
    }

    fn keys(keys: &str) -> Vec<String> {
        keys.split('.').map(str::to_owned).collect()
    }

    #[track_caller]
    fn assert_written(form: &Form, before: &str, wanted: &[Wanted], after: &str) {
        assert_eq!(written(before, form, None, wanted).as_deref(), Ok(after));
        assert_eq!(written(after, form, None, wanted).as_deref(), Ok(after), "a second run adds nothing");
    }

    #[test]
    fn lines_of_requirements() {
        let white = [one("whitenoise", &[], "6.7")];
        for (before, after) in [
            // Sorted, whatever the letters' case; markers, options and comments stay.
            (
                "-r base.txt\nDjango==5.2\nredis==5 ; sys_platform == 'linux'\nzipp==3\n",
                "-r base.txt\nDjango==5.2\nredis==5 ; sys_platform == 'linux'\nwhitenoise>=6.7\nzipp==3\n",
            ),
            ("# ours\nyarl==1\nzipp==3  # why\n", "# ours\nwhitenoise>=6.7\nyarl==1\nzipp==3  # why\n"),
            // Not sorted.
            (
                "psycopg==3\nDjango==5.2  # the framework\n\n# other\n",
                "psycopg==3\nDjango==5.2  # the framework\nwhitenoise>=6.7\n\n# other\n",
            ),
            // Sorted but for a slip.
            (
                "a==1\nb==1\nc==1\nmarkdownify==1\nmarkdown-it-py==1\nn==1\ny==1\nz==1\nzz==1\n",
                "a==1\nb==1\nc==1\nmarkdownify==1\nmarkdown-it-py==1\nn==1\nwhitenoise>=6.7\ny==1\nz==1\nzz==1\n",
            ),
            // A list of which one part is sorted, and then another.
            (
                "a==1\nb==1\nc==1\nd==1\ny==1\nz==1\n\n# more\na-b==1\nb-c==1\nc-d==1\n",
                "a==1\nb==1\nc==1\nd==1\ny==1\nz==1\n\n# more\na-b==1\nb-c==1\nc-d==1\nwhitenoise>=6.7\n",
            ),
            // What is for development stands apart.
            (
                "psycopg==3\nDjango==5.2\ngunicorn==1\n\n# Development\npytest==8\n",
                "psycopg==3\nDjango==5.2\ngunicorn==1\nwhitenoise>=6.7\n\n# Development\npytest==8\n",
            ),
            (
                "# web\ndjango==5\nzipp==3\n# tests\nfactory-boy==3\npytest==8\n",
                "# web\ndjango==5\nwhitenoise>=6.7\nzipp==3\n# tests\nfactory-boy==3\npytest==8\n",
            ),
            // No newline at the end; those of Windows.
            ("django==5.2", "django==5.2\nwhitenoise>=6.7\n"),
            ("django==5.2\r\nredis==5\r\n", "django==5.2\r\nredis==5\r\nwhitenoise>=6.7\r\n"),
            // Versions where others have them.
            ("django\nredis\n", "django\nredis\nwhitenoise\n"),
            // A continued line is one.
            (
                "django==5.2 \\\n  ; python_version > '3'\nzipp==1\n",
                "django==5.2 \\\n  ; python_version > '3'\nwhitenoise>=6.7\nzipp==1\n",
            ),
            // A paragraph for each.
            (
                "# one\nalpha==1\n\n# two\nbeta==2\n\n# three\ngamma==3\n",
                "# one\nalpha==1\n\n# two\nbeta==2\n\n# three\ngamma==3\n\nwhitenoise>=6.7\n",
            ),
            ("-r base.txt\n", "-r base.txt\nwhitenoise>=6.7\n"),
            // It is there already.
            ("django==5\nWhiteNoise==5.0\n", "django==5\nWhiteNoise==5.0\n"),
        ] {
            assert_written(&Form::Lines, before, &white, after);
        }
    }

    #[test]
    fn extras_in_lines() {
        let hiredis = [one("redis", &["hiredis"], "4.5")];
        for (before, after) in [
            ("redis==4.5  # client\n", "redis[hiredis]==4.5  # client\n"),
            ("Redis[ocsp]>=4 ; x\n", "Redis[hiredis,ocsp]>=4 ; x\n"),
            ("redis[ocsp, jwt] >= 4\n", "redis[ocsp, jwt, hiredis] >= 4\n"),
            ("redis\n", "redis[hiredis]\n"),
            ("redis[hiredis]==4\n", "redis[hiredis]==4\n"),
            ("django==5\n", "django==5\nredis[hiredis]>=4.5\n"),
        ] {
            assert_written(&Form::Lines, before, &hiredis, after);
        }
        for before in ["redis==4 --hash=sha256:00\n", "redis @ https://example.org/r.zip\n"] {
            assert!(written(before, &Form::Lines, None, &hiredis).is_err(), "{before}");
        }
    }

    #[test]
    fn several_at_once() {
        let both =
            [one("whitenoise", &[], "6.7"), one("sentry-sdk", &[], "2"), one("redis", &["hiredis"], "4")];
        assert_written(
            &Form::Lines,
            "django==5\nredis==5\nzipp==1\n",
            &both,
            "django==5\nredis[hiredis]==5\nsentry-sdk>=2\nwhitenoise>=6.7\nzipp==1\n",
        );
        assert_written(
            &Form::Array(keys("project.dependencies")),
            "[project]\ndependencies = [\n  \"django>=5\"\n]\n",
            &both,
            "[project]\ndependencies = [\n  \"django>=5\",\n  \"redis[hiredis]>=4\",\n  \"sentry-sdk>=2\",\n  \"whitenoise>=6.7\"\n]\n",
        );
    }

    #[test]
    fn arrays_of_toml() {
        let form = Form::Array(keys("project.dependencies"));
        let white = [one("whitenoise", &[], "6.7")];
        for (before, after) in [
            (
                "dependencies = [\"django>=5\", \"redis\"]",
                "dependencies = [\"django>=5\", \"redis\", \"whitenoise>=6.7\"]",
            ),
            (
                "dependencies = ['django>=5', 'zipp>=1',]",
                "dependencies = ['django>=5', 'whitenoise>=6.7', 'zipp>=1',]",
            ),
            (
                "dependencies = [\n    \"django>=5\",  # the framework\n    \"zipp>=1\",\n]",
                "dependencies = [\n    \"django>=5\",  # the framework\n    \"whitenoise>=6.7\",\n    \"zipp>=1\",\n]",
            ),
            (
                "dependencies = [\n    \"zipp>=1\",\n    \"django>=5\"  # last\n]",
                "dependencies = [\n    \"zipp>=1\",\n    \"django>=5\",  # last\n    \"whitenoise>=6.7\"\n]",
            ),
            (
                "dependencies = [\n    # first\n    \"yarl\",\n    \"zipp\",\n]",
                "dependencies = [\n    # first\n    \"whitenoise\",\n    \"yarl\",\n    \"zipp\",\n]",
            ),
            (
                "dependencies = [\"django>=5\",\n    \"redis>=1\"]",
                "dependencies = [\"django>=5\",\n    \"redis>=1\", \"whitenoise>=6.7\"]",
            ),
            ("dependencies = []", "dependencies = [\"whitenoise>=6.7\"]"),
        ] {
            assert_written(
                &form,
                &format!("[project]\nname = 'x'\n{before}\n"),
                &white,
                &format!("[project]\nname = 'x'\n{after}\n"),
            );
        }
        let pool = [one("psycopg", &["pool"], "3.1")];
        assert_written(
            &form,
            "[project]\ndependencies = [\"psycopg[binary]>=3\"]\n",
            &pool,
            "[project]\ndependencies = [\"psycopg[binary,pool]>=3\"]\n",
        );
        let group = Form::Array(keys("dependency-groups.prod"));
        assert_written(
            &group,
            "[dependency-groups]\nprod = [{include-group = 'web'}, 'django>=5']\n",
            &white,
            "[dependency-groups]\nprod = [{include-group = 'web'}, 'django>=5', 'whitenoise>=6.7']\n",
        );
    }

    #[test]
    fn tables_of_toml() {
        let form = Form::Table(keys("tool.poetry.dependencies"));
        let head = "[tool.poetry.dependencies]\npython = \"^3.11\"\n";
        let white = [one("whitenoise", &[], "6.7")];
        for (before, after) in [
            (
                "Django = \"^5.1\"\nredis = \"^5\"\n\n[x]\n",
                "Django = \"^5.1\"\nredis = \"^5\"\nwhitenoise = \"^6.7\"\n\n[x]\n",
            ),
            ("zipp = '*'\ndjango = '*'  # why\n", "zipp = '*'\ndjango = '*'  # why\nwhitenoise = '*'\n"),
            ("django = \">=5\"\n", "django = \">=5\"\nwhitenoise = \">=6.7\"\n"),
        ] {
            assert_written(&form, &format!("{head}{before}"), &white, &format!("{head}{after}"));
        }
        let pool = [one("psycopg", &["pool"], "3.1")];
        for (before, after) in [
            ("psycopg = \"^3.1\"\n", "psycopg = {extras = [\"pool\"], version = \"^3.1\"}\n"),
            (
                "psycopg = {extras = [\"binary\"], version = \"^3.1\"}\n",
                "psycopg = {extras = [\"binary\", \"pool\"], version = \"^3.1\"}\n",
            ),
            (
                "psycopg = { version = \"^3.1\" }  # db\n",
                "psycopg = { extras = [\"pool\"], version = \"^3.1\" }  # db\n",
            ),
            ("django = \"^5\"\n", "django = \"^5\"\npsycopg = {extras = [\"pool\"], version = \"^3.1\"}\n"),
        ] {
            assert_written(&form, &format!("{head}{before}"), &pool, &format!("{head}{after}"));
        }
        let pipfile = Form::Table(keys("packages"));
        assert_written(
            &pipfile,
            "[packages]\ndjango = \"*\"\n\n[dev-packages]\n",
            &white,
            "[packages]\ndjango = \"*\"\nwhitenoise = \"*\"\n\n[dev-packages]\n",
        );
    }

    #[test]
    fn setup_files() {
        let white = [one("whitenoise", &[], "6.7")];
        assert_written(
            &Form::SetupCfg,
            "[options]\ninstall_requires =\n    # web\n    Django>=4.2\n    zipp>=1\npackages = find:\n",
            &white,
            "[options]\ninstall_requires =\n    # web\n    Django>=4.2\n    whitenoise>=6.7\n    zipp>=1\npackages = find:\n",
        );
        let text = "setup(install_requires=['django>=4'])\n";
        let entry = Entry {
            name: "django".to_owned(),
            extras: Vec::new(),
            rest: ">=4".to_owned(),
            range: 24..35,
            is_address: false,
            is_hashed: false,
        };
        let read = ((23..36, Vec::from([entry.range.clone()])), vec![entry]);
        assert_eq!(
            written(text, &Form::SetupPy, Some(read), &white).as_deref(),
            Ok("setup(install_requires=['django>=4', 'whitenoise>=6.7'])\n")
        );
    }
}
