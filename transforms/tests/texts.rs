//! Texts that are made of texts which are known decide the branches that they are compared in.

mod support;

use support::check;

/// The author is read where a text is `view_book` or `change_book`, and not where it is none of them.
#[track_caller]
fn made(text: &str) {
    let view = |wanted: &str| {
        format!(
            "from shop.models import Book\n\n\n\
             def listed(request):\n    \
             action = 'view' if request.user else 'change'\n    \
             asked = {text}\n    \
             for book in Book.objects.order_by('pk'):\n        \
             if asked == '{wanted}':\n            print(book.author.name)\n"
        )
    };
    let read = &["Safe: for book in Book.objects.order_by('pk'):: author"];
    check(&[("views.py", &view("view_book"))], read);
    check(&[("views.py", &view("delete_book"))], &[]);
}

#[test]
fn a_text_that_is_formatted_of_known_texts_is_one_of_few() {
    made("'%s_book' % action");
    made("'%s_%s' % (action, 'book')");
    made("'{}_book'.format(action)");
    made("'{what}_{}'.format('book', what=action)");
}

#[test]
fn what_is_formatted_otherwise_may_be_anything() {
    for text in [
        "'%s_book' % request.GET['action']",
        "'%10s_book' % action",
        "'{:>10}_book'.format(action)",
        "'{0}_book'.format(action)",
        "'{}_book'.format(*request.path)",
    ] {
        let text = format!(
            "from shop.models import Book\n\n\n\
             def listed(request):\n    \
             action = 'view' if request.user else 'change'\n    \
             asked = {text}\n    \
             for book in Book.objects.order_by('pk'):\n        \
             if asked == 'delete_book':\n            print(book.author.name)\n"
        );
        check(&[("views.py", &text)], &["Safe: for book in Book.objects.order_by('pk'):: author"]);
    }
}
