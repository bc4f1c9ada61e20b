//! Further statements, next to those that are there.

use ruff_python_ast::AnyNodeRef;
use ruff_source_file::LineRanges;
use ruff_text_size::{Ranged, TextLen, TextRange, TextSize};

use super::quotes::requote;
use super::{Call, Edit, Refusal, Target};

/// Writes `name = receiver.method(…)…` on a line of its own below the assignment whose value is the expression at
/// `range`.
///
/// Refused where the assignment shares its line with other statements.
pub fn assignment_below(
    target: &Target,
    range: TextRange,
    name: &str,
    receiver: &str,
    calls: &[Call],
) -> Result<Vec<Edit>, Refusal> {
    let statement = assignment_of(target, range)?;
    let indentation = target.indentation(statement.start());
    let is_alone = target.line_before(statement.start()).trim_start_matches('\u{feff}') == indentation
        && target.split_comment(statement.end()).0.is_empty();
    if !is_alone {
        return Err(Refusal::new("the assignment shares its line with other statements"));
    }
    let style = target.style;
    let quoted: Vec<Call> = calls
        .iter()
        .map(|call| {
            let arguments = call.arguments.iter().map(|argument| requote(argument, style.quote));
            Call::new(&call.method, arguments.collect())
        })
        .collect();
    let mut text = format!("{indentation}{name} = {receiver}");
    for call in &quoted {
        let short = format!("{text}.{}({})", call.method, call.arguments.join(", "));
        let last_line = short.rsplit(['\n', '\r']).next().unwrap_or_default();
        if call.arguments.is_empty() || !style.is_too_long(last_line) {
            text = short;
            continue;
        }
        text.push_str(&format!(".{}({}", call.method, style.newline));
        for argument in &call.arguments {
            text.push_str(&format!("{indentation}{}{argument},{}", style.indent, style.newline));
        }
        text.push_str(&format!("{indentation})"));
    }
    let behind = target.source.full_line_end(statement.end());
    let is_cut_off = target.source.line_end(statement.end()) == behind;
    let content =
        if is_cut_off { format!("{}{text}", style.newline) } else { format!("{text}{}", style.newline) };
    Ok(vec![Edit::insertion(behind.min(target.source.text_len()), content)])
}

/// The range of the assignment statement whose value is the expression at `range`.
fn assignment_of(target: &Target, range: TextRange) -> Result<TextRange, Refusal> {
    let found = target.expression(range)?;
    let value: TextSize = range.start();
    found
        .ancestors
        .iter()
        .find_map(|node| match node {
            AnyNodeRef::StmtAssign(assign) if assign.value.start() == value => Some(assign.range()),
            AnyNodeRef::StmtAnnAssign(assign)
                if assign.value.as_ref().is_some_and(|it| it.start() == value) =>
            {
                Some(assign.range())
            }
            _ => None,
        })
        .ok_or_else(|| Refusal::new("this is not the value of an assignment"))
}
