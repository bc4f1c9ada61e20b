//! urlman: the URLs of a model's rows are format strings, which read the row.
//!
//! <https://pypi.org/project/urlman/>

use tuneup_python::{ClassRef, Symbol};

use super::Framework;
use super::lists::member_site;
use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::Machine;
use crate::queries::value::{Shape, Value};

pub(super) const FRAMEWORK: Framework = Framework { attribute, ..Framework::NONE };

const URLS: &str = "urlman.Urls";

/// How many URLs one is made of at most.
const MOST: usize = 16;

/// The URLs of a row, where a member of its model is a class of them.
pub(crate) fn of_row(machine: &mut Machine<'_>, row: Value, member: Value) -> Value {
    match *machine.values.shape(member) {
        Shape::Class(class) if machine.has_base(class, |name| name == URLS) => {
            machine.values.make(Shape::Instance(Symbol::new(URLS), Box::new([row, member])))
        }
        _ => member,
    }
}

fn attribute(machine: &mut Machine<'_>, class: &str, parts: &[Value], name: &str) -> Option<Value> {
    let &[row, urls] = parts else { return None };
    if class != URLS {
        return None;
    }
    let Shape::Class(urls) = *machine.values.shape(urls) else { return None };
    let mut open = vec![Symbol::new(name)];
    let mut at = 0;
    while let Some(&name) = open.get(at) {
        at += 1;
        for inner in format(machine, row, urls, name)? {
            if !open.contains(&inner) && open.len() < MOST {
                open.push(inner);
            }
        }
    }
    Some(Value::SCALAR)
}

/// Formats one URL of a row, and says which others it is made of.
fn format(machine: &mut Machine<'_>, row: Value, urls: ClassRef, name: Symbol) -> Option<Vec<Symbol>> {
    let member = machine.project.member(urls, name)?;
    let Some(Shape::Str(text)) =
        machine.class_member(urls, name).map(|text| machine.values.shape(text).clone())
    else {
        return Some(Vec::new());
    };
    let mut frame = machine.module_frame(member.owner.file);
    let call = CallSite { site: member_site(machine, member) };
    let given = Arguments { keywords: vec![(Symbol::new("self"), row)], ..Arguments::default() };
    machine.format_text(&mut frame, text.as_str(), &given, call);
    let is_url = |name: &&str| name.chars().all(|c| c.is_alphanumeric() || c == '_') && *name != "self";
    let names = text.as_str().split('{').skip(1).filter_map(|rest| rest.split('}').next()).filter(is_url);
    Some(names.map(Symbol::new).filter(|&name| machine.project.member(urls, name).is_some()).collect())
}
