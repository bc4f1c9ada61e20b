//! The performance audit: one page that needs neither a server nor a network, with what was found, proven and ranked,
//! what was clean, and what stays open. The same project gives the same bytes.
//!
//! `html` escapes, `finding` writes one finding, `excerpt` and `changes` its source and its diff, with what `shown` knows
//! of the files.

mod changes;
mod excerpt;
mod finding;
mod html;
mod shown;

use std::collections::BTreeMap;
use std::io::{self, Write};

use tuneup_transforms::Safety;
use tuneup_transforms::heat::Heats;
use tuneup_transforms::registry::RULES;
use tuneup_transforms::undecided::{unasked, undecided};

use crate::analysis::Outcome;
use crate::counted;
use crate::output::{by_rule, position};
use finding::Finding;
use html::{attribute, prose, text};
use shown::Shown;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Nothing is ever fetched.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// Writes the page.
pub(crate) fn write(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    let heats = Heats::of(&outcome.project);
    let shown = Shown::default();
    let mut findings: Vec<Finding<'_>> = outcome
        .render_each(&outcome.proposals, |proposal, rendering| {
            Finding::new(outcome, &heats, &shown, proposal, rendering)
        })
        .into_iter()
        .collect::<io::Result<_>>()?;
    // Most weight first; of equals what is safe, and then in order of place.
    findings.sort_by(|a, b| {
        let key = |it: &Finding<'_>| (std::cmp::Reverse(it.heat.weight), it.proposal.safety);
        key(a).cmp(&key(b)).then_with(|| a.proposal.place.cmp(&b.proposal.place))
    });
    let root = outcome.project.source.root();
    let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let name =
        root.file_name().map_or_else(|| "project".to_owned(), |name| name.to_string_lossy().into_owned());
    let title = text(&format!("Performance audit of {name}"));
    writeln!(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">", attribute(POLICY))?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
    writeln!(out, "<meta name=\"color-scheme\" content=\"light dark\">")?;
    writeln!(out, "<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>")?;
    writeln!(out, "<a class=\"skip\" href=\"#findings\">Skip to the findings</a>")?;
    writeln!(out, "<header>\n<h1>{title}</h1>")?;
    let module = match &outcome.project.settings.module {
        Some(module) => format!(" · settings <code>{}</code>", text(&module.name)),
        None => String::new(),
    };
    writeln!(
        out,
        "<p class=\"facts\">Django {}{module} · {} · read, not run, by tuneup {}</p>\n</header>\n<main>",
        text(&outcome.project.version.to_string()),
        counted(outcome.project.source.files().len(), "Python file"),
        env!("CARGO_PKG_VERSION"),
    )?;
    summary(out, outcome, &findings)?;
    list(out, &findings)?;
    clean(out, outcome)?;
    open(out, outcome, &findings)?;
    writeln!(out, "</main>\n<script>\n{SCRIPT}</script>\n</body>\n</html>")
}

/// The counts, and the table of rules and apps.
fn summary(out: &mut dyn Write, outcome: &Outcome, findings: &[Finding<'_>]) -> io::Result<()> {
    let of = |safety: Safety| findings.iter().filter(|it| it.proposal.safety == safety).count();
    writeln!(
        out,
        "<section aria-labelledby=\"summary\">\n<h2 id=\"summary\">Summary</h2>\n<ul class=\"tiles\">"
    )?;
    let hot = findings.iter().filter(|it| it.is_hot()).count();
    let tiles = [
        ("", findings.len(), "findings"),
        ("safe", of(Safety::Safe), "safe to write as they are"),
        ("unsafe", of(Safety::Unsafe), "to be looked at first"),
        ("advice", of(Safety::Advice), "to be done by hand"),
        ("hot", hot, "where requests are answered"),
    ];
    for (class, count, what) in tiles {
        writeln!(out, "<li class=\"{class}\"><strong>{count}</strong> {what}</li>")?;
    }
    writeln!(out, "</ul>")?;
    if findings.is_empty() {
        return writeln!(out, "<p>Nothing was found to propose.</p>\n</section>");
    }
    let mut apps: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in findings {
        *apps.entry(finding.app).or_default() += 1;
    }
    writeln!(
        out,
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Findings by rule and app\">"
    )?;
    writeln!(
        out,
        "<table>\n<caption>Findings by rule and app</caption>\n<thead><tr><th scope=\"col\">Rule</th>"
    )?;
    for app in apps.keys() {
        writeln!(out, "<th scope=\"col\">{}</th>", text(app))?;
    }
    writeln!(out, "<th scope=\"col\">All</th></tr></thead>\n<tbody>")?;
    for (rule, group) in by_rule(&outcome.proposals) {
        write!(out, "<tr><th scope=\"row\">{}</th>", text(rule))?;
        for app in apps.keys() {
            let count = findings.iter().filter(|it| it.proposal.rule == rule && it.app == *app).count();
            write!(out, "<td>{}</td>", if count == 0 { String::new() } else { count.to_string() })?;
        }
        writeln!(out, "<td class=\"sum\">{}</td></tr>", group.len())?;
    }
    write!(out, "</tbody>\n<tfoot><tr><th scope=\"row\">All</th>")?;
    for count in apps.values() {
        write!(out, "<td>{count}</td>")?;
    }
    writeln!(out, "<td class=\"sum\">{}</td></tr></tfoot>\n</table>\n</div>\n</section>", findings.len())
}

/// The ranked findings, and what filters them.
fn list(out: &mut dyn Write, findings: &[Finding<'_>]) -> io::Result<()> {
    writeln!(out, "<section aria-labelledby=\"findings\">\n<h2 id=\"findings\">Findings, by weight</h2>")?;
    if findings.is_empty() {
        return writeln!(out, "<p>None.</p>\n</section>");
    }
    writeln!(
        out,
        "<p class=\"how\">What runs to answer requests stands first, and there what goes over most rows and reads \
         most relations. Numbers of rows are not known without the database.</p>"
    )?;
    writeln!(out, "<form class=\"filters\" role=\"search\" hidden>")?;
    writeln!(out, "<label>Search <input type=\"search\" name=\"search\" autocomplete=\"off\"></label>")?;
    type Column<'a> = fn(&Finding<'a>) -> &'a str;
    let columns: [(&str, &str, Column<'_>); 4] = [
        ("rule", "Rule", |it| it.proposal.rule),
        ("app", "App", |it| it.app),
        ("safety", "Safety", |it| it.proposal.safety.as_str()),
        ("when", "Runs", |it| it.heat.when()),
    ];
    for (name, label, column) in columns {
        let mut values: BTreeMap<&str, usize> = BTreeMap::new();
        for finding in findings {
            *values.entry(column(finding)).or_default() += 1;
        }
        write!(out, "<label>{label} <select name=\"{name}\"><option value=\"\">all</option>")?;
        for (value, count) in values {
            write!(out, "<option value=\"{}\">{} ({count})</option>", attribute(value), text(value))?;
        }
        writeln!(out, "</select></label>")?;
    }
    writeln!(out, "<span class=\"buttons\"><button type=\"button\" name=\"open\">Open all</button>")?;
    writeln!(out, "<button type=\"reset\">Clear</button></span>")?;
    writeln!(out, "<output name=\"shown\" aria-live=\"polite\">{} shown</output>\n</form>", findings.len())?;
    writeln!(out, "<ol class=\"findings\">")?;
    for (n, finding) in findings.iter().enumerate() {
        finding.write(out, n + 1)?;
    }
    writeln!(out, "</ol>\n<p class=\"none\" hidden>No finding is like that.</p>\n</section>")
}

/// What was looked at, and the rules that found nothing.
fn clean(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    let (project, source) = (&outcome.project, &outcome.project.source);
    writeln!(out, "<section aria-labelledby=\"clean\">\n<h2 id=\"clean\">Checked</h2>\n<ul>")?;
    writeln!(out, "<li>{} read and followed</li>", counted(source.files().len(), "Python file"))?;
    writeln!(
        out,
        "<li>{} (templates, requirements, configuration)</li>",
        counted(source.others().iter().filter(|other| other.is_file()).count(), "other file")
    )?;
    let queries = project.queries.len();
    writeln!(out, "<li>{queries} ways from a query to code that reads its rows</li>\n</ul>")?;
    writeln!(
        out,
        "<table class=\"rules\">\n<caption>Rules</caption>\n<thead><tr><th scope=\"col\">Rule</th>"
    )?;
    writeln!(out, "<th scope=\"col\">What it does</th><th scope=\"col\">Result</th></tr></thead>\n<tbody>")?;
    for rule in RULES {
        let count = outcome.proposals.iter().filter(|proposal| proposal.rule == rule.name).count();
        let (class, result) = match count {
            _ if !outcome.config.is_selected(rule.name) => ("off", "not asked".to_owned()),
            0 => match unasked(project, rule.name) {
                Some(why) => ("off", format!("not decided: {why}")),
                None => ("clean", "clean".to_owned()),
            },
            count => ("found", counted(count, "finding")),
        };
        let (name, summary) = (text(rule.name), prose(rule.summary));
        writeln!(
            out,
            "<tr class=\"{class}\"><th scope=\"row\">{name}</th><td>{summary}</td><td>{result}</td></tr>"
        )?;
    }
    writeln!(out, "</tbody>\n</table>\n</section>")
}

/// What could not be decided, and why.
fn open(out: &mut dyn Write, outcome: &Outcome, findings: &[Finding<'_>]) -> io::Result<()> {
    writeln!(out, "<section aria-labelledby=\"open\">\n<h2 id=\"open\">Not decided</h2>")?;
    let mut items: Vec<(String, String)> = Vec::new();
    for problem in &outcome.problems {
        let line = problem.line.map(|line| format!(":{line}")).unwrap_or_default();
        items.push((format!("{}{line}", problem.path), format!("Could not be read: {}", problem.message)));
    }
    for finding in findings {
        for (id, reason) in &finding.withheld {
            items.push((id.clone(), format!("Its change is withheld: {reason}")));
        }
    }
    for it in undecided(&outcome.project) {
        let place = it.place.map(|place| {
            let (line, _) = position(outcome, &place);
            format!("{}:{line}", place.path)
        });
        items.push((place.unwrap_or_default(), it.reason));
    }
    if items.is_empty() {
        return writeln!(out, "<p>Every file could be read, and no query is left open.</p>\n</section>");
    }
    writeln!(out, "<ul class=\"open\">")?;
    for (place, reason) in items {
        let place = if place.is_empty() { String::new() } else { format!("<code>{}</code> ", text(&place)) };
        writeln!(out, "<li>{place}{}</li>", prose(&reason))?;
    }
    writeln!(out, "</ul>\n</section>")
}
