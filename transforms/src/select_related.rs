//! `select-related`: to-one relations that are read for every row are joined into the query.
//!
//! Before: `for book in Book.objects.all(): print(book.author.name)`, one query for each book.
//! After: `for book in Book.objects.all().select_related("author"): …`, one query.
//!
//! Of a related row of which nothing is read but its key, `book.author.id`, the row itself holds that: `book.author_id`.
//!
//! <https://docs.djangoproject.com/en/stable/ref/models/querysets/#select-related>

use tuneup_django::Project;
use tuneup_django::queries::Write;
use tuneup_django::routing::Databases;
use tuneup_django::schema::{ModelId, RelationKind};

use crate::key_only;
use crate::loading::{
    Gap, Missing, Verdict, by_safety, is_deferred, left_out, left_out_elsewhere, place_of, read_for,
    said_of_tests,
};
use crate::proposal::{Change, Proposal, Safety};
use crate::registry::{Given, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    name: "select-related",
    summary: "join to-one relations that are read for every row",
    page: include_str!("select_related.md"),
    propose,
};

fn propose(given: &Given) -> Vec<Proposal> {
    let (project, lacks) = (given.project, given.lacks());
    let joined = lacks.gaps.iter().flat_map(|gap| proposals(project, gap));
    joined.chain(lacks.keys.iter().map(|only| key_only::proposal(project, only))).collect()
}

/// Whether `select_related` can follow a path at all: a generic foreign key has no table to join, none is joined that
/// is in another database, and of rows that become instances of a child's class none is found that belongs to the parent.
pub(crate) fn can_join(project: &Project, gap: &Gap, missing: &Missing) -> bool {
    let schema = &project.schema;
    !missing.to_many
        && missing.relations.iter().all(|&id| schema.relation(id).kind() != RelationKind::Generic)
        && !(gap.asked.subclassed && missing.relations.iter().any(|&id| schema.relation(id).is_reverse()))
        && targets(project, missing)
            .all(|to| project.routing.databases(project, gap.model, to) != Databases::Apart)
}

/// Whether a model has a name in one of the project's own apps and is not among those that the app is seen to have: what makes it
/// there is not understood.
fn is_unseen(project: &Project, model: ModelId) -> bool {
    let schema = &project.schema;
    let is_own = |id: ModelId| {
        schema.class_of(id).is_some_and(|class| !project.source.file(class.file).is_third_party)
    };
    let app = schema.model(model).app_label();
    !schema.model(model).is_known()
        && schema.class_of(model).is_none()
        && schema.models().any(|id| schema.model(id).app_label() == app && is_own(id))
}

/// The models that a path's relations lead to.
fn targets(project: &Project, missing: &Missing) -> impl Iterator<Item = ModelId> {
    missing.relations.iter().filter_map(|&id| project.schema.relation(id).target())
}

fn proposals(project: &Project, gap: &Gap) -> Vec<Proposal> {
    if gap.asked.raw || gap.asked.values {
        return Vec::new();
    }
    let wanted = gap.wanted(false).into_iter().filter(|missing| can_join(project, gap, missing)).collect();
    by_safety(gap, wanted, |wanted| verdict(project, gap, wanted))
        .iter()
        .map(|(verdict, wanted)| proposal(project, gap, verdict, wanted))
        .collect()
}

fn proposal(project: &Project, gap: &Gap, verdict: &Verdict, wanted: &[&Missing]) -> Proposal {
    let symbol = project.symbol(&gap.site);
    let model = project.schema.label(gap.model);
    let fields: Vec<String> = wanted.iter().map(|missing| missing.path.clone()).collect();
    let query = place_of(project, &gap.site);
    let named = |automatic: bool| -> Vec<String> {
        let of = wanted.iter().filter(|missing| missing.automatic == automatic);
        of.map(|missing| format!("`{}`", missing.path.replace("__", "."))).collect()
    };
    let names = named(false);
    let it = if names.len() == 1 { "it" } else { "them" };
    let mut message = format!("{}; a join loads {it} at once.{}", read_for(wanted), said_of_tests(wanted));
    for reason in &verdict.reasons {
        message.push(' ');
        message.push_str(reason);
    }
    let automatic = named(true);
    if !automatic.is_empty() {
        message.push_str(&format!(
            " What Django joins by itself here is named as well ({}), because naming any join ends that.",
            automatic.join(", ")
        ));
    }
    let changes = match verdict.safety {
        Safety::Advice => Vec::new(),
        _ => vec![Change::ExtendPlan {
            query: query.clone(),
            form: gap.form(project),
            select: fields.clone(),
            prefetch: Vec::new(),
        }],
    };
    Proposal {
        id: format!("{}:{}:{symbol}:{model}:{}", RULE.name, query.path, fields.join(",")),
        rule: RULE.name,
        safety: verdict.safety,
        title: match symbol {
            "" => format!("Join {} in this query", names.join(", ")),
            symbol => format!("Join {} in the query of `{symbol}`", names.join(", ")),
        },
        message,
        place: query,
        symbol: symbol.to_owned(),
        model: Some(model),
        fields,
        evidence: gap.evidence(project, wanted, false),
        changes,
    }
}

fn verdict(project: &Project, gap: &Gap, wanted: &[&Missing]) -> Option<Verdict> {
    let mut verdict = gap.verdict(project, wanted);
    let schema = &project.schema;
    if gap.asked.combined {
        verdict.object(
            Safety::Advice,
            "`union()`, `intersection()` and `difference()` refuse `select_related()` after them: put it on both sides.",
        );
    }
    if gap.select_all {
        verdict.object(
            Safety::Advice,
            "`select_related()` without names is called, which leaves out what may be null: name all that is read instead.",
        );
    }
    if gap.asked.locked {
        let relations = wanted.iter().flat_map(|missing| &missing.relations);
        match relations.map(|&id| schema.relation(id)).find(|relation| relation.null()) {
            Some(nullable) => verdict.object(
                Safety::Advice,
                format!("PostgreSQL refuses `select_for_update()` where a relation is joined that may be null, as `{}`: join it where the lock is taken with `of=(\"self\",)`.", nullable.lookup_name()),
            ),
            None => verdict.object(
                Safety::Unsafe,
                "`select_for_update()` without `of=` also locks the joined rows.",
            ),
        }
    }
    if gap.asked.fetched {
        verdict.object(
            Safety::Unsafe,
            "The class of this queryset asks for its rows in a way of its own: whether these come with what is joined, its code says.",
        );
    }
    for missing in wanted {
        if let Some(reason) = targets(project, missing).find_map(|to| apart(project, gap.model, to)) {
            verdict.object(Safety::Unsafe, reason);
        }
        let is_undone = gap.undone(project, missing).is_some();
        // What the query joins already changes nothing any more.
        let joins = &missing.relations[missing.joined..];
        // Databases turn a join from the left around too, where that is cheaper.
        if gap.asked.unordered && !joins.is_empty() {
            verdict.object(
                Safety::Unsafe,
                "The rows are in no order that the query or its model says, and are taken piece by piece: a join may have the database \
                 give them in another, so that a row comes twice or never. Order them.",
            );
        }
        if gap.asked.distinct && gap.only.is_some() {
            verdict.object(
                Safety::Unsafe,
                "`distinct()` compares whole rows: those that `only()` keeps short would be compared with all that is joined.",
            );
        }
        if gap.deferred.iter().any(|deferred| is_deferred(&missing.path, deferred)) {
            return None;
        }
        if let Some(left_out) = gap.only.as_ref().and_then(|only| left_out(only, &missing.path)) {
            verdict.object(
                Safety::Advice,
                format!("`only()` leaves `{left_out}` out, and {REFUSED}: add it to `only()` as well."),
            );
        } else if let Some(reason) = left_out_elsewhere(project, gap, &missing.path, REFUSED) {
            verdict.object(Safety::Advice, reason);
        }
        for &id in joins {
            let relation = schema.relation(id);
            let name = relation.lookup_name();
            if !relation.db_constraint() && !relation.null() {
                verdict.object(
                    Safety::Unsafe,
                    format!("`{name}` has no constraint in the database (`db_constraint=False`): a join drops rows whose target is gone."),
                );
            }
            let Some(target) = relation.target() else { continue };
            if is_unseen(project, target) {
                verdict.object(
                    Safety::Unsafe,
                    format!(
                        "`{name}` leads to {}, which is not among the models of that app that are seen here: whether a manager of its own \
                         hides rows of it from a read, which a join shows, is not known.",
                        schema.label(target)
                    ),
                );
            }
            if schema.has_custom_base_manager(target) {
                verdict.object(
                    Safety::Unsafe,
                    format!("{} has a `base_manager_name`: reading `{name}` goes through that manager, a join does not.", schema.label(target)),
                );
            }
            let changes = |write: &&Write| {
                write.relation.is_none()
                    && write.between.is_none()
                    && write.model == Some(target)
                    && write.changes(relation)
            };
            if let Some(write) = gap.writes.iter().find(changes).filter(|_| !is_undone) {
                let place = place_of(project, &write.site);
                verdict.object(
                    Safety::Unsafe,
                    format!("{} is written while the rows are looped over ({}): a joined row was read before that write.", schema.label(target), place.path),
                );
            }
            if let Some(reason) = gap.sql(project, relation.is_reverse()) {
                verdict.object(Safety::Unsafe, reason);
            }
            let left_out = [("defer", !gap.deferred.is_empty()), ("only", gap.only.is_some())];
            if let Some((method, _)) =
                left_out.iter().find(|(_, leaves_out)| *leaves_out && target == gap.model)
            {
                verdict.object(
                    Safety::Unsafe,
                    format!(
                        "`{method}()` leaves columns of {} out: a join of `{name}` loads them all, of the rows that it joins.",
                        schema.label(target),
                    ),
                );
            }
            if gap.writes.iter().any(|write| write.relation == Some(id)) {
                verdict.object(
                    Safety::Unsafe,
                    format!("`{name}` is set on the rows while they are looped over."),
                );
            }
        }
    }
    Some(verdict)
}

/// What routers say against a join from one model to another, which is one query in one database.
fn apart(project: &Project, from: ModelId, to: ModelId) -> Option<String> {
    let schema = &project.schema;
    let app = |model| schema.model(model).app_label();
    let labels = || (schema.label(from), schema.label(to));
    match project.routing.databases(project, from, to) {
        Databases::Copied(alias) => {
            let (from, to) = labels();
            Some(format!(
                "By `DATABASE_ROUTERS`, {to} is read from another database than {from}: a join reads the table of it that is in \
                 `{alias}`."
            ))
        }
        // Routers hardly ever part the models of one app.
        Databases::Unknown if app(from) != app(to) => {
            let (from, to) = labels();
            Some(format!(
                "Which databases `DATABASE_ROUTERS` has {from} and {to} read from is not known here: where they are two, a join \
                 is an error."
            ))
        }
        Databases::One | Databases::Unknown | Databases::Apart => None,
    }
}

/// Why a join of a relation that a query leaves out is no way.
const REFUSED: &str = "Django refuses to join a deferred relation";
