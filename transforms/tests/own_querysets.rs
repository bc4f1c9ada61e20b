//! Querysets of the project's own classes, of which code makes one by itself, and which several models have.

mod support;

use support::check;

#[test]
fn what_django_cannot_clone_is_asked_nothing_more() {
    for (base, init, found) in [
        ("models.QuerySet", "", Some("Safe")),
        (
            "models.QuerySet",
            "def __init__(self, *args, **kwargs):\n        super().__init__(*args, **kwargs)",
            Some("Safe"),
        ),
        ("models.QuerySet", "def __init__(self, model, keys):\n        super().__init__(model)", None),
        (
            "models.query.RawQuerySet",
            "def __init__(self, model, **kwargs):\n        super().__init__('SELECT', model, **kwargs)",
            None,
        ),
        (
            "models.query.RawQuerySet",
            "def __init__(self, model, keys):\n        super().__init__('SELECT', model)",
            None,
        ),
    ] {
        let body = if init.is_empty() { "pass" } else { init };
        let code = format!(
            "from django.db import models\nfrom shop.models import Book\n\n\nclass Found({base}):\n    {body}\n\n\n\
             def listed(request):\n    books = Found(Book)\n    return [book.author.name for book in books]\n"
        );
        let found = found.map(|safety| format!("{safety}: books = Found(Book): author"));
        let found: Vec<&str> = found.iter().map(String::as_str).collect();
        check(&[("views.py", &code)], &found);
    }
}

/// A queryset's class, and managers of its of two models.
fn shared(base: &str, method: &str, photo: &str, uses: &str) -> String {
    let (of_review, of_photo) = match base {
        "models.QuerySet" => ("ReviewRows.as_manager()", "PhotoRows.as_manager()"),
        _ => ("ReviewRows()", "PhotoRows()"),
    };
    format!(
        "from django.db import models\nfrom shop.models import Author, Book\n\n\nclass ShownRows({base}):\n    \
         def shown(self):\n        {method}\n\n\nclass ReviewRows(ShownRows):\n    pass\n\n\n\
         class PhotoRows(ShownRows):\n    pass\n\n\n\
         class Review(models.Model):\n    author = models.ForeignKey(Author, on_delete=models.CASCADE)\n    \
         is_shown = models.BooleanField()\n    objects = {of_review}\n\n    class Meta:\n        \
         app_label = 'shop'\n\n\nclass Photo(models.Model):\n    {photo}\n    is_shown = models.BooleanField()\n    \
         objects = {of_photo}\n\n    class Meta:\n        app_label = 'shop'\n\n\n{uses}"
    )
}

const FOREIGN: &str = "author = models.ForeignKey(Author, on_delete=models.CASCADE)";
const PROPERTY: &str = "author = property(lambda self: None)";
const USES: &str = "
def listed():
    reviews = Review.objects.shown()
    return [review.author.name for review in reviews]


def counted():
    reviews = Review.objects.shown()
    return {review.author.country_id for review in reviews}
";

#[test]
fn what_a_method_of_several_models_querysets_gives_is_loaded_behind_it_where_one_may_lack_it() {
    let method = "return self.filter(is_shown=True)";
    for base in ["models.QuerySet", "models.Manager"] {
        let behind = ["Safe: reviews = Review.objects.shown(): author"; 2];
        check(&[("rows.py", &shared(base, method, PROPERTY, USES))], &behind);
        check(&[("rows.py", &shared(base, method, "text = models.TextField()", USES))], &behind);
        let all_have_it = shared(base, method, FOREIGN, USES);
        let within = format!("Safe: {method}: author");
        check(&[("rows.py", &all_have_it)], &[&within]);
        // Models of tests are not read.
        for (test, expected) in [
            ("class FrameRows(ShownRows):\n    pass\n", &behind[..]),
            ("def test_shown():\n    assert isinstance(None, ShownRows)\n", &[&*within]),
        ] {
            let test = format!("from shop.rows import ShownRows\n\n\n{test}");
            check(&[("rows.py", &all_have_it), ("tests/frames.py", &test)], expected);
        }
    }
}

#[test]
fn what_a_method_of_several_models_querysets_reads_itself_is_loaded_there_where_all_of_them_have_it() {
    let uses = "def listed():\n    return Review.objects.shown()\n";
    for (rows, photo, is_loaded) in [
        ("self.filter(is_shown=True)", PROPERTY, false),
        ("super().get_queryset()", PROPERTY, false),
        ("self.filter(is_shown=True)", FOREIGN, true),
        // A model by its own name is what it is, whoever asks.
        ("Book.objects.filter(pk__gt=1)", PROPERTY, true),
    ] {
        let method = format!("return [row.author.name for row in {rows}]");
        let expected = format!("Safe: {method}: author");
        let expected: &[&str] = if is_loaded { &[&expected] } else { &[] };
        check(&[("rows.py", &shared("models.Manager", &method, photo, uses))], expected);
    }
}

#[test]
fn what_a_queryset_asks_for_in_a_way_of_its_own_has_no_prefetches() {
    let models = |body: &str| {
        format!(
            "from django.db import models\nfrom shop.models import Author, Tag\n\n\nclass Rows(models.QuerySet):\n    {body}\n\n\n\
             class Essay(models.Model):\n    author = models.ForeignKey(Author, on_delete=models.CASCADE)\n    \
             tags = models.ManyToManyField(Tag)\n    objects = Rows.as_manager()\n\n    \
             class Meta:\n        app_label = 'shop'\n"
        )
    };
    let line = "for essay in Essay.objects.order_by('pk'):";
    let view = format!(
        "from shop.essays import Essay\n\n\ndef listed(request):\n    {line}\n        \
         print(essay.author.name, [tag.name for tag in essay.tags.all()])\n"
    );
    let (select, prefetch) = (format!(": {line}: author"), format!("Safe: {line}: tags"));
    for (body, expected) in [
        ("def shown(self):\n        return self", vec![format!("Safe{select}"), prefetch]),
        ("def _fetch_all(self):\n        self._result_cache = kinds(self)", vec![format!("Unsafe{select}")]),
        ("def __iter__(self):\n        return iter(kinds(self))", vec![format!("Unsafe{select}")]),
    ] {
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(&[("essays.py", &models(body)), ("views.py", &view)], &expected);
    }
}
