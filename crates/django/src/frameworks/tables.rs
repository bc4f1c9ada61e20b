//! django-tables2: a table shows each of its columns for each row that it is given.
//!
//! <https://django-tables2.readthedocs.io/en/latest/pages/api-reference.html>

use tuneup_python::flow::{ArgumentKind, Expr, ExprKind, Run};
use tuneup_python::{Base, ClassRef, Entity, FileId, Member, Symbol};

use super::Framework;
use super::lists::{member_site, name_site, texts};
use super::rest::{attribute, rows_of};
use crate::queries::calls::Arguments;
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Plan, Prefetched, Row, Shape, Site, Value};

pub(super) const FRAMEWORK: Framework = Framework { inherited, inherited_method, ..Framework::NONE };

fn is_table(name: &str) -> bool {
    name.starts_with("django_tables2.") && name.ends_with("Table")
}

fn inherited<'p>(
    machine: &mut Machine<'p>,
    _frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
    name: &str,
) -> Option<Value> {
    (name == "__init__" && machine.has_base(class, is_table))
        .then(|| machine.values.make(Shape::Method(this, Symbol::new(name))))
}

/// A table is made to be shown.
fn inherited_method<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
    name: &str,
    arguments: &Arguments,
) -> Option<Value> {
    if name != "__init__" || !machine.has_base(class, is_table) {
        return None;
    }
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
    let rows = arguments.get(0, "data")?;
    let site = frame.site(ruff_text_size::TextRange::default());
    let row = rows_of(machine, frame, rows, site);
    for member in machine.values.members(row) {
        if machine.as_row(member).is_some() && machine.shown.insert((this, member)) {
            show(machine, frame, this, class, member, loads_itself);
        }
    }
    Some(Value::NONE)
}

/// Whether a table's own code asks its rows for what its columns need.
fn loads_by_itself(machine: &Machine<'_>, class: ClassRef) -> bool {
    let facts = machine.project.facts(class.file);
    let within = facts.class(class.id).range;
    facts.exprs.iter().any(|node| {
        within.contains_range(node.range)
            && matches!(node.kind, ExprKind::Attribute(_, name) if name == "prefetch_related" || name == "select_related")
    })
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

/// `loads_itself`: the table's own code asks its rows for what the paths of its columns lead over. What a template
/// reads beside them is not among it.
fn show<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
    row: Value,
    loads_itself: bool,
) {
    let meta = match machine.class_member(class, Symbol::new("Meta")) {
        Some(meta) => match *machine.values.shape(meta) {
            Shape::Class(meta) => Some(meta),
            _ => None,
        },
        None => None,
    };
    let listed = |machine: &mut Machine<'p>, name: &str| {
        let meta = meta?;
        let member = machine.project.member(meta, Symbol::new(name))?;
        let value = machine.class_member(meta, Symbol::new(name))?;
        texts(machine, value).map(|names| (member, names))
    };
    let left_out = listed(machine, "exclude").map(|(_, names)| names).unwrap_or_default();
    let mut shown: Vec<Symbol> = left_out;
    // What a table shows unless its reader asks for other columns.
    let by_default = match loads_itself {
        true => {
            listed(machine, "default_columns").or_else(|| listed(machine, "fields")).map(|(_, names)| names)
        }
        false => None,
    };
    if loads_itself && let Some(row) = machine.as_row(row) {
        let members = declared(machine, class);
        let known = members.iter().map(|member| member.binding.name);
        for name in by_default.clone().unwrap_or_else(|| known.collect()) {
            let column = members.iter().find(|member| member.binding.name == name);
            let column = column.and_then(|it| Column::of(machine, it.owner.file, it.binding.value?));
            let path = column.and_then(|column| column.accessor(machine, name));
            loaded(machine, row, &path.unwrap_or_else(|| vec![name]));
        }
    }
    for member in declared(machine, class) {
        let name = member.binding.name;
        let Some(value) = member.binding.value else { continue };
        let Some(column) = Column::of(machine, member.owner.file, value) else { continue };
        if shown.contains(&name) {
            continue;
        }
        shown.push(name);
        if by_default.as_ref().is_some_and(|names| !names.contains(&name)) {
            continue;
        }
        if column.kind == "TemplateColumn" {
            template_column(machine, frame, &column, member, row);
        } else if let Some(path) = column.accessor(machine, name).filter(|_| !loads_itself) {
            let links = column.argument(machine, "linkify").is_some() || column.kind == "LinkColumn";
            let site = member_site(machine, member);
            cell(machine, frame, this, class, row, name, &path, site, links);
        }
    }
    if let Some((member, names)) = listed(machine, "fields").filter(|_| !loads_itself) {
        for name in names {
            if !shown.contains(&name) {
                let site = name_site(machine, member, name);
                cell(machine, frame, this, class, row, name, &split(name.as_str()), site, false);
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
    let mut known = vec![(Symbol::new("record"), row), (Symbol::new("value"), value)];
    if let Some(extra) = column.value(machine, "extra_context")
        && let Shape::Mapping { known: more, .. } = machine.values.shape(extra).clone()
    {
        known.extend(more.iter().copied());
    }
    let context = machine.values.mapping(known, Value::NEVER, Value::NEVER);
    if let Some(text) = column.value(machine, "template_code") {
        machine.render_text(text, context);
    }
    if let Some(name) = column.value(machine, "template_name") {
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
        let plan =
            Plan { prefetch: vec![Prefetched { path, queryset: None, to_attr: None }], ..Plan::default() };
        machine.record_loaded(row, &plan);
    }
}

/// One cell: the value behind its path, shown as text, by the table's own method where it has one.
#[expect(clippy::too_many_arguments)]
fn cell<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
    row: Value,
    name: Symbol,
    path: &[Symbol],
    site: Site,
    links: bool,
) {
    let value = path.iter().fold(row, |value, &name| attribute(machine, frame, value, name, site));
    let renders = format!("render_{name}");
    if machine.class_function(class, Symbol::new(&renders)).is_some() {
        let keywords = vec![(Symbol::new("record"), row), (Symbol::new("value"), value)];
        let arguments = Arguments { keywords, ..Arguments::default() };
        machine.call_named(frame, this, &renders, &arguments);
        return;
    }
    let shown = rows_of(machine, frame, value, site);
    machine.text_of(frame, shown);
    if links {
        for member in machine.values.members(shown) {
            if machine.as_row(member).is_some() {
                machine.call_named(frame, member, "get_absolute_url", &Arguments::default());
            }
        }
    }
}
