//! What models read in `save()`, where code saves rows in a loop.

mod support;

use support::check;

/// A model whose `save()` does this first.
fn models(body: &str) -> String {
    let body = body.replace('\n', "\n        ");
    format!(
        "from django.conf import settings\nfrom django.db import models\nfrom shop.models import Author\n\n\n\
         class Page(models.Model):\n    author = models.ForeignKey(Author, on_delete=models.CASCADE)\n    \
         title = models.CharField(max_length=9)\n    state = models.CharField(max_length=9)\n\n    \
         class Meta:\n        app_label = 'shop'\n\n    \
         def save(self, *args, **kwargs):\n        {body}\n        super().save(*args, **kwargs)\n\n    \
         def is_new(self):\n        return self.title != self.state\n\n    \
         def tell(self):\n        if self.is_new():\n            print(self.author.name)\n"
    )
}

const VIEW: &str = "from shop.pages import Page\n\n\n\
                    def close():\n    for page in Page.objects.order_by('pk'):\n        page.state = 'closed'\n        page.save()\n";

#[track_caller]
fn check_save(body: &str, expected: &[&str]) {
    check(&[("pages.py", &models(body)), ("views.py", VIEW)], expected);
}

#[test]
fn what_is_read_of_every_row_that_is_saved_is_joined() {
    check_save("self.title = self.author.name", &["Safe: for page in Page.objects.order_by('pk'):: author"]);
}

#[test]
fn what_is_read_behind_a_test_where_a_row_is_saved_is_doubted() {
    let doubted = &["Unsafe: for page in Page.objects.order_by('pk'):: author"];
    check_save("if self.is_new():\n    self.title = self.author.name", doubted);
    check_save("if self.is_new():\n    pass\nelse:\n    self.title = self.author.name", doubted);
    check_save("self.tell()", doubted);
}

#[test]
fn what_is_read_behind_several_tests_where_a_row_is_saved_is_read_of_few() {
    check_save("if self.is_new():\n    if self.state == 'open':\n        self.title = self.author.name", &[]);
    check_save("if self.state == 'open':\n    self.tell()", &[]);
}

#[test]
fn a_method_of_another_name_is_not_what_saves_a_row() {
    let view = "from shop.pages import Page\n\n\n\
                def close():\n    for page in Page.objects.order_by('pk'):\n        page.tell()\n";
    let expected = &["Safe: for page in Page.objects.order_by('pk'):: author"];
    check(&[("pages.py", &models("pass")), ("views.py", view)], expected);
}

#[test]
fn a_test_of_something_else_than_the_row_tells_nothing_of_it() {
    let safe = &["Safe: for page in Page.objects.order_by('pk'):: author"];
    check_save("if settings.NAMED:\n    if len(args) < 2:\n        self.title = self.author.name", safe);
}

#[test]
fn what_checks_a_row_runs_its_own_clean() {
    let models = "from django.db import models\n\nfrom shop.models import Author\n\n\n\
                  class Slip(models.Model):\n    \
                  owner = models.ForeignKey(Author, on_delete=models.CASCADE)\n\n    \
                  class Meta:\n        app_label = 'shop'\n\n    \
                  def clean(self):\n        \
                  if not self.owner.name:\n            raise ValueError(self)\n";
    let view = |call: &str| {
        format!(
            "from shop.slips import Slip\n\n\ndef checked(request):\n    \
             for slip in Slip.objects.order_by('pk'):\n        slip.{call}()\n"
        )
    };
    let asked = ["Safe: for slip in Slip.objects.order_by('pk'):: owner"];
    check(&[("slips.py", models), ("views.py", &view("full_clean"))], &asked);
    check(&[("slips.py", models), ("views.py", &view("clean"))], &asked);
    check(&[("slips.py", models), ("views.py", &view("clean_fields"))], &[]);
}

#[test]
fn what_only_saves_the_rows_of_a_class_is_not_what_its_query_is_for() {
    let view = |asked: &str, turn: &str| {
        format!(
            "from django.views import View\nfrom shop.pages import Page\n\n\n\
             class Pages(View):\n    queryset = Page.objects.order_by('pk')\n\n    \
             def post(self, request):\n        for page in {asked}:\n            {turn}\n"
        )
    };
    let models = models("self.title = self.author.name");
    let urls = "from django.urls import path\n\nfrom shop.views import Pages\n\nurlpatterns = [path('', Pages.as_view())]\n";
    let check = |asked: &str, turn: &str, expected: &[&str]| {
        check(&[("pages.py", &models), ("views.py", &view(asked, turn)), ("urls.py", urls)], expected);
    };
    check("self.queryset", "page.save()", &[]);
    check(
        "self.queryset",
        "print(page.author.name)",
        &["Safe: queryset = Page.objects.order_by('pk'): author"],
    );
    check(
        "Page.objects.order_by('state')",
        "page.save()",
        &["Safe: for page in Page.objects.order_by('state'):: author"],
    );
}

/// What is proposed where a loop does this of pages that are saved, which tell whose they are where their state has changed
/// since they were made.
#[track_caller]
fn check_kept(kept: &str, test: &str, body: &str, expected: &[&str]) {
    let models = models(&format!("{test}\n    print(self.author.name)")).replacen(
        "    class Meta:",
        &format!("    {}\n\n    class Meta:", kept.replace('\n', "\n    ")),
        1,
    );
    let body = body.replace('\n', "\n        ");
    let view = format!(
        "from shop.pages import Page\n\n\ndef close(options):\n    for page in Page.objects.order_by('pk'):\n        {body}\n        page.save()\n"
    );
    check(&[("pages.py", &models), ("views.py", &view)], expected);
}

#[test]
fn what_is_run_only_where_a_column_differs_from_what_was_kept_of_it_is_run_for_rows_that_are_given_another() {
    let doubted: &[&str] = &["Unsafe: for page in Page.objects.order_by('pk'):: author"];
    let init = "def __init__(self, *args, **kwargs):\n    super().__init__(*args, **kwargs)\n    self._before = self.state";
    let from_db = "@classmethod\ndef from_db(cls, *args):\n    page = super().from_db(*args)\n    page._before = page.state\n    return page";
    for kept in [init, from_db] {
        for test in ["if self._before != self.state:", "if not self.state == self._before:"] {
            check_kept(kept, test, "page.title = 'a'", &[]);
            for body in [
                "page.state = 'a'",
                "page._before = 'a'",
                "page.refresh_from_db(fields=['state'])",
                "setattr(page, options['name'], 'a')",
                "page.save()\nif options:\n    page.state = 'a'",
            ] {
                check_kept(kept, test, body, doubted);
            }
        }
        check_kept(
            kept,
            "if self._before == self.state:",
            "page.title = 'a'",
            &["Safe: for page in Page.objects.order_by('pk'):: author"][..],
        );
        // It is another column, or something is made of it.
        check_kept(kept, "if self._before != self.title:", "page.title = 'a'", doubted);
    }
    check_kept(
        &init.replace("self.state", "self.state.lower()"),
        "if self._before != self.state:",
        "page.title = 'a'",
        doubted,
    );
}
