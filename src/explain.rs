//! A rule's page on a terminal: headings, prose broken at the terminal's width, code in colours. Elsewhere it is
//! Markdown, as it was written.

use std::io::{self, Write};

use crate::review::{Tone, clean, painted, toned, tones, wrap};

/// How many examples are shown unless all are asked for.
const EXAMPLES: usize = 2;

/// Prose is not broken later than here, however wide the terminal.
const WIDEST: usize = 88;

/// Writes a page for a terminal that is `width` columns wide.
pub(crate) fn write(
    out: &mut dyn Write,
    page: &str,
    width: usize,
    all: bool,
    colored: bool,
) -> io::Result<()> {
    let width = width.clamp(20, WIDEST);
    let mut lines = page.lines().peekable();
    let (mut examples, mut left_out) = (0, 0);
    let mut is_blank = true;
    while let Some(line) = lines.next() {
        if line.starts_with("### ") {
            examples += 1;
            left_out += usize::from(!all && examples > EXAMPLES);
        } else if line.starts_with("## ") && examples > 0 {
            // What stands behind the examples is shown again.
            examples = 0;
        }
        let is_shown = all || examples <= EXAMPLES;
        if let Some(fence) = line.strip_prefix("```") {
            let mut code = String::new();
            for line in lines.by_ref().take_while(|line| *line != "```") {
                code.push_str(line);
                code.push('\n');
            }
            if is_shown && !code.is_empty() {
                block(out, fence, &code, colored)?;
                is_blank = false;
            }
            continue;
        }
        if !is_shown {
            continue;
        }
        if line.is_empty() {
            if !std::mem::replace(&mut is_blank, true) {
                writeln!(out)?;
            }
            continue;
        }
        is_blank = false;
        if let Some(heading) = line.strip_prefix('#') {
            let heading = heading.trim_start_matches('#').trim();
            writeln!(out, "{}", painted(&vec![(Tone::Heading, heading.to_owned())], colored))?;
            continue;
        }
        // A paragraph or an item of a list goes on to the next empty line, item, heading or fence.
        let (lead, first) = match line.strip_prefix("- ") {
            Some(item) => ("  - ", item),
            None => ("", line),
        };
        let mut paragraph = first.to_owned();
        while let Some(next) = lines.next_if(|next| {
            !next.is_empty() && !["- ", "#", "```"].iter().any(|start| next.trim_start().starts_with(start))
        }) {
            paragraph.push(' ');
            paragraph.push_str(next.trim_start());
        }
        prose(out, lead, &paragraph, width, colored)?;
    }
    if left_out > 0 {
        let what = if left_out == 1 { "example" } else { "examples" };
        let note = format!("{left_out} more {what} with --all");
        writeln!(out, "{}", painted(&vec![(Tone::Dim, note)], colored))?;
    }
    Ok(())
}

/// A paragraph, with `code` and *stress* shown as such.
fn prose(out: &mut dyn Write, lead: &str, paragraph: &str, width: usize, colored: bool) -> io::Result<()> {
    let (mut is_code, mut is_stressed) = (false, false);
    for (n, line) in wrap(&clean(paragraph), width.saturating_sub(lead.len())).into_iter().enumerate() {
        let indent = if n == 0 { lead.to_owned() } else { " ".repeat(lead.len()) };
        let mut parts = vec![(Tone::Plain, indent)];
        let mut part = String::new();
        let tone = |is_code: bool, is_stressed: bool| match (is_code, is_stressed) {
            (true, _) => Tone::Number,
            (false, true) => Tone::Strong,
            (false, false) => Tone::Plain,
        };
        for c in line.chars() {
            let is_mark = c == '`' || (c == '*' && !is_code);
            if !is_mark {
                part.push(c);
                continue;
            }
            // Without colours code stays between backticks.
            if c == '`' && !colored {
                part.push(c);
            }
            parts.push((tone(is_code, is_stressed), std::mem::take(&mut part)));
            if c == '`' {
                is_code = !is_code;
            } else {
                is_stressed = !is_stressed;
            }
        }
        parts.push((tone(is_code, is_stressed), part));
        writeln!(out, "{}", painted(&parts, colored))?;
    }
    Ok(())
}

/// Code, indented, under the name of its file.
fn block(out: &mut dyn Write, fence: &str, code: &str, colored: bool) -> io::Result<()> {
    let path = fence.split_whitespace().find_map(|word| word.strip_prefix("path="));
    if let Some(path) = path {
        writeln!(out, "{}", painted(&vec![(Tone::Path, format!("    {path}"))], colored))?;
    }
    let tones = if fence.starts_with("python") { tones("page.py", code) } else { Vec::new() };
    let mut start = 0;
    for line in code.split_inclusive('\n') {
        let end = start + line.len();
        let mut parts = vec![(Tone::Plain, "    ".to_owned())];
        if fence.starts_with("diff") {
            let tone = match line.as_bytes().first() {
                Some(b'+') => Tone::Added,
                Some(b'-') => Tone::Removed,
                Some(b'@') => Tone::Dim,
                _ => Tone::Plain,
            };
            parts.push((tone, clean(line)));
        } else {
            parts.extend(
                toned(start..end, &tones).into_iter().map(|(range, tone)| (tone, clean(&code[range]))),
            );
        }
        writeln!(out, "{}", painted(&parts, colored))?;
        start = end;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::write;

    const PAGE: &str = "\
# a-rule

Does *much* for `code` that
goes on.

- an item
  of two lines
- another

## Examples

```python path=a/__init__.py
```

### One

```python path=a/b.py
x = 1
```

```diff
-x = 1
+x = 2
```

### Two

Two.

### Three

Three.

## Behind

The end.
";

    fn shown(all: bool, colored: bool) -> String {
        let mut out = Vec::new();
        write(&mut out, PAGE, 24, all, colored).expect("memory can be written to");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn a_page_is_laid_out_for_the_width() {
        let expected = "\
a-rule

Does much for `code`
that goes on.

  - an item of two lines
  - another

Examples

One

    a/b.py
    x = 1

    -x = 1
    +x = 2

Two

Two.

Behind

The end.
1 more example with --all
";
        assert_eq!(shown(false, false), expected);
        assert!(shown(true, false).contains("Three.\n\nBehind"));
    }

    #[test]
    fn colours_take_the_place_of_marks() {
        let shown = shown(false, true);
        assert!(!shown.contains('`') && !shown.contains('*'), "{shown}");
        assert!(shown.contains("\x1b[32m+x = 2\x1b[0m"), "{shown}");
    }
}
