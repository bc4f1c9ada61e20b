//! Feeds and sitemaps: Django asks for their items, and for each item for its title, link and the rest.
//!
//! <https://docs.djangoproject.com/en/stable/ref/contrib/syndication/>,
//! <https://docs.djangoproject.com/en/stable/ref/contrib/sitemaps/>

use tuneup_python::{ClassRef, Symbol};

use super::Framework;
use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Value};

pub(super) const FRAMEWORK: Framework = Framework { call, serve, ..Framework::NONE };

/// What a sitemap asks of each item.
const OF_LOCATIONS: &[&str] = &["location", "lastmod", "changefreq", "priority", "get_languages_for_item"];

/// `GenericSitemap({"queryset": …})`: the address of each row is its own.
fn call<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    name: &str,
    arguments: &Arguments,
    call: CallSite,
) -> Option<Value> {
    if !name.starts_with("django.contrib.sitemaps") || !name.ends_with(".GenericSitemap") {
        return None;
    }
    let info = arguments.get(0, "info_dict")?;
    let key = machine.values.make(Shape::Str(Symbol::new("queryset")));
    let rows = machine.item(frame, info, key, false);
    let all = machine.for_each(rows, |machine, member| match machine.as_queryset(member) {
        Some(queryset) if queryset.is_manager => {
            machine.call_named(frame, member, "all", &Arguments::default())
        }
        _ => member,
    });
    let row = machine.iterate(frame, all, call.site);
    for member in machine.values.members(row) {
        machine.call_named(frame, member, "get_absolute_url", &Arguments::default());
    }
    Some(machine.values.make(Shape::Instance(Symbol::new(name), Box::default())))
}

fn serve<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, class: ClassRef) {
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    // Feeds of other packages are Django's with another format.
    let is_feed =
        machine.has_base(class, |name| name.ends_with("Feed") && !name.starts_with("django.utils."));
    let is_sitemap =
        machine.has_base(class, |name| name.contains("sitemap") && last(name).ends_with("Sitemap"));
    if !is_feed && !is_sitemap {
        return;
    }
    let Some(this) = own_items(machine, class) else { return };
    let mut asked = Arguments::default();
    if is_feed {
        let request = Arguments { positional: vec![machine.request()], ..Arguments::default() };
        asked.positional.push(machine.call_named(frame, this, "get_object", &request));
    }
    let items = machine.call_named(frame, this, "items", &asked);
    let site = frame.site(ruff_text_size::TextRange::default());
    let item = machine.iterate(frame, items, site);
    let of_item = Arguments { positional: vec![item], ..Arguments::default() };
    let names: Vec<Symbol> = machine
        .project
        .mro(class)
        .iter()
        .filter_map(|base| match base {
            tuneup_python::Base::Class(base) => Some(*base),
            _ => None,
        })
        .flat_map(|base| machine.project.own_members(base).map(|binding| binding.name).collect::<Vec<_>>())
        .collect();
    let is_asked = |name: &Symbol| match is_feed {
        true => name.as_str().starts_with("item_"),
        false => OF_LOCATIONS.contains(&name.as_str()),
    };
    let mut done: Vec<Symbol> = Vec::new();
    for name in names.into_iter().filter(is_asked) {
        if !done.contains(&name) && machine.class_function(class, name).is_some() {
            machine.call_named(frame, this, name.as_str(), &of_item);
            done.push(name);
        }
    }
    if is_feed {
        let context = machine.values.mapping(vec![(Symbol::new("obj"), item)], Value::NEVER, Value::NEVER);
        for name in ["title_template", "description_template"] {
            if let Some(template) = machine.class_member(class, Symbol::new(name)) {
                machine.render_named(template, context);
            }
        }
    }
    // What Django does itself where the class does not say.
    let has = |name: &str| machine.member(class, Symbol::new(name)).is_some();
    let (has_title, has_link) =
        (has("item_title") || has("title_template"), has(if is_feed { "item_link" } else { "location" }));
    if is_feed && !has_title {
        machine.text_of(frame, item);
    }
    if !has_link {
        for member in machine.values.members(item) {
            machine.call_named(frame, member, "get_absolute_url", &Arguments::default());
        }
    }
}

/// An object of the class, where it says what its items are.
fn own_items(machine: &mut Machine<'_>, class: ClassRef) -> Option<Value> {
    machine.class_function(class, Symbol::new("items"))?;
    Some(machine.values.make(crate::queries::value::Shape::Object(class, None)))
}
