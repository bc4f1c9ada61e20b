//! What queries ask of columns: small projects in, predicates out.

use std::fs;

use tuneup_django::predicates::{Kind, Predicate};
use tuneup_django::{Options, Project};

const MODELS: &str = r#"
from django.conf import settings
from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=50)
    email = models.EmailField()


class LiveQuerySet(models.QuerySet):
    def live(self):
        return self.filter(status="live")


class Book(models.Model):
    title = models.CharField(max_length=50)
    status = models.CharField(max_length=10)
    code = models.CharField(max_length=20)
    published = models.DateTimeField()
    author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="books")
    body = models.TextField()
    is_open = models.BooleanField()

    objects = LiveQuerySet.as_manager()

    class Meta:
        ordering = ["-published", "title"]
        get_latest_by = "published"
"#;

fn text(project: &Project, predicate: &Predicate) -> String {
    let name = |field| project.schema.field(field).name().as_str();
    let mut parts = Vec::new();
    for filter in &predicate.filters {
        let kind = match filter.kind {
            Kind::Equality => "=",
            Kind::Range => "~",
            Kind::NotIndexable => "!",
        };
        parts.push(format!(
            "{}{kind}{}{}",
            name(filter.field),
            filter.lookup,
            if filter.sure { "" } else { "?" }
        ));
    }
    for sort in &predicate.order {
        parts.push(format!("{}{}", if sort.descending { "v" } else { "^" }, name(sort.field)));
    }
    for &group in &predicate.groups {
        parts.push(format!("%{}", name(group)));
    }
    for case in &predicate.cases {
        parts.push(format!("({}!{})", name(case.field), case.lookup));
    }
    format!(
        "{:?} {}{}: {}",
        predicate.context,
        project.schema.model(predicate.model).name(),
        if predicate.narrowed_elsewhere { "*" } else { "" },
        parts.join(" ")
    )
}

#[track_caller]
fn check_files(files: &[(&str, &str)], expected: &[&str]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let app = folder.path().join("shop");
    fs::create_dir(&app).expect("a new folder");
    fs::write(app.join("__init__.py"), "").expect("a new file");
    fs::write(app.join("models.py"), MODELS).expect("a new file");
    for (path, text) in files {
        let path = app.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a new folder");
        fs::write(path, text).expect("a new file");
    }
    let project = Project::load(Options { root: folder.path().to_owned(), ..Options::default() }, None);
    let found: Vec<String> = project
        .predicates()
        .all
        .iter()
        .filter(|predicate| project.path(predicate.site.file) != "shop/models.py")
        .map(|predicate| text(&project, predicate))
        .collect();
    assert_eq!(found, expected);
}

#[track_caller]
fn check(code: &str, expected: &[&str]) {
    let code = format!("from django.db.models import F, Q\nfrom shop.models import Author, Book\n{code}");
    check_files(&[("views.py", &code)], expected);
}

#[test]
fn filters_over_several_statements_are_one_predicate() {
    check(
        "
def index(request):
    books = Book.objects.filter(status='live')
    books = books.filter(published__gte=request.since).order_by('title')
    return list(books)
",
        &["Request Book: status=exact published~gte ^title"],
    );
}

#[test]
fn a_branch_makes_another_predicate() {
    check(
        "
def index(request):
    books = Book.objects.filter(status='live').order_by()
    if request.code:
        books = books.filter(code=request.code)
    return list(books)
",
        &["Request Book: status=exact", "Request Book: status=exact code=exact"],
    );
}

#[test]
fn the_order_of_meta_counts_for_rows_and_not_for_get_and_count() {
    check(
        "
def index(request):
    Book.objects.get(code='x')
    Book.objects.filter(code='y').count()
    return Book.objects.filter(code='z')[:10]
",
        &[
            "Request Book: code=exact",
            "Request Book: code=exact",
            "Request Book: code=exact vpublished ^title",
        ],
    );
}

#[test]
fn the_first_the_last_and_the_latest() {
    check(
        "
def index(request):
    Book.objects.first()
    Book.objects.order_by('code').last()
    Book.objects.latest()
    Book.objects.earliest('title')
",
        &[
            "Request Book: vpublished ^title",
            "Request Book: vcode",
            "Request Book: vpublished",
            "Request Book: ^title",
        ],
    );
}

#[test]
fn lookups_over_relations_ask_of_the_related_table() {
    check(
        "
def index(request):
    Book.objects.get(author__email=request.email, status='live')
    Book.objects.filter(author_id=1, author__pk=2, author__id__in=[3, 4]).count()
    Author.objects.filter(books__code='x').count()
",
        &[
            "Request Book*: status=exact",
            "Request Author*: email=exact",
            "Request Book: author=exact author=exact author=in",
            "Request Book: code=exact",
        ],
    );
}

#[test]
fn related_rows_are_chosen_by_their_foreign_key() {
    check(
        "
def index(request, author: Author):
    return author.books.filter(status='live').order_by('-code')[:3]
",
        &["Request Book: status=exact author=exact vcode"],
    );
}

#[test]
fn sides_of_an_or_are_not_sure_and_what_is_left_out_is_not_found() {
    check(
        "
def index(request):
    Book.objects.filter(Q(code='x') | Q(title='y'), status='live').count()
    Book.objects.exclude(code='x').count()
    Book.objects.filter(~Q(code='x') & Q(title='y')).count()
    query = Q()
    query &= Q(code='x')
    Book.objects.filter(query).count()
",
        &[
            "Request Book: code=exact? title=exact? status=exact",
            "Request Book: code!exact",
            "Request Book: code!exact title=exact",
            "Request Book: code=exact",
        ],
    );
}

#[test]
fn values_of_one_column_are_a_list() {
    check(
        "
def index(request):
    Book.objects.filter(Q(status='a') | Q(status='b') | Q(status__in=['c'])).count()
    Book.objects.filter(Q(status='a') | Q(status=None)).count()
    Book.objects.filter(Q(status='a') | ~Q(status='b')).count()
",
        &[
            "Request Book: status=in",
            "Request Book: status=exact? status=exact?",
            "Request Book: status=exact? status!exact?",
        ],
    );
}

#[test]
fn transforms_and_searches_use_no_plain_index() {
    check(
        "
def index(request):
    Book.objects.filter(published__date=request.day, title__icontains='x', body='y').count()
    Book.objects.filter(published__year=2020, code=F('title')).count()
",
        &[
            "Request Book: published!date title!icontains body!exact",
            "Request Book: published~year code!exact",
        ],
    );
}

#[test]
fn querysets_and_shortcuts_carry_their_filters() {
    check(
        "
from django.shortcuts import get_object_or_404

def index(request, code):
    return get_object_or_404(Book.objects.live(), code=code)
",
        &["Request Book: status=exact code=exact"],
    );
}

#[test]
fn what_a_view_calls_runs_for_requests() {
    check_files(
        &[
            ("views.py", "from shop.services import find\n\ndef index(request):\n    return find('x')\n"),
            (
                "services.py",
                "from shop.models import Book\n\ndef find(code):\n    return Book.objects.get(code=code)\n\n\
                 def unused(title):\n    return Book.objects.get(title=title)\n",
            ),
            (
                "tasks.py",
                "from celery import shared_task\nfrom shop.models import Book\n\n@shared_task\ndef sweep():\n    \
                 Book.objects.filter(code='').delete()\n",
            ),
            (
                "management/commands/sweep.py",
                "from django.core.management.base import BaseCommand\nfrom shop.models import Book\n\n\
                 class Command(BaseCommand):\n    def handle(self):\n        Book.objects.filter(title='').delete()\n",
            ),
        ],
        &[
            "Command Book: title=exact",
            "Request Book: code=exact",
            "Unknown Book: title=exact",
            "Task Book: code=exact",
        ],
    );
}

#[test]
fn groups_and_fields_of_in_bulk() {
    check(
        "
def index(request):
    Book.objects.in_bulk(['x'], field_name='code')
    return list(Book.objects.filter(title='x').distinct('status'))
",
        &["Request Book: code=exact vpublished ^title", "Request Book: title=exact %status"],
    );
}

#[test]
fn conditions_within_expressions_choose_no_rows() {
    check(
        "
from django.db.models import Case, Count, Sum, Value, When

def index(request):
    Author.objects.annotate(n=Count('books', filter=Q(books__status='live'))).get(email='x')
    Book.objects.aggregate(n=Sum(Case(When(code='x', then=1), When(Q(title='y'), then=Value(2)))))
    return Book.objects.annotate(is_live=Q(status='live')).get(code='x')
",
        &[
            "Request Author: email=exact",
            "Request Book*: (status!exact)",
            "Request Book: (code!exact) (title!exact)",
            "Request Book: code=exact (status!exact)",
        ],
    );
}

#[test]
fn values_are_groups_where_rows_are_counted() {
    check(
        "
from django.db.models import Count

def index(request):
    list(Book.objects.values('status').annotate(n=Count('pk')))
    return list(Book.objects.order_by().values('code').annotate(upper=F('title')))
",
        &["Request Book: %status"],
    );
}

#[test]
fn what_is_computed_of_columns_is_not_found() {
    check(
        "
def index(request):
    return list(Book.objects.filter(code=F('title') + 'x', published__gt=2 * F('id')).order_by())
",
        &["Request Book: code!exact published!gt"],
    );
}

#[test]
fn callers_of_a_manager_s_method_ask_for_themselves() {
    check(
        "
def index(request):
    return list(Book.objects.live().order_by('code'))

def others(request):
    return list(Book.objects.live().order_by('code'))
",
        &["Request Book: status=exact ^code", "Request Book: status=exact ^code"],
    );
}

#[test]
fn choices_of_foreign_keys_are_limited() {
    check_files(
        &[(
            "more/models.py",
            "from django.db import models\nfrom django.db.models import Q\n\n\ndef live():\n    return {'status': 'live'}\n\n\n\
             class Loan(models.Model):\n    by = models.ForeignKey('shop.Author', models.CASCADE, limit_choices_to=Q(email='x'))\n    \
             first = models.ForeignKey('shop.Book', models.CASCADE, limit_choices_to=live, related_name='+')\n    \
             other = models.ForeignKey('shop.Book', models.CASCADE, limit_choices_to={'code__gt': 'x'}, related_name='+')\n\n    \
             class Meta:\n        app_label = 'shop'\n",
        )],
        &["Unknown Author: email=exact", "Unknown Book: status=exact", "Unknown Book: code~gt"],
    );
}

#[test]
fn views_and_admins_ask_by_declarations() {
    check_files(
        &[
            (
                "admin.py",
                "from django.contrib import admin\nfrom shop.models import Book\n\n\n@admin.register(Book)\n\
                 class BookAdmin(admin.ModelAdmin):\n    search_fields = ['=code', 'title', 'status__startswith']\n    list_filter = ['status']\n    \
                 date_hierarchy = 'published'\n    ordering = ['-code']\n",
            ),
            (
                "views.py",
                "from django.views.generic import DetailView, ListView\nfrom shop.models import Author, Book\n\n\n\
                 class Show(DetailView):\n    model = Book\n    slug_field = 'code'\n\n\n\
                 class All(ListView):\n    model = Author\n    ordering = '-name'\n    paginate_by = 20\n",
            ),
            (
                "api.py",
                "from rest_framework import viewsets\nfrom shop.models import Book\n\n\n\
                 class BookViewSet(viewsets.ModelViewSet):\n    queryset = Book.objects.all()\n    lookup_field = 'title'\n    \
                 filterset_fields = {'status': ['exact', 'in']}\n    ordering = ['code']\n",
            ),
            (
                "filters.py",
                "import django_filters\nfrom shop.models import Book\n\n\nclass BookFilter(django_filters.FilterSet):\n    \
                 class Meta:\n        model = Book\n        fields = ['code']\n",
            ),
        ],
        &[
            "Admin Book: vcode",
            "Admin Book: code!iexact? title!icontains? status!startswith?",
            "Admin Book: status=exact?",
            "Admin Book: published~gte",
            "Request Book: title=exact",
            "Request Book: ^code",
            "Request Book: status=exact? status=in?",
            "Request Book: code=exact?",
            "Request Book: code=exact",
            "Request Author: vname",
        ],
    );
}
