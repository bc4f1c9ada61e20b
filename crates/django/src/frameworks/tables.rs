//! django-tables2: a table shows each of its columns for each row that it is given.
//!
//! <https://django-tables2.readthedocs.io/en/latest/pages/api-reference.html>

use ruff_text_size::TextRange;
use tuneup_python::flow::{Argument, ArgumentKind, Expr, ExprKind, FileFacts, Run};
use tuneup_python::{Base, ClassRef, Entity, FileId, Member, Symbol};

use super::Framework;
use super::lists::{member_site, name_site, texts};
use super::rest::{attribute, rows_of};
use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Made, Plan, Prefetched, Row, Shape, Site, Value};

pub(super) const FRAMEWORK: Framework = Framework {
    methods: Some(|machine, class, name| name == "__init__" && machine.has_base(class, is_table)),
    inherited_method,
    ..Framework::NONE
};

fn is_table(name: &str) -> bool {
    name.starts_with("django_tables2.") && name.ends_with("Table")
}

/// A table is made to be shown.
fn inherited_method<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
    _name: &str,
    arguments: &Arguments,
) -> Option<Value> {
    let bases: Vec<ClassRef> = machine
        .project
        .mro(class)
        .iter()
        .filter_map(|base| match base {
            Base::Class(base) => Some(*base),
            _ => None,
        })
        .collect();
    let loads_itself = bases.iter().any(|&base| loads_by_itself(machine, base));
    let data = arguments.get(0, "data")?;
    let mut excluded = arguments.keyword("exclude").and_then(|it| texts(machine, it)).unwrap_or_default();
    excluded.extend(hidden(machine, this));
    let site = frame.site(TextRange::default());
    for rows in machine.values.members(data) {
        // What is a list by now can be asked for nothing more.
        let loads_rows = loads_itself && machine.as_queryset(rows).is_some();
        let row = rows_of(machine, frame, rows, site);
        for row in machine.values.members(row) {
            if loads_rows && let Some(row) = machine.as_row(row) {
                for path in bases.iter().flat_map(|&base| named(machine, class, base)).collect::<Vec<_>>() {
                    loaded(machine, row, &split(path));
                }
            }
            if machine.as_row(row).is_some() && machine.is_first_shown(this, row) {
                Table { this, class, loads_itself, loads_rows }.show(machine, frame, row, &excluded);
            }
        }
    }
    Some(Value::NONE)
}

/// The columns that the function which makes a table hides: `table.columns.hide("author")`.
fn hidden(machine: &Machine<'_>, table: Value) -> Vec<Symbol> {
    let Shape::Object(_, Some(Made { site, .. })) = *machine.values.shape(table) else { return Vec::new() };
    let Some(function) = site.function.filter(|_| site.file.as_other().is_none()) else { return Vec::new() };
    let facts = machine.facts(site.file);
    let within = facts.function(function).range;
    let name = |kind: ExprKind| {
        let ExprKind::Call(callee, run) = kind else { return None };
        let ExprKind::Attribute(columns, method) = facts.kind(callee) else { return None };
        let is_columns = matches!(facts.kind(columns), ExprKind::Attribute(_, name) if name == "columns");
        let first = facts.arguments(run).first().filter(|_| is_columns && method == "hide")?;
        facts.as_str(first.value).map(Symbol::new)
    };
    facts.exprs_within(within).filter_map(|(_, node)| name(node.kind)).collect()
}

/// Whether a table's own code asks its rows for what its columns need, by itself or by a function that it calls.
fn loads_by_itself(machine: &Machine<'_>, class: ClassRef) -> bool {
    let facts = machine.project.facts(class.file);
    let within = facts.class(class.id).range;
    asks_for_relations(facts, within)
        || facts.exprs_within(within).any(|(_, node)| {
            let ExprKind::Call(callee, _) = node.kind else { return false };
            let Entity::Function(called) = machine.project.entity_of(class.file, callee) else {
                return false;
            };
            let facts = machine.project.facts(called.file);
            asks_for_relations(facts, facts.function(called.id).range)
        })
}

/// The lookups that a base of a table names where it asks its rows for relations, be it by a method of the table's that
/// asks for what it is given: `self.load_if_shown("author")`.
fn named<'p>(machine: &Machine<'p>, class: ClassRef, base: ClassRef) -> Vec<&'p str> {
    let facts = machine.project.facts(base.file);
    let within = facts.class(base.id).range;
    let asks = |callee: Expr| {
        let ExprKind::Attribute(this, name) = facts.kind(callee) else { return false };
        if is_loader(name) {
            return true;
        }
        let method = machine.class_function(class, name).filter(|_| facts.kind(this) == ExprKind::Local(0));
        method.is_some_and(|(function, _)| {
            let facts = machine.project.facts(function.file);
            asks_for_relations(facts, facts.function(function.id).range)
        })
    };
    let given = facts.exprs_within(within).filter_map(|(_, node)| match node.kind {
        ExprKind::Call(callee, run) if asks(callee) => Some(facts.arguments(run)),
        _ => None,
    });
    given.flatten().filter_map(|argument| lookup(facts, argument.value)).collect()
}

/// `"author"`, or `Prefetch("author", …)` that puts the rows where they are read.
fn lookup(facts: &FileFacts, given: Expr) -> Option<&str> {
    match facts.kind(given) {
        ExprKind::Call(_, run) => {
            let arguments = facts.arguments(run);
            let is_apart =
                |it: &Argument| matches!(it.kind, ArgumentKind::Keyword(name) if name == "to_attr");
            let first = arguments.first().filter(|_| !arguments.iter().any(is_apart))?;
            facts.as_str(first.value)
        }
        _ => facts.as_str(given),
    }
}

fn is_loader(name: Symbol) -> bool {
    name == "prefetch_related" || name == "select_related"
}

/// Whether code calls `prefetch_related` or `select_related`.
fn asks_for_relations(facts: &FileFacts, within: TextRange) -> bool {
    facts
        .exprs_within(within)
        .any(|(_, node)| matches!(node.kind, ExprKind::Attribute(_, name) if is_loader(name)))
}

/// A column, as its table declares it.
struct Column {
    file: FileId,
    arguments: Run,
    /// The project's class that it is an instance of.
    class: Option<ClassRef>,
    /// The last part of the name of django-tables2's class.
    kind: &'static str,
}

impl Column {
    fn of(machine: &Machine<'_>, file: FileId, expr: Expr) -> Option<Self> {
        let facts = machine.project.facts(file);
        let ExprKind::Call(callee, arguments) = facts.kind(expr) else { return None };
        let kind = |name: Symbol| {
            let last = name.as_str().strip_prefix("django_tables2.")?.rsplit('.').next()?;
            last.ends_with("Column").then_some(last)
        };
        let (kind, class) = match machine.project.entity_of(file, callee) {
            Entity::External(name) => (kind(name)?, None),
            Entity::Class(class) => {
                let kind = machine.project.mro(class).iter().find_map(|base| match base {
                    Base::External(name) => kind(*name),
                    _ => None,
                })?;
                (kind, Some(class))
            }
            _ => return None,
        };
        Some(Self { file, arguments, class, kind })
    }

    fn argument(&self, machine: &Machine<'_>, name: &str) -> Option<Expr> {
        let facts = machine.project.facts(self.file);
        facts.arguments(self.arguments).iter().find_map(|argument| match argument.kind {
            ArgumentKind::Keyword(keyword) if keyword == *name => Some(argument.value),
            _ => None,
        })
    }

    /// What it is given at a position.
    fn at<'p>(&self, machine: &mut Machine<'p>, position: usize) -> Option<Value> {
        let arguments = machine.facts(self.file).arguments(self.arguments);
        let given = arguments.get(position).filter(|it| it.kind == ArgumentKind::Positional)?;
        let mut frame = machine.module_frame(self.file);
        Some(machine.eval(&mut frame, given.value))
    }

    /// What it is given under a name, or its class has.
    fn value<'p>(&self, machine: &mut Machine<'p>, name: &str) -> Option<Value> {
        match self.argument(machine, name) {
            Some(given) => {
                let mut frame = machine.module_frame(self.file);
                Some(machine.eval(&mut frame, given))
            }
            None => machine.class_member(self.class?, Symbol::new(name)),
        }
    }

    /// What it is given under a name, where that is a function.
    fn function(&self, machine: &mut Machine<'_>, name: &str) -> Option<Value> {
        self.argument(machine, name)?;
        let value = self.value(machine, name)?;
        matches!(machine.values.shape(value), Shape::Function(..)).then_some(value)
    }

    /// `visible=False`
    fn is_hidden(&self, machine: &Machine<'_>) -> bool {
        self.argument(machine, "visible")
            .is_some_and(|value| machine.facts(self.file).kind(value) == ExprKind::Bool(false))
    }

    /// Where its cells link to.
    fn link(&self, machine: &mut Machine<'_>) -> Link {
        if let Some(function) = self.function(machine, "linkify") {
            return Link::Function(function);
        }
        let linkify = match self.argument(machine, "linkify") {
            Some(_) => self.value(machine, "linkify"),
            None => None,
        };
        // A link column without the name of a view.
        let by_itself = self.kind == "LinkColumn" && {
            let arguments = machine.facts(self.file).arguments(self.arguments);
            let is_positional = |it: &Argument| it.kind == ArgumentKind::Positional;
            !arguments.iter().any(is_positional) && self.argument(machine, "viewname").is_none()
        };
        match linkify.map(|value| machine.values.shape(value)) {
            Some(Shape::Bool(true)) => Link::OfValue,
            _ if by_itself => Link::OfValue,
            _ => Link::None,
        }
    }

    /// The path that it shows, its names apart. Nothing where that is not known.
    fn accessor(&self, machine: &Machine<'_>, name: Symbol) -> Option<Vec<Symbol>> {
        let facts = machine.project.facts(self.file);
        let text = match self.argument(machine, "accessor") {
            None => name.as_str(),
            Some(value) => match facts.kind(value) {
                // `A("author.name")`
                ExprKind::Call(_, run) => facts.as_str(facts.arguments(run).first()?.value)?,
                _ => facts.as_str(value)?,
            },
        };
        Some(split(text))
    }
}

/// Where the cells of a column link to.
enum Link {
    /// Nowhere, or to where only names and keys say.
    None,
    /// To the page of the object that is shown.
    OfValue,
    /// To where a function says.
    Function(Value),
}

/// `author.name` or `author__name`
fn split(path: &str) -> Vec<Symbol> {
    path.split('.').flat_map(|part| part.split("__")).map(Symbol::new).collect()
}

/// The members that a table's classes bind, the most derived first, each name once.
fn declared(machine: &Machine<'_>, class: ClassRef) -> Vec<Member> {
    let mut found: Vec<Member> = Vec::new();
    for base in machine.project.mro(class) {
        let Base::Class(base) = base else { continue };
        for binding in machine.project.own_members(*base) {
            if !found.iter().any(|known| known.binding.name == binding.name)
                && let Some(member) = machine.project.own_member(*base, binding.name)
            {
                found.push(member);
            }
        }
    }
    found
}

/// A table over rows.
struct Table {
    this: Value,
    class: ClassRef,
    /// Whether its own code asks its rows for what the paths of its columns lead over. What else a column reads,
    /// by its template, its text or its link, is not among it.
    loads_itself: bool,
    /// Whether it can ask these rows.
    loads_rows: bool,
}

impl Table {
    /// Shows a row, in all columns but those that are left out.
    fn show<'p>(&self, machine: &mut Machine<'p>, frame: &mut Frame<'p>, row: Value, excluded: &[Symbol]) {
        let members = declared(machine, self.class);
        // What a table shows unless its reader asks for other columns. Only code of the project's own knows of these.
        let by_default = match self.listed(machine, "default_columns") {
            None if self.loads_itself => self.listed(machine, "fields"),
            listed => listed,
        };
        let by_default = by_default.map(|(_, names)| names);
        if self.loads_rows
            && let Some(row) = machine.as_row(row)
        {
            let known = members.iter().map(|member| member.binding.name);
            for name in by_default.clone().unwrap_or_else(|| known.collect()) {
                let column = members.iter().find(|member| member.binding.name == name);
                let column = column.and_then(|it| Column::of(machine, it.owner.file, it.binding.value?));
                let path = column.and_then(|column| column.accessor(machine, name));
                loaded(machine, row, &path.unwrap_or_else(|| vec![name]));
            }
        }
        let is_shown = |name: Symbol| by_default.as_ref().is_none_or(|names| names.contains(&name));
        let mut seen = self.listed(machine, "exclude").map(|(_, names)| names).unwrap_or_default();
        seen.extend(excluded);
        for member in members {
            let name = member.binding.name;
            let Some(value) = member.binding.value else { continue };
            let Some(column) = Column::of(machine, member.owner.file, value) else { continue };
            if seen.contains(&name) {
                continue;
            }
            seen.push(name);
            if !is_shown(name) || column.is_hidden(machine) {
                continue;
            }
            if column.kind == "TemplateColumn" {
                template_column(machine, frame, &column, member, row);
            } else if let Some(path) = column.accessor(machine, name) {
                let site = member_site(machine, member);
                self.cell(machine, frame, row, name, Some(&column), &path, site);
            }
        }
        if let Some((member, names)) = self.listed(machine, "fields") {
            for name in names {
                if !seen.contains(&name) && is_shown(name) {
                    let site = name_site(machine, member, name);
                    self.cell(machine, frame, row, name, None, &split(name.as_str()), site);
                }
            }
        }
    }

    /// A list of names in its `Meta`.
    fn listed(&self, machine: &mut Machine<'_>, name: &str) -> Option<(Member, Vec<Symbol>)> {
        let meta = machine.class_member(self.class, Symbol::new("Meta"))?;
        let Shape::Class(meta) = *machine.values.shape(meta) else { return None };
        let member = machine.project.member(meta, Symbol::new(name))?;
        let value = machine.class_member(meta, Symbol::new(name))?;
        texts(machine, value).map(|names| (member, names))
    }

    /// One cell: the value behind its path, shown as text, by the table's or the column's own method where they
    /// have one.
    #[expect(clippy::too_many_arguments)]
    fn cell<'p>(
        &self,
        machine: &mut Machine<'p>,
        frame: &mut Frame<'p>,
        row: Value,
        name: Symbol,
        column: Option<&Column>,
        path: &[Symbol],
        site: Site,
    ) {
        let value = path.iter().fold(row, |value, &name| attribute(machine, frame, value, name, site));
        let keywords = vec![(Symbol::new("record"), row), (Symbol::new("value"), value)];
        let given = Arguments { keywords, ..Arguments::default() };
        let renders = format!("render_{name}");
        if machine.class_function(self.class, Symbol::new(&renders)).is_some() {
            machine.call_named(frame, self.this, &renders, &given);
            return;
        }
        if let Some(class) = column.and_then(|column| column.class)
            && machine.class_function(class, Symbol::new("render")).is_some()
        {
            let column = machine.values.make(Shape::Object(class, Some(site.into())));
            machine.call_named(frame, column, "render", &given);
        } else if let Some(text) = column.and_then(|column| column.function(machine, "text")) {
            let arguments = Arguments { positional: vec![row], ..Arguments::default() };
            machine.call_value(frame, text, &arguments, CallSite { site });
        } else {
            let shown = rows_of(machine, frame, value, site);
            machine.text_of(frame, shown);
        }
        match column.map_or(Link::None, |column| column.link(machine)) {
            Link::None => {}
            Link::Function(function) => {
                machine.call_value(frame, function, &given, CallSite { site });
            }
            Link::OfValue => {
                let shown = rows_of(machine, frame, value, site);
                for member in machine.values.members(shown) {
                    if machine.as_row(member).is_some() {
                        machine.call_named(frame, member, "get_absolute_url", &Arguments::default());
                    }
                }
            }
        }
    }
}

/// `TemplateColumn(template_code=…)`, `TemplateColumn(template_name=…)`: a template is rendered for each row.
fn template_column<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    column: &Column,
    member: Member,
    row: Value,
) {
    let site = member_site(machine, member);
    let path = column.accessor(machine, member.binding.name).unwrap_or_default();
    let value = path.iter().fold(row, |value, &name| attribute(machine, frame, value, name, site));
    let by_name = |machine: &mut Machine<'p>, position, name| {
        column
            .value(machine, name)
            .or_else(|| column.at(machine, position).filter(|_| column.class.is_none()))
    };
    let record = match by_name(machine, 2, "context_object_name").map(|name| machine.values.shape(name)) {
        Some(&Shape::Str(name)) => name,
        _ => Symbol::new("record"),
    };
    let mut known = vec![(record, row), (Symbol::new("value"), value)];
    if let Some(extra) = column.value(machine, "extra_context")
        && let Shape::Mapping { known: more, .. } = machine.values.shape(extra).clone()
    {
        known.extend(more.iter().copied());
    }
    let context = machine.values.mapping(known, Value::NEVER, Value::NEVER);
    if let Some(text) = by_name(machine, 0, "template_code") {
        machine.render_text(text, context);
    }
    if let Some(name) = by_name(machine, 1, "template_name") {
        machine.render_named(name, context);
    }
}

/// The relations that a column's path begins with are loaded once the table has its rows.
fn loaded(machine: &mut Machine<'_>, row: Row, path: &[Symbol]) {
    let mut model = Some(row.model);
    let names = path.iter().map_while(|&name| {
        let relation = machine.schema.relation_by_accessor(model?, name)?;
        model = machine.schema.relation(relation).target();
        Some(name.as_str())
    });
    let names: Vec<&str> = names.collect();
    if !names.is_empty() {
        let path = Symbol::new(&names.join("__"));
        let plan = Plan { prefetch: vec![Prefetched::of(path)], ..Plan::default() };
        machine.record_loaded(row, &plan);
    }
}
