//! Columns that `only()` and `defer()` leave out: Django refuses to join over one of them, and a prefetch that finds its rows
//! by one asks for it row by row.

use tuneup_django::Project;
use tuneup_django::paths::{behind, covers};
use tuneup_django::schema::{RelationId, RelationKind};
use tuneup_python::flow::ExprKind;

use super::{Gap, place_of};

/// The columns of a row by which the rows of a relation are found, other than its primary key.
pub(crate) fn held_by(project: &Project, relation: RelationId) -> Vec<&'static str> {
    let schema = &project.schema;
    let relation = schema.relation(relation);
    let field = schema.field(relation.field());
    match relation.kind() {
        RelationKind::Generic => {
            let columns = schema.generic_columns(&project.source, relation.field());
            let columns = columns.into_iter().flat_map(|(kind, key)| [kind, key]);
            columns.map(|column| schema.field(column).name().as_str()).collect()
        }
        RelationKind::ForeignKey | RelationKind::OneToOne if !relation.is_reverse() => {
            vec![field.name().as_str()]
        }
        // The other side holds what `to_field` names.
        RelationKind::ForeignKey | RelationKind::OneToOne => {
            let given = field.to_field(&project.source);
            let name = given.and_then(|(file, value)| match project.source.facts(file).kind(value) {
                ExprKind::Str(name) => Some(name.as_str()),
                _ => None,
            });
            name.into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Whether code elsewhere makes a query of this one that leaves a relation of the path out, and `why` that matters.
pub(crate) fn left_out_elsewhere(project: &Project, gap: &Gap, path: &str, why: &str) -> Option<String> {
    gap.narrowed.iter().find_map(|other| {
        let end = other.sites.last()?;
        let only: Option<Vec<&str>> =
            other.only.as_ref().map(|names| names.iter().map(|name| name.as_str()).collect());
        let deferred = other.defer.iter().map(|name| name.as_str());
        let (method, relation) = match only.and_then(|only| left_out(&only, path)) {
            Some(relation) => ("only()", relation),
            None => ("defer()", deferred.filter(|name| is_deferred(path, name)).min_by_key(|name| name.len())?),
        };
        let place = place_of(project, end);
        let name = match project.symbol(end) {
            "" => place.path,
            symbol => symbol.to_owned(),
        };
        Some(format!(
            "`{name}` goes on from here with `{method}`, which leaves `{relation}` out, and {why}: load it where those get the \
             rows who read it."
        ))
    })
}

/// Whether a name in `defer()` is that of a relation of a path, or of its column.
pub(crate) fn is_deferred(path: &str, name: &str) -> bool {
    covers(path, name) || name.strip_suffix("_id").is_some_and(|relation| covers(path, relation))
}

/// The first relation of a path that `only()` leaves out: Django refuses to join a relation that is deferred, the
/// query's own and those of joined rows of which `only()` names other columns.
pub(crate) fn left_out<'m>(only: &[&str], path: &'m str) -> Option<&'m str> {
    let ends = path.match_indices("__").map(|(at, _)| at).chain([path.len()]);
    let mut before = "";
    for end in ends {
        let step = &path[..end];
        let masks = |name: &&&str| behind(name, before).is_some_and(|rest| !rest.is_empty());
        let names = |name: &&str| covers(name, step) || name.strip_suffix("_id") == Some(step);
        let mut masked = only.iter().filter(masks).peekable();
        if masked.peek().is_some() && !masked.any(names) {
            return Some(step);
        }
        before = step;
    }
    None
}
