//! Rows that changelists of the admin show.

mod support;

use support::{Shop, check};
use tuneup_transforms::proposal::{Change, QueryForm};

#[test]
fn a_changelist_joins_what_its_columns_read() {
    let admin = "
from django.contrib import admin
from shop.models import Book, Note


@admin.register(Book)
class BookAdmin(admin.ModelAdmin):
    list_display = ['title', 'author', 'editor', 'all_tags']

    def all_tags(self, book):
        return ', '.join(tag.name for tag in book.tags.all())


class NoteAdmin(admin.ModelAdmin):
    list_display = ['__str__']


admin.site.register(Note, NoteAdmin)
";
    check(
        &[("admin.py", admin)],
        &[
            "Safe: class BookAdmin(admin.ModelAdmin):: author, editor",
            "Safe: class NoteAdmin(admin.ModelAdmin):: user",
            "Safe: class BookAdmin(admin.ModelAdmin):: tags",
        ],
    );
}

#[test]
fn what_a_changelist_joins_by_itself_is_no_proposal_of_its_own() {
    let texts = "
from django.contrib import admin
from django.db import models
from shop.models import Author, Book


class Page(models.Model):
    title = models.CharField(max_length=50, blank=True)
    book = models.ForeignKey(Book, null=True, on_delete=models.CASCADE)

    class Meta:
        app_label = 'shop'

    def __str__(self):
        return self.title or self.book.title


class Mark(models.Model):
    page = models.ForeignKey(Page, on_delete=models.CASCADE)
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    reader = models.ForeignKey(Author, null=True, on_delete=models.CASCADE, related_name='+')

    class Meta:
        app_label = 'shop'


@admin.register(Mark)
class MarkAdmin(admin.ModelAdmin):
    list_display = ['author', 'shown']

    def shown(self, mark):
        return str(mark.READ)
";
    // What Django joins is named with each of the joins that end it.
    check(
        &[("pages.py", &texts.replace("READ", "reader.country_id, mark.page"))],
        &[
            "Safe: class MarkAdmin(admin.ModelAdmin):: page, author, reader",
            "Unsafe: class MarkAdmin(admin.ModelAdmin):: page__book, author",
        ],
    );
    check(&[("pages.py", &texts.replace("READ", "author, mark.page_id"))], &[]);
}

#[test]
fn a_changelist_that_joins_all_by_itself_is_left_alone() {
    let admin = "
from django.contrib import admin
from shop.models import Book


@admin.register(Book)
class BookAdmin(admin.ModelAdmin):
    list_display = ['title', 'author', 'country']

    def country(self, book):
        return book.author.country.name
";
    check(&[("admin.py", admin)], &[]);
}

#[test]
fn a_static_method_of_an_admin_is_given_the_row_alone() {
    let admin = "
from django.contrib import admin
from shop.models import Book


@admin.register(Book)
class BookAdmin(admin.ModelAdmin):
    list_display = ['wrote', 'edited']

    BINDING
    def wrote(FIRST):
        return book.author.name

    @staticmethod
    def edited(book):
        return book.editor.name
";
    for (binding, first) in [("@staticmethod", "book"), ("@classmethod", "cls, book"), ("", "self, book")] {
        let admin = admin.replace("BINDING", binding).replace("FIRST", first);
        check(&[("admin.py", &admin)], &["Safe: class BookAdmin(admin.ModelAdmin):: author, editor"]);
    }
    // Python gives a method its admin first.
    check(
        &[("admin.py", &admin.replace("BINDING", "").replace("FIRST", "book, other"))],
        &["Safe: class BookAdmin(admin.ModelAdmin):: editor"],
    );
}

#[test]
fn an_admin_starts_from_what_the_default_manager_loads() {
    let loans = |joins: &str| {
        format!(
            "
from django.db import models
from outside import SoftDeleteManager
from shop.models import Author, Book


class LoanManager(SoftDeleteManager):
    def get_queryset(self):
        return super().get_queryset(){joins}


class Loan(models.Model):
    book = models.ForeignKey(Book, on_delete=models.CASCADE)
    reader = models.ForeignKey(Author, null=True, on_delete=models.CASCADE)
    objects = LoanManager()

    def __str__(self):
        return self.book.title
"
        )
    };
    let code = "
from django.contrib import admin
from django.views.generic import ListView
from shop.loans import Loan


@admin.register(Loan)
class LoanAdmin(admin.ModelAdmin):
    list_display = ['__str__', 'reader']
    actions = None


class Loans(ListView):
    model = Loan
    template_name = 'loans.html'
";
    let page = "{% for loan in object_list %}{{ loan.book.title }}{% endfor %}";
    let files = |joins: &str| {
        let models = format!("{}\nfrom shop.loans import Loan\n", support::MODELS);
        [
            ("models.py", models),
            ("loans.py", loans(joins)),
            ("admin.py", code.to_owned()),
            ("templates/loans.html", page.to_owned()),
        ]
    };
    let check_with = |joins: &str, expected: &[&str]| {
        let files = files(joins);
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        check(&files, expected);
    };
    check_with(
        ".order_by('pk')",
        &["Safe: class LoanAdmin(admin.ModelAdmin):: book, reader", "Safe: model = Loan: book"],
    );
    // Django joins the columns by itself where nothing else is joined.
    check_with(".select_related('book')", &["Safe: class LoanAdmin(admin.ModelAdmin):: reader"]);
    // There it does not look at `list_select_related` either.
    let in_get_queryset = |joins: &str| {
        let files = files(joins);
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let changes = Shop::new(&files).proposals().swap_remove(0).changes;
        matches!(&*changes, [Change::ExtendPlan { form: QueryForm::AdminQueryset, .. }])
    };
    assert!(in_get_queryset(".select_related('book')"));
    assert!(!in_get_queryset(".order_by('pk')"));
}

#[test]
fn what_a_base_of_another_package_shows_and_joins_is_not_guessed() {
    let admin = "
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from roles.admin import RoleAdmin
from reversion.admin import VersionAdmin
from shop.models import Note


class NoteAdmin(BASES):
    OWN


admin.site.register(Note, NoteAdmin)
";
    let with = |bases: &str, own: &str| admin.replace("BASES", bases).replace("OWN", own);
    let user = |bases: &str| format!("Safe: class NoteAdmin({bases}):: user");
    let columns = "list_display = ['id', '__str__']";
    let joins = "list_display = ['id', '__str__']\n    list_select_related = ['book']";
    // It may have its own columns, and may join what they read.
    for (bases, own) in [
        ("RoleAdmin", "actions = None"),
        ("RoleAdmin", columns),
        ("RoleAdmin, admin.ModelAdmin", columns),
        ("RoleAdmin", "list_select_related = ['book']"),
        // Django's own for users has.
        ("UserAdmin", "actions = None"),
    ] {
        check(&[("admin.py", &with(bases, own))], &[]);
    }
    for (bases, own) in [
        ("admin.ModelAdmin", "actions = None"),
        // What stands nearer holds.
        ("RoleAdmin", joins),
        // This one has neither.
        ("VersionAdmin", columns),
    ] {
        check(&[("admin.py", &with(bases, own))], &[&user(bases)]);
    }
    // What the class asks its base for is prefetched beside whatever that loads.
    let own =
        "list_display = ['tags']\n\n    def tags(self, note):\n        return list(note.book.tags.all())";
    check(&[("admin.py", &with("RoleAdmin", own))], &["Safe: class NoteAdmin(RoleAdmin):: book__tags"]);
}

#[test]
fn what_text_that_is_not_read_may_need_stays_joined() {
    let models = |base: &str, own: &str| {
        format!(
            "
from django.contrib import admin
from django.db import models
from model_utils.models import TimeStampedModel
from outside.models import Marked
from shop.models import Author, Book


class Mark({base}):
    book = models.ForeignKey(Book, on_delete=models.CASCADE)
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    reader = models.ForeignKey(Author, null=True, on_delete=models.CASCADE, related_name='+')

    class Meta:
        app_label = 'shop'
{own}

@admin.register(Mark)
class MarkAdmin(admin.ModelAdmin):
    list_display = ['__str__', 'reader']
"
        )
    };
    let own = "\n    def __str__(self):\n        return 'mark'\n";
    let found = |names: &str| format!("Safe: class MarkAdmin(admin.ModelAdmin):: {names}");
    for (base, own, names) in [
        ("Marked, models.Model", "", "book, author, reader"),
        ("Marked, models.Model", own, "reader"),
        ("TimeStampedModel", "", "reader"),
        ("models.Model", "", "reader"),
    ] {
        check(&[("marks.py", &models(base, own))], &[&found(names)]);
    }
}

#[test]
fn a_changelist_labels_boxes_only_where_an_action_remains() {
    let admin = "
from django.contrib import admin
from mptt.admin import MPTTModelAdmin
from import_export.admin import ExportActionMixin
from shop.models import Note


class Kept(admin.ModelAdmin):
    def has_delete_permission(self, request, obj=None):
        return False


class Owned(admin.ModelAdmin):
    def has_delete_permission(self, request, obj=None):
        return obj is None or request.user == obj.user


@admin.register(Note)
class NoteAdmin(BASES):
    list_display = ['id']
    OWN
";
    let with = |bases: &str, own: &str, is_labelled: bool| {
        let admin = admin.replace("BASES", bases).replace("OWN", own);
        let labelled = format!("Safe: class NoteAdmin({bases}):: user");
        let expected: &[&str] = if is_labelled { &[&labelled] } else { &[] };
        check(&[("../requirements.txt", "Django==5.2\n"), ("admin.py", &admin)], expected);
    };
    with("admin.ModelAdmin", "", true);
    with("Kept", "", false);
    with("MPTTModelAdmin, Kept", "", false);
    with("Kept", "actions = []", false);
    // Others remain, or may.
    with("Kept", "actions = ['shown']", true);
    with("ExportActionMixin, Kept", "", true);
    with("Kept", "def get_actions(self, request):\n        return {'shown': None}", true);
    with("Kept", "\n\nadmin.site.add_action(print)", true);
    with("Owned", "", true);
}
