//! Keys of related rows that are read off the row which holds them, where nothing else of those rows is read: a part of
//! `select-related`.
//!
//! Before: `for book in Book.objects.all(): print(book.author.id)`, one query for each book.
//! After: `for book in Book.objects.all(): print(book.author_id)`, one query, and no join.

use ruff_text_size::TextRange;
use tuneup_django::Project;
use tuneup_django::queries::Site;

use crate::loading::{KeyOnly, place_of};
use crate::proposal::{Change, Evidence, Place, Proposal, Safety};
use crate::select_related;

/// Code that reads the key of a related row reads it off the row itself.
pub(crate) fn proposal(project: &Project, only: &KeyOnly) -> Proposal {
    let schema = &project.schema;
    let name = schema.relation(only.relation).lookup_name();
    let key = schema.field(schema.relation(only.relation).field()).attribute();
    let model = schema.label(only.model);
    let message = format!(
        "Of `{name}`, nothing but the key is read, which costs one more query for each row: the row itself holds it, in `{key}`."
    );
    let mut evidence: Vec<Evidence> = Vec::new();
    let mut changes: Vec<Change> = Vec::new();
    for read in &only.reads {
        let place = place_of(project, &read.site);
        changes.push(Change::ReadKey {
            read: Place::new(place.path.as_str(), read.range),
            key: key.as_str().to_owned(),
        });
        evidence.push(Evidence { place, message: format!("reads the key of {name} for every row") });
    }
    let at = |message: &'static str| {
        move |site: &Site| Evidence { place: place_of(project, site), message: message.to_owned() }
    };
    evidence.extend(only.queries.iter().map(at("makes the rows")));
    evidence.extend(only.loops.iter().map(at("loops over the rows")));
    evidence.sort();
    evidence.dedup();
    let place = only.reads.first().map(|read| &read.site);
    let symbol = place.map_or("", |site| project.symbol(site));
    let place = place.map_or_else(|| Place::new("", TextRange::default()), |site| place_of(project, site));
    Proposal {
        id: format!("{}:{}:{symbol}:{model}:{name}", select_related::RULE.name, place.path),
        rule: select_related::RULE.name,
        safety: Safety::Safe,
        title: match symbol {
            "" => format!("Read `{key}` off the row"),
            symbol => format!("Read `{key}` off the row in `{symbol}`"),
        },
        message,
        place,
        symbol: symbol.to_owned(),
        model: Some(model),
        fields: vec![name.as_str().to_owned()],
        evidence,
        changes,
    }
}
