//! What filters say of rows decides which branches their code takes.

mod support;

use support::check;

/// A model with a state, and code that reads relations depending on it.
const ISSUES: &str = r#"
from django.db import models
from shop.models import Author, Book


class State(models.TextChoices):
    DRAFT = "draft", "Draft"
    OPEN = "open", "Open"
    DONE = "done", "Done"


class IssueManager(models.Manager):
    def get_queryset(self):
        return super().get_queryset().exclude(state=State.DRAFT)


class Issue(models.Model):
    state = models.CharField(max_length=9, choices=State.choices)
    is_public = models.BooleanField(default=False)
    closed = models.DateTimeField(null=True)
    book = models.ForeignKey(Book, null=True, on_delete=models.CASCADE, related_name="issues")
    writer = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="+")
    helper = models.ForeignKey(Author, null=True, on_delete=models.CASCADE, related_name="+")

    objects = IssueManager()
    all_objects = models.Manager()

    class Meta:
        app_label = "shop"

    @property
    def is_draft(self):
        return self.state == State.DRAFT

    def text(self):
        return self.writer.name if self.is_draft else ""

    def publish(self):
        self.state = State.OPEN

    def shown(self):
        if not self.helper_id:
            return self.writer.name
        return ""
"#;

#[track_caller]
fn reads(query: &str, body: &str, fields: &str) {
    let code = format!(
        "from django.db.models import F, Q\nfrom shop.issues import Issue, State\nfrom shop.models import Author, Book\n\n\ndef listed(book, start):\n    for issue in {query}:\n        {body}\n"
    );
    let expected = format!("Safe: for issue in {query}:: {fields}");
    let expected: &[&str] = if fields.is_empty() { &[] } else { &[&expected] };
    check(&[("issues.py", ISSUES), ("code.py", &code)], expected);
}

#[test]
fn a_column_that_a_filter_names_decides_branches() {
    for (query, fields) in [
        ("Issue.objects.order_by('pk')", ""),
        ("Issue.all_objects.order_by('pk')", "writer"),
        ("Issue.all_objects.filter(state=State.DRAFT)", "writer"),
        ("Issue.all_objects.filter(state='open')", ""),
        ("Issue.all_objects.filter(state__in=[State.OPEN, State.DONE])", ""),
        ("Issue.all_objects.filter(state__in=[State.OPEN, State.DRAFT])", "writer"),
        ("Issue.all_objects.filter(~Q(state='draft'))", ""),
        ("Issue.all_objects.exclude(state__in=('draft', 'done'))", ""),
        ("Issue.all_objects.exclude(state='draft', is_public=True)", "writer"),
        ("Issue.all_objects.filter(Q(state='open') | Q(is_public=True))", "writer"),
        ("Issue.all_objects.filter(state__gt='open')", "writer"),
        ("Issue.all_objects.filter(helper__name='draft')", "writer"),
    ] {
        reads(query, "print(issue.text())", fields);
    }
    reads(
        "Issue.all_objects.filter(is_public=True)",
        "print(issue.writer.name if not issue.is_public else issue.helper.name)",
        "helper",
    );
    reads(
        "Issue.all_objects.exclude(is_public=True)",
        "print('' if not issue.is_public else issue.helper.name)",
        "",
    );
    reads(
        "Issue.all_objects.filter(closed__lt=start)",
        "print(issue.writer.name if issue.closed is None else '')",
        "",
    );
}

#[test]
fn what_code_changes_is_no_longer_known() {
    reads(
        "Issue.all_objects.filter(state='draft')",
        "issue.publish()\n        print(issue.writer.name if issue.state == 'open' else '')",
        "writer",
    );
    reads(
        "Issue.all_objects.filter(state='draft')",
        "issue.refresh_from_db(fields=['state'])\n        print('' if issue.is_draft else issue.writer.name)",
        "writer",
    );
}

#[test]
fn a_related_row_that_a_filter_asks_for_is_there() {
    for (query, fields) in [
        ("Issue.objects.order_by('pk')", "writer"),
        ("Issue.objects.filter(helper=Author.objects.first())", ""),
        ("Issue.objects.filter(helper__isnull=False)", ""),
        ("Issue.objects.exclude(helper=None)", ""),
        ("Issue.objects.filter(helper__country__name='a')", ""),
        ("Issue.objects.filter(helper_id__in=start)", ""),
        ("Issue.objects.filter(helper__country__isnull=True)", "writer"),
        ("Issue.objects.exclude(helper__name='a')", "writer"),
        ("Issue.objects.filter(book__issues__helper=start)", "writer"),
        ("Issue.objects.filter(helper=None)", "writer"),
    ] {
        reads(query, "print(issue.shown())", fields);
    }
    reads("Issue.objects.order_by('pk')", "print('' if issue.writer else issue.helper.name)", "writer");
    reads(
        "Issue.objects.filter(book__editor__isnull=False)",
        "print('' if issue.book.editor_id else issue.writer.name)",
        "book",
    );
}

#[test]
fn rows_that_a_set_of_related_rows_holds_are_those_of_its_manager() {
    let code = "from shop.models import Book\n\n\ndef listed():\n    for book in Book.objects.all():\n        for issue in book.issues.all():\n            print(issue.text())\n";
    check(&[("issues.py", ISSUES), ("code.py", code)], &["Safe: for book in Book.objects.all():: issues"]);
}

#[test]
fn a_manager_that_a_package_extends_has_its_methods() {
    let issues = ISSUES
        .replace(
            "objects = IssueManager()",
            "objects = ScopedManager(site='site', _manager_class=IssueManager)",
        )
        .replace(
            "from django.db import models",
            "from django.db import models\nfrom django_scopes import ScopedManager",
        );
    let code = "from shop.models import Book\n\n\ndef listed():\n    for issue in Book.objects.get(pk=1).issues.order_by('pk'):\n        print(issue.text())\n";
    check(&[("issues.py", &issues), ("code.py", code)], &[]);
}

#[test]
fn a_text_that_a_query_asks_not_to_be_null_is_empty_in_few_rows() {
    let models = ISSUES.replacen(
        "    closed =",
        "    code = models.CharField(max_length=9, null=True, blank=True)\n    note = models.CharField(max_length=9, null=True, blank=True)\n    closed =",
        1,
    );
    let line = |query: &str| format!("for issue in Issue.all_objects.{query}:");
    let check_code = |query: &str, body: &str, expected: &[&str]| {
        let code = format!(
            "from shop.issues import Issue\n\n\ndef listed(numbers):\n    {}\n        {body}\n",
            line(query)
        );
        check(&[("issues.py", &models), ("code.py", &code)], expected);
    };
    let writes = "if not issue.code:\n            issue.code = numbers.get(issue.writer.name)";
    for query in ["exclude(code__isnull=True)", "filter(code__isnull=False)", "exclude(code=None)"] {
        check_code(query, writes, &[]);
        check_code(query, "if not issue.code:\n            print(issue.writer.name)", &[]);
        let safe = format!("Safe: {}: writer", line(query));
        check_code(query, "if issue.code:\n            print(issue.writer.name)", &[&safe]);
        check_code(query, "if not issue.note:\n            print(issue.writer.name)", &[&safe]);
    }
    let some = format!("Unsafe: {}: writer", line("order_by('pk')"));
    check_code("order_by('pk')", writes, &[&some]);
}
