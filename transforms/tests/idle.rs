//! Code that costs nobody anything: handlers of what fails, what only tests call, views that no URL names.

mod support;

use support::check;

const IMPORTS: &str = "from django.db.models import Prefetch, prefetch_related_objects\n\
                       from shop.models import Author, Book, Note\n\n\n";

fn code(body: &str) -> String {
    format!("{IMPORTS}{body}")
}

#[test]
fn what_an_exception_says_is_not_read_for_every_row() {
    let view = |says: &str| {
        code(&format!(
            "def checked(note):\n    \
             if note.pk > 3:\n        \
             {says}\n    \
             return note.pk\n\n\n\
             def listed(request):\n    \
             notes = Note.objects.order_by('pk')\n    \
             return [checked(note) for note in notes]\n"
        ))
    };
    check(&[("views.py", &view("raise ValueError(f'{note} is too long')"))], &[]);
    check(
        &[("views.py", &view("print(f'{note} is too long')"))],
        &["Safe: notes = Note.objects.order_by('pk'): user"],
    );
}

#[test]
fn what_runs_where_the_data_are_broken_costs_nothing() {
    let view = |kinds: &str| {
        code(&format!(
            "def shown(request):\n    \
             try:\n        \
             return Book.objects.get(title='a')\n    \
             except {kinds}:\n        \
             return [book.author.name for book in Book.objects.filter(title='a')]\n"
        ))
    };
    check(&[("views.py", &view("Book.MultipleObjectsReturned"))], &[]);
    check(&[("views.py", &view("(Book.MultipleObjectsReturned, IntegrityError) as error"))], &[]);
    let begun = "def shown(request):\n    \
                 books = Book.objects\n    \
                 try:\n        \
                 return books.get(title='a')\n    \
                 except Book.MultipleObjectsReturned:\n        \
                 return [book.author.name for book in books.filter(title='a')]\n";
    check(&[("views.py", &code(begun))], &[]);
    let line = "return [book.author.name for book in Book.objects.filter(title='a')]";
    for kinds in ["Book.DoesNotExist", "(Book.MultipleObjectsReturned, Book.DoesNotExist)", "Exception"] {
        check(&[("views.py", &view(kinds))], &[&format!("Safe: {line}: author")]);
    }
}

#[test]
fn what_the_handler_of_any_exception_reads_of_rows_that_it_has_not_asked_for_costs_nothing() {
    let view = |caught: &str, read: &str| {
        code(&format!(
            "def sent(books):\n    for book in books:\n        try:\n            print(book.title)\n        \
             except{caught}:\n            print({read})\n\n\n\
             def shown(request):\n    sent(Book.objects.order_by('pk'))\n"
        ))
    };
    for caught in ["", " Exception", " (Exception, OSError) as error", " BaseException"] {
        check(&[("views.py", &view(caught, "book.author.name"))], &[]);
    }
    let read = &["Safe: sent(Book.objects.order_by('pk')): author"];
    for caught in [" OSError", " Book.DoesNotExist as error"] {
        check(&[("views.py", &view(caught, "book.author.name"))], read);
    }
}

#[test]
fn what_is_done_where_a_row_is_missing_that_is_the_same_for_all_costs_nothing() {
    let view = |got: &str, caught: &str| {
        code(&format!(
            "def name_of(book, name):\n    \
             try:\n        found = {got}\n    \
             except {caught}:\n        return book.author.name\n    \
             return found\n\n\n\
             def listed(request):\n    \
             return [name_of(book, 'unknown') for book in Book.objects.order_by('pk')]\n"
        ))
    };
    let read = &["Safe: return [name_of(book, 'unknown') for book in Book.objects.order_by('pk')]: author"];
    check(&[("views.py", &view("Author.objects.get(name=name)", "Author.DoesNotExist"))], &[]);
    // A function within has variables of its own.
    let key = |key: &str| {
        let got = format!("Author.objects.get(name=max(name, key=lambda {key}))");
        view(&got, "Author.DoesNotExist")
    };
    check(&[("views.py", &key("it: it"))], &[]);
    check(&[("views.py", &key("a, b=1, c=2, d=3, e=4: e"))], &[]);
    check(&[("views.py", &key("it: book.title"))], read);
    // Each row has its own, or the code asks otherwise.
    check(&[("views.py", &view("Author.objects.get(name=book.title)", "Author.DoesNotExist"))], read);
    check(&[("views.py", &view("Author.objects.get(name=name)", "(OSError, ValueError)"))], read);
    check(&[("views.py", &view("request.names[name]", "KeyError"))], read);
}

#[test]
fn what_only_tests_call_costs_nothing() {
    let helpers = code(
        "def readers():\n    \
         notes = Note.objects.order_by('pk')\n    \
         return [note.user.name for note in notes]\n\n\n\
         def titles():\n    \
         others = Note.objects.order_by('-pk')\n    \
         return [note.book.title for note in others]\n\n\n\
         def first():\n    return 1\n\n\ndef second():\n    return 2\n",
    );
    let views = "from shop.helpers import first, readers, second\n\n\n\
                 def listed(request):\n    return readers() + [first(), second()]\n";
    let tests = "from shop.helpers import titles\n\n\ndef test_titles():\n    assert titles() == []\n";
    let readers = "Safe: notes = Note.objects.order_by('pk'): user";
    let titles = "Safe: others = Note.objects.order_by('-pk'): book";
    let files = [("helpers.py", helpers.as_str()), ("views.py", views), ("tests/test_helpers.py", tests)];
    check(&files, &[readers]);
    // A name in a template or a text calls them too, and a decorator may.
    let by_name = "HELPERS = {'titles': 'shop.helpers.titles'}\n";
    check(&[&files[..], &[("table.py", by_name)]].concat(), &[readers, titles]);
    // So does a file that is not valid Python.
    check(&[&files[..], &[("old.py", "print titles()\n")]].concat(), &[readers, titles]);
    let decorated = helpers.replace("def titles", "@registered\ndef titles");
    check(&[("helpers.py", &decorated), ("views.py", views)], &[readers, titles]);
    // Functions of which none is mentioned are called by other means.
    check(&[("helpers.py", &helpers)], &[readers, titles]);
    // What only they call is called by nobody either.
    let chain =
        helpers.replace("def first():", "def all_titles():\n    return titles()\n\n\ndef first():\n    ");
    let tests =
        "from shop.helpers import all_titles\n\n\ndef test_titles():\n    assert all_titles() == []\n";
    let files = [("helpers.py", chain.as_str()), ("views.py", views), ("tests/test_helpers.py", tests)];
    check(&files, &[readers]);
    let used = views.replace("return readers()", "return readers() + helpers.all_titles()");
    let used = format!("from shop import helpers\n{used}");
    check(&[("helpers.py", &chain), ("views.py", &used)], &[readers, titles]);
}

#[test]
fn a_view_that_no_address_leads_to_costs_nothing() {
    let view = |name: &str| {
        format!(
            "class {name}(ListView):\n    queryset = Note.objects.filter(pk__gt=1)\n\n    \
             def get_context_data(self, **kwargs):\n        \
             return {{'names': [note.user.name for note in Note.objects.order_by('pk')]}}\n\n\n"
        )
    };
    let simple = |name: &str| format!("class {name}(View):\n    pass\n\n\n");
    let views = format!(
        "from django.views.generic import ListView, View\nfrom shop.models import Note\n\n\n{}{}{}{}",
        view("Notes"),
        simple("First"),
        simple("Second"),
        simple("Third"),
    );
    let urls = |names: &str| {
        format!(
            "from django.urls import path\nfrom shop import views\n\n\n\
             urlpatterns = [path(view.__name__, view.as_view()) for view in [{names}]]\n"
        )
    };
    let found = &["Safe: return {'names': [note.user.name for note in Note.objects.order_by('pk')]}: user"];
    let few = urls("views.First, views.Second, views.Third");
    check(&[("views.py", &views), ("urls.py", &few)], &[]);
    let all = urls("views.First, views.Second, views.Third, views.Notes");
    check(&[("views.py", &views), ("urls.py", &all)], found);
    // Views of which few are mentioned are found by other means.
    check(&[("views.py", &views), ("urls.py", &urls("views.First"))], found);
    // A class that extends it is mentioned in its stead.
    let extended = format!("{views}class More(Notes):\n    pass\n");
    check(&[("views.py", &extended), ("urls.py", &few)], found);
}
