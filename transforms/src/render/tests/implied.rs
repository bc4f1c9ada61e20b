//! Queries that are a model where a queryset would do.

use super::{Memory, proposal};
use crate::proposal::{Change, QueryForm};
use crate::render::render;

fn written(text: &str, query: &str, is_argument: bool, select: &[&str]) -> Result<String, String> {
    let mut proposal = proposal("p", text, query, select, &[]);
    let Change::ExtendPlan { form, .. } = &mut proposal.changes[0] else { unreachable!() };
    let manager = "objects".to_owned();
    *form = if is_argument {
        QueryForm::ModelArgument { manager }
    } else {
        QueryForm::ModelAttribute { manager }
    };
    let mut rendering = render(&Memory::one(text), &[&proposal]);
    match rendering.withheld.pop() {
        Some((_, reason)) => Err(reason),
        None => Ok(String::from_utf8(rendering.files.remove(0).after).expect("UTF-8")),
    }
}

#[test]
fn a_model_given_to_a_shortcut_becomes_its_queryset() {
    let joined = |text, query| written(text, query, true, &["author"]);
    assert_eq!(
        joined("x = get_object_or_404(Article, pk=1)\n", "get_object_or_404(Article, pk=1)").as_deref(),
        Ok("x = get_object_or_404(Article.objects.select_related(\"author\"), pk=1)\n")
    );
    assert_eq!(
        joined("x = get(klass=m.Article, slug='s')\n", "get(klass=m.Article, slug='s')").as_deref(),
        Ok("x = get(klass=m.Article.objects.select_related('author'), slug='s')\n")
    );
    assert!(joined("x = get(*Article, pk=1)\n", "get(*Article, pk=1)").is_err());
}

#[test]
fn a_views_model_gets_a_queryset_below_it() {
    let below = |text| written(text, "Article", false, &["author", "topic"]);
    let line = "queryset = Article.objects.select_related(\"author\", \"topic\")";
    assert_eq!(
        below("class A:\n    model = Article  # theirs\n\n    n = 1\n"),
        Ok(format!("class A:\n    model = Article  # theirs\n    {line}\n\n    n = 1\n"))
    );
    assert_eq!(
        below("class A:\r\n\tmodel = Article\r\n"),
        Ok(format!("class A:\r\n\tmodel = Article\r\n\t{line}\r\n"))
    );
    assert_eq!(
        below("class A:\n    model = Article"),
        Ok(format!("class A:\n    model = Article\n    {line}"))
    );
    assert!(below("class A:\n    model = Article; n = 1\n").is_err());
    assert!(below("class A: model = Article\n").is_err());
}

#[test]
fn a_long_queryset_is_broken_over_lines() {
    let paths = ["the_first_of_several", "the_second_of_several", "the_third_of_several"];
    let text = "class A:\n    model = Article\n    x = [1,2]\n";
    let expected = concat!(
        "class A:\n    model = Article\n    queryset = Article.objects.select_related(\n",
        "        \"the_first_of_several\",\n        \"the_second_of_several\",\n",
        "        \"the_third_of_several\",\n    )\n    x = [1,2]\n",
    );
    assert_eq!(written(text, "Article", false, &paths).as_deref(), Ok(expected));
}

#[test]
fn an_admin_class_is_told_its_joins_and_prefetches() {
    let text = "class A(ModelAdmin):\n    list_display = ['x']\n\n    def f(self): pass\n\n\nclass B(ModelAdmin):\n    list_select_related = True\n";
    let asked = |name: &str, select: &[&str], prefetch: &[&str]| {
        let mut proposal = proposal(name, text, name, select, prefetch);
        let Change::ExtendPlan { form, .. } = &mut proposal.changes[0] else { unreachable!() };
        *form = QueryForm::Admin;
        proposal
    };
    let (a, b) = (asked("A", &["author"], &["tags"]), asked("B", &["author", "topic"], &[]));
    let rendering = render(&Memory::one(text), &[&a, &b]);
    assert_eq!(rendering.withheld, []);
    let after = String::from_utf8(rendering.files[0].after.clone()).expect("UTF-8");
    let expected = "class A(ModelAdmin):\n    list_display = ['x']\n    list_select_related = ('author',)\n\n    def f(self): pass\n\n    def get_queryset(self, request):\n        return super().get_queryset(request).prefetch_related('tags')\n\n\nclass B(ModelAdmin):\n    list_select_related = ('author', 'topic')\n";
    assert_eq!(after, expected);
}

/// An admin whose class `A` has this body, told these joins and prefetches.
fn admin(body: &str, select: &[&str], prefetch: &[&str]) -> String {
    let text = format!("class A(ModelAdmin):\n{body}\n\nx = 1\n");
    let mut proposal = proposal("p", &text, "A", select, prefetch);
    let Change::ExtendPlan { form, .. } = &mut proposal.changes[0] else { unreachable!() };
    *form = QueryForm::Admin;
    let rendering = render(&Memory::one(text.as_str()), &[&proposal]);
    assert_eq!(rendering.withheld, []);
    let after = String::from_utf8(rendering.files[0].after.clone()).expect("UTF-8");
    let body = after.strip_prefix("class A(ModelAdmin):\n").and_then(|it| it.strip_suffix("\n\nx = 1\n"));
    body.expect("the same around it").to_owned()
}

#[test]
fn a_pass_gives_way_to_what_a_class_is_told() {
    let joins = "    list_select_related = (\"author\",)\n";
    let rows = "    def get_queryset(self, request):\n        \
                return super().get_queryset(request).prefetch_related(\"tags\")\n";
    assert_eq!(admin("    pass\n", &["author"], &[]), joins);
    assert_eq!(admin("    pass\n", &[], &["tags"]), rows);
    assert_eq!(admin("    pass\n", &["author"], &["tags"]), format!("{joins}\n{rows}"));
    let text = "    \"\"\"A\"\"\"\n";
    assert_eq!(admin(&format!("{text}\n    pass\n"), &["author"], &[]), format!("{text}\n{joins}"));
    assert_eq!(admin(&format!("{text}    pass\n"), &[], &["tags"]), format!("{text}\n{rows}"));
    assert_eq!(admin(&format!("{text}    pass\n"), &["author"], &["tags"]), format!("{text}{joins}\n{rows}"));
    // What stands beside it is somebody's.
    assert_eq!(admin("    pass  # later\n", &[], &["tags"]), format!("    pass  # later\n\n{rows}"));
}

#[test]
fn an_attribute_is_parted_as_those_around_it_are() {
    let joins = "    list_select_related = (\"author\",)\n";
    let meta = "    class Meta:\n        x = 1\n";
    assert_eq!(admin(meta, &["author"], &[]), format!("{joins}\n{meta}"));
    let text = "    \"\"\"A\"\"\"\n";
    assert_eq!(admin(&format!("{text}{meta}"), &["author"], &[]), format!("{text}{joins}\n{meta}"));
    assert_eq!(admin(&format!("{text}\n{meta}"), &["author"], &[]), format!("{text}\n{joins}\n{meta}"));
    let (columns, fields) = ("    list_display = [\"x\"]\n", "    fields = [\"x\"]\n");
    assert_eq!(admin(&format!("{columns}{fields}"), &["author"], &[]), format!("{columns}{joins}{fields}"));
    assert_eq!(
        admin(&format!("{columns}\n{fields}"), &["author"], &[]),
        format!("{columns}\n{joins}\n{fields}")
    );
    assert_eq!(admin(&format!("{fields}\n{meta}"), &["author"], &[]), format!("{joins}{fields}\n{meta}"));
}

#[test]
fn a_file_without_an_end_of_its_last_line_gets_none() {
    let joins = "    list_select_related = (\"author\",)\n";
    let rows = "    def get_queryset(self, request):\n        \
                return super().get_queryset(request).prefetch_related(\"tags\")";
    for before in ["", "    \"\"\"A\"\"\"\n", "    \"\"\"A\"\"\"\n\n"] {
        let text = format!("class A(ModelAdmin):\n{before}    pass");
        let mut proposal = proposal("p", &text, "A", &["author"], &["tags"]);
        let Change::ExtendPlan { form, .. } = &mut proposal.changes[0] else { unreachable!() };
        *form = QueryForm::Admin;
        let rendering = render(&Memory::one(text.as_str()), &[&proposal]);
        let after = String::from_utf8(rendering.files[0].after.clone()).expect("UTF-8");
        assert_eq!(after, format!("class A(ModelAdmin):\n{before}{joins}\n{rows}"));
    }
}

#[test]
fn what_a_longer_path_loads_is_not_asked_for_again() {
    assert_eq!(
        admin("    list_select_related = [\"author__country\"]\n", &["author", "topic"], &[]),
        "    list_select_related = [\"author__country\", \"topic\"]\n"
    );
}

#[test]
fn a_longer_path_takes_the_place_of_its_beginning() {
    assert_eq!(
        admin("    list_select_related = [\"author\", \"topic\"]\n", &["author__country"], &[]),
        "    list_select_related = [\"author__country\", \"topic\"]\n"
    );
}
