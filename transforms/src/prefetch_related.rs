//! `prefetch-related`: related rows that are read for every row are loaded with one query for all.
//!
//! Before: `for book in Book.objects.all(): list(book.tags.all())`, one query for each book.
//! After: `for book in Book.objects.all().prefetch_related("tags"): …`, two queries.
//!
//! <https://docs.djangoproject.com/en/stable/ref/models/querysets/#prefetch-related>

use tuneup_django::Project;
use tuneup_django::paths::covers;
use tuneup_django::queries::{Hazard, HazardKind, Site, Write};
use tuneup_django::schema::{RelationId, RelationKind};
use tuneup_python::flow::{Block, Expr, ExprKind, FileFacts, StmtKind, Tried};

use crate::loading::{
    Gap, Missing, Objection, Verdict, asked_again, by_safety, held_by, is_deferred, lacking, left_out,
    left_out_elsewhere, place_of, read_for, said_of_tests,
};
use crate::proposal::{Change, Lookup, Proposal, Safety};
use crate::registry::{Given, Rule};
use crate::select_related::can_join;

/// The rule.
pub const RULE: Rule = Rule {
    name: "prefetch-related",
    summary: "load to-many and generic relations that are read for every row with one query for all",
    page: include_str!("prefetch_related.md"),
    propose,
};

fn propose(given: &Given) -> Vec<Proposal> {
    given.lacks().gaps.iter().flat_map(|gap| proposals(given.project, gap)).collect()
}

fn proposals(project: &Project, gap: &Gap) -> Vec<Proposal> {
    if gap.asked.values || gap.asked.fetched {
        return Vec::new();
    }
    let mut wanted = gap.wanted(true);
    wanted.extend(gap.wanted(false).into_iter().filter(|missing| !can_join(project, gap, missing)));
    wanted.retain(|missing| {
        !changes_what_it_reads(project, gap, missing) && !is_read_of_few_shared(project, missing)
    });
    by_safety(gap, wanted, |wanted| Some(verdict(project, gap, wanted)))
        .iter()
        .map(|(verdict, wanted)| proposal(project, gap, verdict, wanted))
        .collect()
}

/// Whether a path leads back to the query's own rows, which code changes while it loops over them: `book.author.books`. It reads
/// them there for what it has changed, which no prefetch shows.
fn changes_what_it_reads(project: &Project, gap: &Gap, missing: &Missing) -> bool {
    let &[there, back, ..] = missing.relations.as_slice() else { return false };
    let leads_back = project.schema.relation(there).inverse() == Some(back);
    let changes = |write: &Write| {
        write.model == Some(gap.model) && write.relation.is_none() && write.between.is_none() && !write.makes
    };
    leads_back && project.schema.relation(back).to_many() && gap.writes.iter().any(changes)
}

/// Whether only rows that lack a text read what is behind one that a prefetch loads, by foreign keys alone. That row is one and the
/// same object for all that lead to it, so that each of those few reads it once, however many rows there are.
fn is_read_of_few_shared(project: &Project, missing: &Missing) -> bool {
    let is_key = |&id: &RelationId| project.schema.relation(id).kind() == RelationKind::ForeignKey;
    missing.to_many && !missing.instead_of.is_empty() && missing.relations.iter().all(is_key)
}

fn proposal(project: &Project, gap: &Gap, verdict: &Verdict, wanted: &[&Missing]) -> Proposal {
    let symbol = project.symbol(&gap.site);
    let model = project.schema.label(gap.model);
    let fields: Vec<String> = wanted.iter().map(|missing| missing.path.clone()).collect();
    let query = place_of(project, &gap.site);
    let names = fields.iter().map(|field| format!("`{}`", field.replace("__", "."))).collect::<Vec<_>>();
    let (is, it) = if names.len() == 1 { ("is", "it") } else { ("are", "them") };
    // What is asked for one object has many rows only further on.
    let mut message = match wanted.iter().all(|missing| missing.alone) {
        true => format!(
            "{} {is} read of one object, for every row on the way there{}, which costs one more query for each; a prefetch loads \
             {it} with one query for each relation.",
            names.join(", "),
            lacking(wanted),
        ),
        false => format!(
            "{}; a prefetch loads {it} for all rows with one query for each relation.",
            read_for(wanted)
        ),
    };
    message.push_str(&said_of_tests(wanted));
    for reason in &verdict.reasons {
        message.push(' ');
        message.push_str(reason);
    }
    let prefetch = fields.iter().map(|path| Lookup { path: path.clone(), queryset: None }).collect();
    let changes = match verdict.safety {
        Safety::Advice => Vec::new(),
        _ => vec![Change::ExtendPlan {
            query: query.clone(),
            form: gap.form(project),
            select: Vec::new(),
            prefetch,
        }],
    };
    let mut evidence = gap.evidence(project, wanted, true);
    evidence.extend(gap.evidence(project, wanted, false));
    evidence.sort();
    evidence.dedup();
    Proposal {
        id: format!("{}:{}:{symbol}:{model}:{}", RULE.name, query.path, fields.join(",")),
        rule: RULE.name,
        safety: verdict.safety,
        title: match symbol {
            "" => format!("Prefetch {} in this query", names.join(", ")),
            symbol => format!("Prefetch {} in the query of `{symbol}`", names.join(", ")),
        },
        message,
        place: query,
        symbol: symbol.to_owned(),
        model: Some(model),
        fields,
        evidence,
        changes,
    }
}

fn verdict(project: &Project, gap: &Gap, wanted: &[&Missing]) -> Verdict {
    let mut verdict = gap.verdict(project, wanted);
    verdict.object_all(combined(gap));
    verdict.object_all(emptied(project, gap));
    verdict.object_all(paid_again(project, gap, wanted));
    verdict.object_all(streamed(gap));
    for missing in wanted {
        verdict.object_all(found_by_what_is_left_out(project, gap, missing));
        verdict.object_all(turned(project, gap, missing));
        verdict.object_all(looked_for_as_text(project, missing));
        verdict.object_all(no_longer_forgiven(project, gap, missing));
        // What the query joins already is as old without a prefetch behind it.
        for &relation in &missing.relations[missing.joined..] {
            verdict.object_all(written(project, gap, missing, relation));
        }
        verdict.object_all(rekeyed(project, gap, missing));
        verdict.object_all(stale(project, gap, missing));
        verdict.object_all(ordered_as_put(project, missing));
        verdict.object_all(binary(project, missing));
    }
    verdict
}

/// The rows of several queries at once.
fn combined(gap: &Gap) -> Option<Objection> {
    let reason = "`union()`, `intersection()` and `difference()` refuse `prefetch_related()` after them: put it on both sides.";
    gap.asked.combined.then(|| (Safety::Advice, reason.to_owned()))
}

/// A prefetch puts what is no field onto rows of which code takes all that they hold.
fn emptied(project: &Project, gap: &Gap) -> Option<Objection> {
    let emptied = gap.hazards(HazardKind::Emptied).next()?;
    Some((
        Safety::Advice,
        format!(
            "All that a row holds is taken off it at once ({}), and a prefetch puts `_prefetched_objects_cache` there, which no \
             field is: leave that out first.",
            place_of(project, &emptied.site).path
        ),
    ))
}

/// A view that asks for its one object several times asks for what is prefetched as often.
fn paid_again(project: &Project, gap: &Gap, wanted: &[&Missing]) -> Option<Objection> {
    if !wanted.iter().all(|missing| missing.alone) {
        return None;
    }
    let again = asked_again(project, &gap.site)?;
    Some((
        Safety::Unsafe,
        format!(
            "`{}` asks for the object once more ({}): it is paid for each time, and read at most once.",
            project.source.facts(again.file).function(again.id).qualname,
            project.source.path(again.file)
        ),
    ))
}

/// Rows that are read in a stream come without what is prefetched.
fn streamed(gap: &Gap) -> Option<Objection> {
    let reason = "`iterator()` without `chunk_size` ignores prefetches up to Django 4.2 and refuses them later: give it a `chunk_size` as well.";
    gap.asked.streamed.then(|| (Safety::Advice, reason.to_owned()))
}

/// Why a prefetch is no way whose rows are found by what a query leaves out.
const ASKED_FOR: &str = "a prefetch has to ask for it row by row";

/// The query leaves out columns by which related rows are found.
fn found_by_what_is_left_out(project: &Project, gap: &Gap, missing: &Missing) -> Vec<Objection> {
    let held = missing.relations.first().map(|&first| held_by(project, first)).unwrap_or_default();
    let reason = |name: &str| {
        if gap.only.as_ref().is_some_and(|only| left_out(only, name).is_some()) {
            Some(format!("`only()` leaves `{name}` out, and {ASKED_FOR}: add it to `only()` as well."))
        } else if gap.deferred.iter().any(|deferred| is_deferred(name, deferred)) {
            Some(format!("`defer()` leaves `{name}` out, and {ASKED_FOR}: take it out of `defer()` as well."))
        } else {
            left_out_elsewhere(project, gap, name, ASKED_FOR)
        }
    };
    held.into_iter().filter_map(reason).map(|reason| (Safety::Advice, reason)).collect()
}

/// Before Django 3.0 a prefetch by a generic foreign key whose `object_id` is a text looks for rows of a model that has its key of a
/// parent by that text, and finds none.
fn looked_for_as_text(project: &Project, missing: &Missing) -> Option<Objection> {
    let schema = &project.schema;
    let mut relations = missing.relations.iter().map(|&id| schema.relation(id));
    let generic = relations.find(|relation| relation.kind() == RelationKind::Generic)?;
    let is_old = project.version.is_known() && !project.version.at_least(3, 0);
    is_old.then(|| {
        (
            Safety::Unsafe,
            format!(
                "Before Django 3.0 a prefetch gives None for rows that `{}` leads to by an `object_id` that is a text, where their \
                 model has its key of a parent's table.",
                generic.lookup_name(),
            ),
        )
    })
}

/// A prefetch by a generic foreign key finds no row whose class is another than its content type's.
fn turned(project: &Project, gap: &Gap, missing: &Missing) -> Option<Objection> {
    let schema = &project.schema;
    let mut relations = missing.relations.iter().map(|&id| schema.relation(id));
    let generic = relations.find(|relation| relation.kind() == RelationKind::Generic)?;
    let model = gap.turning?;
    Some((
        Safety::Advice,
        format!(
            "`{}` may lead to rows of {}, which turn into instances of another model as they are made: Django's prefetch by a generic \
             foreign key looks for them by their class, and would give None for each.",
            generic.lookup_name(),
            schema.label(model),
        ),
    ))
}

/// A prefetch raises for all rows what code forgives where one is read.
fn no_longer_forgiven(project: &Project, gap: &Gap, missing: &Missing) -> Option<Objection> {
    let schema = &project.schema;
    let mut relations = missing.relations.iter().map(|&id| schema.relation(id));
    let generic = relations.find(|relation| relation.kind() == RelationKind::Generic)?;
    let site = forgiven(project, gap, missing)?;
    Some((
        Safety::Unsafe,
        format!(
            "`{}` leads to models that may be gone, for which reading it raises `AttributeError`: {} forgives that, a prefetch raises it for all rows.",
            generic.lookup_name(),
            place_of(project, site).path
        ),
    ))
}

/// What a relation leads to is written while the rows are looped over.
fn written(project: &Project, gap: &Gap, missing: &Missing, id: RelationId) -> Option<Objection> {
    let schema = &project.schema;
    let relation = schema.relation(id);
    let target = relation.target()?;
    let name = relation.lookup_name();
    if relation.to_many() && gap.writes.iter().any(|write| write.relation == Some(id)) {
        return Some((
            Safety::Advice,
            format!(
                "`{name}` is written through while the rows are looped over, which drops what was prefetched."
            ),
        ));
    }
    let through = relation.through();
    let is_between = |write: &&Write| match write.between {
        Some(other) => schema.relation(other).field() == relation.field(),
        None => through.is_some() && through == write.model,
    };
    if let Some(write) = gap.writes.iter().find(is_between) {
        return Some((
            Safety::Unsafe,
            format!(
                "What `{name}` leads to is changed while the rows are looped over ({}): what was prefetched would not show it.",
                place_of(project, &write.site).path
            ),
        ));
    }
    let is_of_them = |write: &&Write| match (write.relation, write.between) {
        (Some(_), _) => false,
        (None, Some(other)) => schema.relation(other).through() == Some(target),
        (None, None) => write.model == Some(target) && write.changes(relation),
    };
    if let Some(write) = gap.writes.iter().find(is_of_them)
        && gap.undone(project, missing).is_none()
    {
        return Some((
            Safety::Unsafe,
            format!(
                "{} is written while the rows are looped over ({}): prefetched `{name}` would not show it, and to save one of them would write back what it held before.",
                schema.label(target),
                place_of(project, &write.site).path
            ),
        ));
    }
    // To set it writes no row of its target.
    if gap.writes.iter().any(|write| write.relation == Some(id)) {
        return Some((
            Safety::Unsafe,
            format!(
                "`{name}` is set on the rows while they are looped over: what was prefetched for these is not read."
            ),
        ));
    }
    gap.sql(project, true).map(|reason| (Safety::Unsafe, reason))
}

/// What was prefetched belongs to a key that code changes.
fn rekeyed(project: &Project, gap: &Gap, missing: &Missing) -> Option<Objection> {
    let mut rekeyed = gap.hazards(HazardKind::Rekeyed);
    let rekeyed = rekeyed.find(|rekeyed| is_found_by_key(project, missing, rekeyed))?;
    Some((
        Safety::Unsafe,
        format!(
            "The key of a row is set ({}): what was prefetched for it belongs to the key that it had.",
            place_of(project, &rekeyed.site).path
        ),
    ))
}

/// What was prefetched is older than what code has written before it reads.
fn stale(project: &Project, gap: &Gap, missing: &Missing) -> Option<Objection> {
    let stale = gap.hazards(HazardKind::Stale).find(|stale| covers(&missing.path, &stale.path))?;
    Some((
        Safety::Unsafe,
        format!(
            "`{}` is written after the row was asked for ({}), and read then: what was prefetched would not show it.",
            stale.path.replace("__", "."),
            place_of(project, &stale.site).path
        ),
    ))
}

/// One row's related rows come in the order in which they were put on it, and prefetched ones in none.
fn ordered_as_put(project: &Project, missing: &Missing) -> Option<Objection> {
    let schema = &project.schema;
    let mut relations = missing.relations.iter().map(|&id| schema.relation(id));
    let tags = relations.find(|relation| {
        let field = schema.field(relation.field());
        !relation.is_reverse() && field.is_taggit() && field.argument(&project.source, "ordering").is_none()
    })?;
    Some((
        Safety::Unsafe,
        format!(
            "taggit gives one row's `{}` in the order in which they were put on it, and prefetched ones in none.",
            tags.lookup_name()
        ),
    ))
}

/// Files that are kept in the database are all in memory at once where the rows that hold them are prefetched. A field of the
/// project that extends theirs may well hold a few bytes.
fn binary(project: &Project, missing: &Missing) -> Option<Objection> {
    let schema = &project.schema;
    let many = missing.relations.iter().map(|&id| schema.relation(id)).find(|relation| relation.to_many())?;
    let fields = schema.model(many.target()?).fields();
    let held = fields
        .iter()
        .map(|&id| schema.field(id))
        .find(|field| field.class().as_str().ends_with("BinaryField") && field.custom_class().is_none())?;
    Some((
        Safety::Unsafe,
        format!(
            "Rows of `{}` hold binary data (`{}`), and those of all rows would be in memory at once.",
            many.lookup_name(),
            held.name(),
        ),
    ))
}

/// Whether related rows are found by the key of a row which code sets.
fn is_found_by_key(project: &Project, missing: &Missing, rekeyed: &Hazard) -> bool {
    let before = rekeyed.path.split("__").filter(|step| !step.is_empty()).count();
    let next = missing.relations.get(before).map(|&id| project.schema.relation(id));
    covers(&missing.path, &rekeyed.path) && next.is_some_and(|next| next.to_many() || next.is_reverse())
}

/// Where an `AttributeError` that reading what is missing raises goes no further.
fn forgiven<'m>(project: &Project, gap: &'m Gap, missing: &'m Missing) -> Option<&'m Site> {
    let known = gap.hazards(HazardKind::Forgiven).find(|known| covers(&missing.path, &known.path));
    known.map(|known| &known.site).or_else(|| missing.readers.iter().find(|reader| forgives(project, reader)))
}

/// Whether an `AttributeError` that a read raises goes no further: in a `try`, or under an operator of a template's `{% if %}`,
/// where any exception counts as false. A variable that is shown, or tested alone, hides none that a relation raises; in
/// a Jinja2 template, what has no such attribute is undefined, whatever raised the error.
///
/// <https://github.com/django/django/blob/main/django/template/smartif.py>,
/// <https://jinja.palletsprojects.com/en/stable/api/#jinja2.Environment.getattr>
fn forgives(project: &Project, reader: &Site) -> bool {
    if reader.file.as_other().is_some() {
        if project.templates.is_jinja(project.path(reader.file)) {
            return true;
        }
        let facts = project.templates.facts(&project.source, reader.file);
        return facts.is_some_and(|facts| {
            let is_operator = |kind| {
                matches!(kind, ExprKind::And(_) | ExprKind::Or(_) | ExprKind::Not(_) | ExprKind::Compare(..))
            };
            facts.exprs.iter().any(|expr| is_operator(expr.kind) && expr.range.contains_range(reader.range))
        });
    }
    let facts = project.source.facts(reader.file);
    facts.stmts.iter().any(|stmt| match stmt.kind {
        StmtKind::Try(blocks) => {
            let Tried { body, handlers, .. } = facts.tried(blocks);
            facts.block(body).iter().any(|tried| tried.range.contains_range(reader.range))
                && handlers.iter().any(|&handler| catches(facts, handler))
        }
        _ => false,
    })
}

/// Whether a handler may catch an `AttributeError`.
fn catches(facts: &FileFacts, handler: Block) -> bool {
    let Some(first) = facts.block(handler).first() else { return true };
    let (StmtKind::Expr(caught) | StmtKind::Assign(_, caught)) = first.kind else { return true };
    let ExprKind::Caught(kinds) = facts.kind(caught) else { return true };
    let is_wide = |&kind: &Expr| match facts.kind(kind) {
        ExprKind::Attribute(_, name) | ExprKind::Global(name) => {
            matches!(name.as_str(), "AttributeError" | "Exception" | "BaseException")
        }
        _ => true,
    };
    let all = facts.list(kinds).iter().flat_map(|kind| match facts.kind(*kind) {
        ExprKind::Tuple(kinds) => facts.list(kinds),
        _ => std::slice::from_ref(kind),
    });
    all.clone().next().is_none() || all.clone().any(is_wide)
}
