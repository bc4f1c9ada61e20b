//! Queries that no expression makes: a view's `model`, and a model given where a queryset would do.

use ruff_text_size::{TextRange, TextSize};
use tuneup_django::paths::covers;
use tuneup_python::edit::{
    Argument, Call, Edit, NewArguments, Passed, Refusal, Target, add_method, assignment_below, call_at,
    change_arguments, set_strings,
};

use super::load::lookups;
use super::names::Names;
use super::plan::Plan;

/// `get_object_or_404(Article, …)` becomes `get_object_or_404(Article.objects.select_related(…), …)`, and
/// `ListView.as_view(model=Article)` becomes `ListView.as_view(queryset=Article.objects.select_related(…))`.
pub(super) fn argument(
    target: &Target,
    range: TextRange,
    manager: &str,
    plan: &Plan,
    names: &mut Names,
) -> Result<Vec<Edit>, Refusal> {
    let call = call_at(target, range)?;
    let is_model = |argument: &&Argument| match &argument.passed {
        Passed::Position => true,
        Passed::Keyword(name) => name == "klass",
        Passed::Starred => false,
    };
    let is_keyword =
        |argument: &&Argument| matches!(&argument.passed, Passed::Keyword(name) if name == "model");
    let is_first = call.arguments.first().is_some_and(|first| is_model(&first));
    let found = match is_first {
        true => call.arguments.first(),
        false => call.arguments.iter().find(is_keyword),
    };
    let Some(model) = found else {
        return Err(Refusal("the model is not the call's first argument".to_owned()));
    };
    let mut text = format!("{}.{manager}", &target.source[model.range]);
    for call in calls(range, plan, names)? {
        text.push_str(&format!(".{}({})", call.method, call.arguments.join(", ")));
    }
    let new = NewArguments { replace: vec![(model.range, text)], ..NewArguments::default() };
    let mut edits = change_arguments(target, range, &new)?;
    if !is_first {
        let before = &target.source[..model.range.start().to_usize()];
        let name = before.trim_end().strip_suffix('=').map(str::trim_end);
        let Some(end) = name.filter(|name| name.ends_with("model")).map(str::len) else {
            return Err(Refusal("the model's keyword is not found".to_owned()));
        };
        let name = TextRange::new(TextSize::new((end - "model".len()) as u32), TextSize::new(end as u32));
        edits.push(Edit::replacement(name, "queryset".to_owned()));
    }
    Ok(edits)
}

/// Below `model = Article` comes `queryset = Article.objects.select_related(…)`.
pub(super) fn attribute(
    target: &Target,
    range: TextRange,
    manager: &str,
    plan: &Plan,
    names: &mut Names,
) -> Result<Vec<Edit>, Refusal> {
    let receiver = format!("{}.{manager}", &target.source[range]);
    assignment_below(target, range, "queryset", &receiver, &calls(range, plan, names)?)
}

/// An admin joins by `list_select_related`, and prefetches in `get_queryset`.
pub(super) fn admin(
    target: &Target,
    class: TextRange,
    plan: &Plan,
    names: &mut Names,
) -> Result<Vec<Edit>, Refusal> {
    let mut edits = Vec::new();
    if !plan.select.is_empty() {
        edits.extend(set_strings(
            target,
            class,
            "list_select_related",
            &plan.select,
            &["list_display"],
            covers,
        )?);
    }
    if !plan.prefetch.is_empty() {
        let lookups = lookups(class, &plan.prefetch, names)?.join(", ");
        let lines = [
            "def get_queryset(self, request):".to_owned(),
            format!("\treturn super().get_queryset(request).prefetch_related({lookups})"),
        ];
        for edit in add_method(target, class, "get_queryset", &lines)? {
            // Where both take the place of one `pass`, they do so together.
            match edits.iter_mut().find(|known| known.range == edit.range && !edit.range.is_empty()) {
                Some(known) => {
                    let between = target.style.newline.repeat(2);
                    let (above, below) =
                        (known.content.trim_end(), edit.content.trim_start_matches(['\n', '\r']));
                    known.content = format!("{above}{between}{below}");
                }
                None => edits.push(edit),
            }
        }
    }
    Ok(edits)
}

/// Where nothing but `get_queryset` says what the rows of an admin load: those of an inline, or where its manager joins.
pub(super) fn admin_queryset(
    target: &Target,
    class: TextRange,
    plan: &Plan,
    names: &mut Names,
) -> Result<Vec<Edit>, Refusal> {
    let mut queryset = "super().get_queryset(request)".to_owned();
    for call in calls(class, plan, names)? {
        queryset.push_str(&format!(".{}({})", call.method, call.arguments.join(", ")));
    }
    let lines = ["def get_queryset(self, request):".to_owned(), format!("\treturn {queryset}")];
    add_method(target, class, "get_queryset", &lines)
}

/// The calls that load a plan.
fn calls(used_in: TextRange, plan: &Plan, names: &mut Names) -> Result<Vec<Call>, Refusal> {
    let mut calls = Vec::new();
    if !plan.select.is_empty() {
        let paths = plan.select.iter().map(|path| format!("\"{path}\"")).collect();
        calls.push(Call::new("select_related", paths));
    }
    if !plan.prefetch.is_empty() {
        calls.push(Call::new("prefetch_related", lookups(used_in, &plan.prefetch, names)?));
    }
    Ok(calls)
}
