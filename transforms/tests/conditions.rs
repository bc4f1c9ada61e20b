//! What a template's `{% if %}` comes to where a view says it.

mod support;

use support::check;

const VIEWS: &str = "from django.shortcuts import render\n\
                     from shop.models import Book\n\n\n";

/// What is proposed for a view that gives its template this context, where the template tests this.
fn proposed(context: &str, test: &str, expected: &[&str]) {
    let views = format!(
        "{VIEWS}def listed(request):\n    \
         books = Book.objects.order_by('pk')\n    \
         {context}\n    \
         return render(request, 'books.html', context)\n"
    );
    let template = format!(
        "{{% for book in books %}}{{% if {test} %}}{{{{ book.author.name }}}}{{% else %}}\
         {{{{ book.editor.name }}}}{{% endif %}}{{% endfor %}}"
    );
    let query = "Safe: books = Book.objects.order_by('pk')";
    let expected: Vec<String> = expected.iter().map(|path| format!("{query}: {path}")).collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check(&[("views.py", &views), ("templates/books.html", &template)], &expected);
}

const BOTH: &[&str] = &["author, editor"];

#[test]
fn a_branch_that_a_views_flag_rules_out_reads_nothing() {
    let context =
        "context = {'books': books, 'is_short': True, 'is_long': False, 'is_new': bool(request.GET)}";
    proposed(context, "is_short", &["author"]);
    proposed(context, "not is_short", &["editor"]);
    proposed(context, "is_long", &["editor"]);
    proposed(context, "not is_long and is_short", &["author"]);
    proposed(context, "is_long or is_short", &["author"]);
    proposed(context, "is_long and is_short or is_long", &["editor"]);
    proposed(context, "is_short and is_new", BOTH);
    proposed(context, "is_long and is_new", &["editor"]);
    proposed(context, "is_short == True", &["author"]);
    proposed(context, "not is_long is not False", &["author"]);
}

#[test]
fn words_are_as_strong_as_they_are_in_django() {
    let context = "context = {'books': books, 'yes': True, 'no': False, 'kind': 'short'}";
    proposed(context, "yes or no and no", &["author"]);
    proposed(context, "not no or yes", &["author"]);
    proposed(context, "not kind == 'short'", &["editor"]);
    proposed(context, "kind != 'long'", &["author"]);
    proposed(context, "not kind in book.title", BOTH);
    // What makes no sense is not known.
    proposed(context, "yes or", BOTH);
    proposed(context, "yes == not no", BOTH);
}

#[test]
fn a_flag_that_may_be_missing_and_a_text_are_not_known() {
    proposed(
        "context = {'books': books}\n    if request.GET:\n        context['is_short'] = True",
        "is_short",
        BOTH,
    );
    proposed("context = {'books': books, 'is_short': bool(request.GET)}", "is_short", BOTH);
    proposed("context = {'books': books, 'error': 'None'}", "error", BOTH);
}

/// Settings with these context processors.
fn settings(processors: &str) -> String {
    format!(
        "SECRET_KEY = 'x'\n\
         INSTALLED_APPS = ['shop']\n\
         TEMPLATES = [{{\n    \
         'BACKEND': 'django.template.backends.django.DjangoTemplates',\n    \
         'APP_DIRS': True,\n    \
         'OPTIONS': {{'context_processors': ['django.template.context_processors.request', {processors}]}},\n\
         }}]\n"
    )
}

const MANAGE: &str = "import os\n\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n";

const SHOWN: &str = "{% for book in books %}{% if is_short %}{{ book.author.name }}{% endif %}\
                     {{ book.editor.name }}{% endfor %}";

#[test]
fn a_variable_that_no_one_gives_a_template_is_not_there() {
    let views = "from django.shortcuts import render\n\
                 from django.views.generic import ListView\n\
                 from shop.models import Book\n\n\n\
                 def listed(request):\n    \
                 return render(request, 'books.html', {'books': Book.objects.order_by('pk')})\n\n\n\
                 class Books(ListView):\n    \
                 template_name = 'books.html'\n    \
                 context_object_name = 'books'\n\n    \
                 def get_queryset(self):\n        \
                 return Book.objects.all()\n\n    \
                 def get_context_data(self, **kwargs):\n        \
                 return super().get_context_data(MORE**kwargs)\n";
    let proposed = |processors: &str, more: &str, shown: &str, expected: &[&str]| {
        let settings = settings(processors);
        let views = views.replace("MORE", more);
        let files = [
            ("manage.py", MANAGE),
            ("settings.py", settings.as_str()),
            ("processors.py", "def lengths(request):\n    return {'is_short': bool(request.GET)}\n"),
            ("views.py", views.as_str()),
            ("templates/books.html", shown),
            (
                "templates/book.html",
                "{% if is_short %}{{ book.author.name }}{% endif %}{{ book.editor.name }}",
            ),
        ];
        check(&files, expected);
    };
    let listed = "Safe: return render(request, 'books.html', {'books': Book.objects.order_by('pk')})";
    let books = "Safe: return Book.objects.all()";
    let (both, short) = ("author, editor", "editor");
    let expected = |first: &str, second: &str| [format!("{listed}: {first}"), format!("{books}: {second}")];
    let expect = |processors: &str, more: &str, shown: &str, first: &str, second: &str| {
        let expected = expected(first, second);
        proposed(processors, more, shown, &expected.each_ref().map(String::as_str));
    };
    expect("", "", SHOWN, short, short);
    expect("", "is_short=True, ", SHOWN, short, both);
    expect("'shop.processors.lengths'", "", SHOWN, both, both);
    expect("'elsewhere.processors.lengths'", "", SHOWN, both, both);
    // What tags put there is there.
    let named = |tag: &str| format!("{{% {tag} %}}{SHOWN}");
    expect("", "", &named("url 'home' as is_short"), both, both);
    expect("", "", &named("get_lengths as is_short"), both, both);
    let with =
        |with: &str| format!("{{% for book in books %}}{{% include 'book.html' {with} %}}{{% endfor %}}");
    expect("", "", &with(""), short, short);
    expect("", "", &with("with is_short=True"), both, both);
    expect("", "is_short=True, ", &with(""), short, both);
    expect("", "is_short=True, ", &with("with book=book only"), short, short);
}
