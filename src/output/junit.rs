//! Test results as JUnit writes them: one suite for each file, one failed test for each proposal.

use std::io::{self, Write};

use super::paths::Paths;
use super::span;
use crate::analysis::Outcome;

/// A test that failed or could not be run.
struct Case {
    name: String,
    class: String,
    line: u32,
    kind: &'static str,
    r#type: String,
    message: String,
    text: String,
}

/// Writes the report.
pub(super) fn write(out: &mut dyn Write, outcome: &Outcome, paths: &Paths) -> io::Result<()> {
    let mut suites: Vec<(String, Vec<Case>)> = Vec::new();
    let mut add = |path: String, case: Case| match suites.iter_mut().find(|(known, _)| *known == path) {
        Some((_, cases)) => cases.push(case),
        None => suites.push((path, vec![case])),
    };
    for proposal in &outcome.proposals {
        let path = paths.of_file(&proposal.place.path);
        let line = span(outcome, &proposal.place).line;
        let mut text = format!("{path}:{line}: {}", proposal.message);
        for evidence in &proposal.evidence {
            let line = span(outcome, &evidence.place).line;
            text.push_str(&format!("\n{}:{line}: {}", paths.of_file(&evidence.place.path), evidence.message));
        }
        let case = Case {
            name: proposal.id.clone(),
            class: proposal.rule.to_owned(),
            line,
            kind: "failure",
            r#type: proposal.safety.as_str().to_owned(),
            message: proposal.title.clone(),
            text,
        };
        add(path, case);
    }
    for problem in &outcome.problems {
        let path = paths.of_file(&problem.path);
        let line = problem.line.unwrap_or(1);
        let case = Case {
            name: format!("unread: {path}"),
            class: "unread".to_owned(),
            line,
            kind: "error",
            r#type: "unread".to_owned(),
            message: problem.message.clone(),
            text: format!("{path}:{line}: {}", problem.message),
        };
        add(path, case);
    }
    suites.sort_by(|(a, _), (b, _)| a.cmp(b));
    let count = |cases: &[Case], kind: &str| cases.iter().filter(|case| case.kind == kind).count();
    let total = |kind: &str| suites.iter().map(|(_, cases)| count(cases, kind)).sum::<usize>();
    let all = total("failure") + total("error");
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites name=\"tuneup\" tests=\"{}\" failures=\"{}\" errors=\"{}\">",
        all.max(1),
        total("failure"),
        total("error")
    )?;
    for (path, cases) in &suites {
        let (path, tests) = (xml(path), cases.len());
        let (failures, errors) = (count(cases, "failure"), count(cases, "error"));
        writeln!(
            out,
            "  <testsuite name=\"{path}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\">"
        )?;
        for case in cases {
            let (name, class, line) = (xml(&case.name), xml(&case.class), case.line);
            writeln!(
                out,
                "    <testcase name=\"{name}\" classname=\"{class}\" file=\"{path}\" line=\"{line}\">"
            )?;
            let (kind, r#type, message) = (case.kind, xml(&case.r#type), xml(&case.message));
            let text = xml(&case.text);
            writeln!(out, "      <{kind} type=\"{type}\" message=\"{message}\">{text}</{kind}>")?;
            writeln!(out, "    </testcase>")?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    if all == 0 {
        // A report without any test counts as a failed run in some readers.
        writeln!(out, "  <testsuite name=\"tuneup\" tests=\"1\" failures=\"0\" errors=\"0\">")?;
        writeln!(out, "    <testcase name=\"nothing to propose\" classname=\"tuneup\"/>")?;
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

/// A text within XML, also within an attribute. Characters that XML 1.0 cannot have are replaced.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push_str(&format!("&#{};", u32::from(c))),
            '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => out.push(c),
            _ => out.push('\u{fffd}'),
        }
    }
    out
}
