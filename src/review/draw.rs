//! Draws the review. Only the sixteen colours that every terminal has are used, and none where colours are not wanted.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line as TextLine, Span};
use ratatui::widgets::{Block, Borders, Clear, Paragraph};

use super::decisions::Decision;
use super::sheet::{Line, Tone, clean, wide};
use super::state::{Mode, Row, State};
use super::wrap;

/// From this width on, the tree stands beside the proposal.
const BESIDE: u16 = 100;

/// The keys, for the legend.
const LEGEND: [&str; 13] = [
    "y yes",
    "n no",
    "Y/N rest of rule",
    "f/F rest of file",
    "e edit",
    "i ignore",
    "u undo",
    "j/k move",
    "/n search",
    "s layout",
    "o open",
    "w write",
    "q leave",
];

/// The keys, for the help.
pub(super) const HELP: [(&str, &str); 17] = [
    ("y  n", "yes: write this one; no: leave it"),
    ("Y  N", "yes or no to the rest of this rule; yes never covers unsafe ones"),
    ("f  F", "yes or no to the rest of this file; yes never covers unsafe ones"),
    ("e", "edit what would be written, in $EDITOR; it counts as a yes"),
    ("i", "silence the rule here, by a comment with your reason"),
    ("u", "take the last decision back"),
    ("j  k", "next and last proposal; also the arrows, and a click"),
    ("J  K", "next and last file"),
    ("g  G", "first and last proposal"),
    ("Space  b", "scroll; also the page keys, and the wheel"),
    ("/  n  >", "search in titles, paths and ids; right after it n is the next that fits, > always"),
    ("Tab", "the next that is open"),
    ("s", "changes below one another or side by side, where the width allows"),
    ("o", "open the file at the line, in $EDITOR"),
    ("w", "write what was approved; asks first"),
    ("q", "leave; decisions are kept for the next time"),
    ("?", "this help"),
];

/// Where things were drawn: what the mouse and the page keys go by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Places {
    /// The tree, and its first row that is shown.
    pub(crate) tree: Rect,
    /// The first row of the tree.
    pub(crate) first: usize,
    /// The proposal.
    pub(crate) body: Rect,
}

/// The rooms of a screen: head, tree, proposal, foot.
fn rooms(area: Rect) -> [Rect; 4] {
    let foot = legend(area.width as usize).len() as u16 + 1;
    let [head, middle, foot] =
        Layout::vertical([Constraint::Length(1), Constraint::Min(3), Constraint::Length(foot)]).areas(area);
    let [tree, body] = if area.width >= BESIDE {
        Layout::horizontal([Constraint::Percentage(36), Constraint::Min(20)]).areas(middle)
    } else {
        Layout::vertical([Constraint::Length((middle.height / 3).clamp(2, 8)), Constraint::Min(3)])
            .areas(middle)
    };
    [head, tree, body, foot]
}

/// How wide the proposal's text is on a screen.
pub(crate) fn body_width(area: Rect) -> usize {
    (rooms(area)[2].width as usize).saturating_sub(2).max(20)
}

fn legend(width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for key in LEGEND.iter().chain(&["? help"]) {
        let last = lines.len() - 1;
        let line = &mut lines[last];
        if !line.is_empty() && line.len() + key.len() + 2 > width {
            lines.push((*key).to_owned());
        } else {
            if !line.is_empty() {
                line.push_str("  ");
            }
            line.push_str(key);
        }
    }
    lines
}

/// Draws all.
pub(crate) fn draw(frame: &mut Frame<'_>, state: &State<'_>, sheet: &[Line], colored: bool) -> Places {
    let area = frame.area();
    let [head, tree, body, foot] = rooms(area);
    draw_head(frame, state, head, colored);
    let first = draw_tree(frame, state, tree, colored);
    let block = if area.width >= BESIDE {
        Block::new().borders(Borders::LEFT)
    } else {
        Block::new().borders(Borders::TOP)
    };
    let inner = block.inner(body);
    frame.render_widget(block.border_style(style(Tone::Dim, colored)), body);
    let lines: Vec<TextLine<'_>> = sheet
        .iter()
        .skip(state.scroll)
        .take(inner.height as usize)
        .map(|line| text_line(line, colored))
        .collect();
    frame.render_widget(Paragraph::new(lines), inner);
    draw_foot(frame, state, foot, colored, sheet.len() > state.scroll + inner.height as usize);
    // The legend stays in view.
    let above = Rect { height: area.height.saturating_sub(foot.height), ..area };
    match &state.mode {
        Mode::Help(from) => draw_help(frame, above, *from, colored),
        Mode::Confirm(lines) => draw_confirm(frame, above, lines, colored),
        _ => {}
    }
    Places { tree, first, body: inner }
}

fn draw_head(frame: &mut Frame<'_>, state: &State<'_>, area: Rect, colored: bool) {
    let [yes, no, open] = state.counts(|_| true);
    let (at, all) = (state.current + 1, state.proposals.len());
    let text = format!(" tuneup review   {at}/{all}   ✓ {yes}  ✗ {no}  · {open} open");
    let head = style(Tone::Strong, colored).add_modifier(Modifier::REVERSED);
    frame.render_widget(
        Paragraph::new(format!("{text:<width$}", width = area.width as usize)).style(head),
        area,
    );
}

fn draw_tree(frame: &mut Frame<'_>, state: &State<'_>, area: Rect, colored: bool) -> usize {
    let current = state.rows.iter().position(|row| *row == Row::Proposal(state.current)).unwrap_or(0);
    let height = area.height as usize;
    let first = current.saturating_sub(height / 2).min(state.rows.len().saturating_sub(height));
    let width = area.width as usize;
    let shown = state.rows.iter().enumerate().skip(first).take(height);
    let lines: Vec<TextLine<'_>> =
        shown.map(|(n, row)| tree_line(state, row, n == current, width, colored)).collect();
    frame.render_widget(Paragraph::new(lines), area);
    first
}

fn tree_line<'a>(
    state: &State<'a>,
    row: &Row<'a>,
    is_current: bool,
    width: usize,
    colored: bool,
) -> TextLine<'a> {
    let counted = |name: &str, [yes, no, open]: [usize; 3]| {
        let counts = format!(" ✓{yes} ✗{no} ·{open}");
        let name = shorten(name, width.saturating_sub(wide(&counts) + 1));
        format!("{name}{counts}")
    };
    match *row {
        Row::Rule(rule) => {
            let counts = state.counts(|proposal| proposal.rule == rule);
            TextLine::styled(counted(rule, counts), style(Tone::Heading, colored))
        }
        Row::File(rule, path) => {
            let counts = state.counts(|proposal| proposal.rule == rule && proposal.place.path == path);
            let text = counted(&format!(" {}", clean(path)), counts);
            TextLine::styled(text, style(Tone::Path, colored))
        }
        Row::Proposal(n) => {
            let (mark, tone) = match &state.decisions[n] {
                Some(Decision::Approved) => ("✓", Tone::Added),
                Some(Decision::Edited(_)) => ("✎", Tone::Added),
                Some(Decision::Rejected) => ("✗", Tone::Removed),
                Some(Decision::Silenced(_)) => ("i", Tone::Comment),
                None => ("·", Tone::Plain),
            };
            let proposal = state.proposals[n];
            let fields = proposal.fields.join(", ");
            let what = match (&proposal.model, proposal.symbol.as_str()) {
                // A setting: its title says more than the keys that lead to it.
                (None, _) => proposal.title.clone(),
                (Some(_), "") => fields,
                (Some(_), symbol) => format!("{symbol}: {fields}"),
            };
            let what = if what.is_empty() { proposal.title.clone() } else { what };
            let safety = if proposal.safety == tuneup_transforms::Safety::Unsafe { " !" } else { "" };
            let text = cut(&clean(&what), width.saturating_sub(6 + safety.len()));
            let gap = width.saturating_sub(4 + wide(&text) + safety.len());
            let mut line = TextLine::from(vec![
                Span::raw("  "),
                Span::styled(mark, style(tone, colored)),
                Span::raw(format!(" {text}")),
                Span::styled(safety, style(Tone::Unsafe, colored)),
                Span::raw(" ".repeat(gap)),
            ]);
            if is_current {
                line = line.patch_style(Style::new().add_modifier(Modifier::REVERSED));
            }
            line
        }
    }
}

/// A text that fits, cut at its end.
fn cut(text: &str, width: usize) -> String {
    if wide(text) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut left = width.saturating_sub(1);
    for c in text.chars() {
        let size = wide(c.encode_utf8(&mut [0; 4]));
        if size > left {
            break;
        }
        left -= size;
        kept.push(c);
    }
    kept.push('…');
    kept
}

/// A text that fits, cut at its beginning: the end of a path says most.
fn shorten(text: &str, width: usize) -> String {
    if wide(text) <= width {
        return text.to_owned();
    }
    let mut cut = String::new();
    let mut left = width.saturating_sub(1);
    for c in text.chars().rev() {
        let size = wide(c.encode_utf8(&mut [0; 4]));
        if size > left {
            break;
        }
        left -= size;
        cut.insert(0, c);
    }
    format!("…{cut}")
}

fn draw_foot(frame: &mut Frame<'_>, state: &State<'_>, area: Rect, colored: bool, more: bool) {
    let note = match &state.mode {
        Mode::Search(text) => format!("/{text}▏"),
        Mode::Reason(text) => format!("why is it left? {text}▏  (Enter keeps, Escape does not)"),
        _ if !state.note.is_empty() => state.note.clone(),
        Mode::Help(_) | Mode::Confirm(_) => String::new(),
        _ if more => "Space: more below".to_owned(),
        _ => String::new(),
    };
    let mut lines = vec![TextLine::styled(clean(&note), style(Tone::Heading, colored))];
    let legend = legend(area.width as usize).into_iter();
    lines.extend(legend.map(|line| TextLine::styled(line, style(Tone::Dim, colored))));
    frame.render_widget(Paragraph::new(lines), area);
}

fn draw_help(frame: &mut Frame<'_>, area: Rect, from: usize, colored: bool) {
    let width = (area.width as usize).saturating_sub(4).min(78);
    let mut lines = Vec::new();
    for (keys, what) in HELP {
        for (n, part) in wrap(what, width.saturating_sub(14)).into_iter().enumerate() {
            let keys = if n == 0 { keys } else { "" };
            lines.push(vec![(Tone::Strong, format!(" {keys:<9}")), (Tone::Plain, part)]);
        }
    }
    let room = (area.height as usize).saturating_sub(2);
    let title = if lines.len() > room { " keys: Space goes on, q back " } else { " keys: q goes back " };
    lines.drain(..from.min(lines.len().saturating_sub(room)));
    popup(frame, area, title, &lines, width, colored);
}

fn draw_confirm(frame: &mut Frame<'_>, area: Rect, what: &[String], colored: bool) {
    let width = (area.width as usize).saturating_sub(4).min(78);
    let wrapped = what.iter().flat_map(|line| wrap(line, width.saturating_sub(4)));
    let mut lines: Vec<Line> = wrapped.map(|line| vec![(Tone::Plain, format!(" {line}"))]).collect();
    // What is asked is always seen.
    let room = (area.height as usize).saturating_sub(4);
    if let more @ 2.. = (lines.len() + 1).saturating_sub(room)
        && lines.len() > room
    {
        lines.truncate(room.saturating_sub(1));
        lines.push(vec![(Tone::Dim, format!(" … and {more} more lines"))]);
    }
    lines.push(Vec::new());
    lines.push(vec![(Tone::Strong, " y writes, any other key goes back".to_owned())]);
    popup(frame, area, " write? ", &lines, width, colored);
}

fn popup(frame: &mut Frame<'_>, area: Rect, title: &str, lines: &[Line], width: usize, colored: bool) {
    let height = (lines.len() as u16 + 2).min(area.height);
    let width = (width as u16 + 2).min(area.width);
    let place =
        Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    let lines: Vec<TextLine<'_>> = lines.iter().map(|line| text_line(line, colored)).collect();
    frame.render_widget(Clear, place);
    frame.render_widget(Paragraph::new(lines).block(Block::bordered().title(title.to_owned())), place);
}

fn text_line(line: &Line, colored: bool) -> TextLine<'static> {
    let spans = line.iter().map(|(tone, text)| Span::styled(text.clone(), style(*tone, colored)));
    TextLine::from(spans.collect::<Vec<_>>())
}

/// How a tone looks.
fn style(tone: Tone, colored: bool) -> Style {
    let plain = Style::new();
    let (color, modifier) = match tone {
        Tone::Plain => (None, Modifier::empty()),
        Tone::Dim => (None, Modifier::DIM),
        Tone::Strong => (None, Modifier::BOLD),
        Tone::Heading => (Some(Color::Cyan), Modifier::BOLD),
        Tone::Safe | Tone::Added => (Some(Color::Green), Modifier::empty()),
        Tone::Unsafe => (Some(Color::Yellow), Modifier::BOLD),
        Tone::Path => (Some(Color::Blue), Modifier::empty()),
        Tone::Mark => (None, Modifier::BOLD.union(Modifier::UNDERLINED)),
        Tone::Removed => (Some(Color::Red), Modifier::empty()),
        Tone::Keyword => (Some(Color::Magenta), Modifier::empty()),
        Tone::Text => (Some(Color::Yellow), Modifier::empty()),
        Tone::Number => (Some(Color::Cyan), Modifier::empty()),
        Tone::Comment => (None, Modifier::DIM.union(Modifier::ITALIC)),
        Tone::Definition => (Some(Color::Blue), Modifier::BOLD),
    };
    let style = plain.add_modifier(modifier);
    match color {
        Some(color) if colored => style.fg(color),
        _ => style,
    }
}
