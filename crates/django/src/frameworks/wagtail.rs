//! Wagtail: a page is shown by its template, in the context that its `get_context` makes; its tree gives pages.
//!
//! <https://docs.wagtail.org/en/stable/reference/models.html>,
//! <https://docs.wagtail.org/en/stable/reference/pages/queryset_reference.html>

use tuneup_python::{ClassRef, Symbol};

use super::Framework;
use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Queryset, Row, Shape, Value};
use crate::schema::ModelId;

pub(super) const FRAMEWORK: Framework = Framework { narrows, row_method, serve, ..Framework::NONE };

const PAGE: &str = "wagtailcore.Page";

/// Methods of a page that give pages, each of what type is not known.
const PAGES: &[&str] = &[
    "get_ancestors",
    "get_children",
    "get_descendants",
    "get_next_siblings",
    "get_prev_siblings",
    "get_siblings",
];

/// Methods of a queryset of pages that leave pages out or order them.
const NARROWING: &[&str] = &[
    "ancestor_of",
    "child_of",
    "descendant_of",
    "exact_type",
    "in_menu",
    "in_site",
    "live",
    "not_ancestor_of",
    "not_child_of",
    "not_descendant_of",
    "not_exact_type",
    "not_in_menu",
    "not_live",
    "not_page",
    "not_parent_of",
    "not_public",
    "not_sibling_of",
    "not_type",
    "page",
    "parent_of",
    "private",
    "public",
    "sibling_of",
    "type",
];

/// Whether a model is one of pages.
fn is_page(machine: &Machine<'_>, model: ModelId) -> bool {
    let mut open = vec![model];
    let mut seen = 0;
    while let Some(model) = open.pop() {
        if machine.schema.label(model) == PAGE {
            return true;
        }
        seen += 1;
        if seen < 32 {
            open.extend(machine.schema.model(model).parents());
        }
    }
    false
}

fn narrows(machine: &Machine<'_>, model: ModelId, name: &str) -> bool {
    NARROWING.contains(&name) && is_page(machine, model)
}

fn row_method<'p>(
    machine: &mut Machine<'p>,
    _frame: &mut Frame<'p>,
    value: Value,
    row: Row,
    name: &str,
    _arguments: &Arguments,
    call: CallSite,
) -> Option<Value> {
    let is_known = name == "get_context" || PAGES.contains(&name);
    if !is_known || !is_page(machine, row.model) {
        return None;
    }
    if name == "get_context" {
        let request = machine.request();
        let known = [("page", value), ("self", value), ("request", request)];
        let known = known.into_iter().map(|(name, value)| (Symbol::new(name), value)).collect();
        return Some(machine.values.mapping(known, Value::NEVER, Value::NEVER));
    }
    let model = machine.schema.model_by_label(PAGE)?;
    let classes = machine.schema.default_manager_classes(model).into();
    let mut rows = Queryset::of(model, classes);
    rows.asked.narrowed = true;
    if call.site.file.as_other().is_none() {
        rows.sites = Box::new([call.site]);
    }
    Some(machine.values.queryset(rows))
}

/// A request for a page.
fn serve<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, class: ClassRef) {
    let Some(model) = machine.schema.model_of_class(class) else { return };
    if machine.schema.model(model).is_abstract() || !is_page(machine, model) {
        return;
    }
    let page = machine.outside_row(model);
    let request = machine.request();
    let asked = Arguments { positional: vec![request], ..Arguments::default() };
    let context = machine.call_named(frame, page, "get_context", &asked);
    let template = match machine.class_member(class, Symbol::new("template")) {
        Some(template) => template,
        None => {
            let label = machine.schema.label(model);
            let Some((app, name)) = label.split_once('.') else { return };
            let name = format!("{app}/{}.html", underscored(name));
            machine.values.make(Shape::Str(Symbol::new(&name)))
        }
    };
    machine.render_named(template, context);
}

/// `BlogIndexPage` as `blog_index_page`, as `wagtail.coreutils.camelcase_to_underscore` makes it.
fn underscored(name: &str) -> String {
    let mut text = String::new();
    let mut before_lower = false;
    for c in name.chars() {
        if c.is_uppercase() && before_lower {
            text.push('_');
        }
        before_lower = c.is_lowercase() || c.is_numeric();
        text.extend(c.to_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::underscored;

    #[test]
    fn templates_are_named_after_their_pages() {
        assert_eq!(underscored("BlogIndexPage"), "blog_index_page");
        assert_eq!(underscored("Page2Test"), "page2_test");
        assert_eq!(underscored("FAQ"), "faq");
    }
}
