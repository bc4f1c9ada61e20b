//! Views that ask for their one object more than once in a request.

mod support;

use support::check;

const PAGE: &str = "{% for book in object.books.all %}{{ book.title }}{% for tag in book.tags.all %}{{ tag.name }}{% endfor %}{% endfor %}";

/// How safe it is to prefetch what the page of one author reads, with these methods of its view.
#[track_caller]
fn found(bases: &str, methods: &str, safety: &str) {
    let views = format!(
        "from django.contrib.auth.mixins import UserPassesTestMixin\n\
         from django.utils.functional import cached_property\n\
         from django.views.generic import DetailView, View\n\
         from shop.models import Author\n\n\n\
         class AuthorView({bases}):\n    \
             queryset = Author.objects.order_by('pk')\n    \
             template_name = 'author.html'\n\n{methods}\n"
    );
    let expected = format!("{safety}: queryset = Author.objects.order_by('pk'): books__tags");
    check(&[("views.py", &views), ("templates/author.html", PAGE)], &[&expected]);
}

#[test]
fn each_time_that_a_view_asks_for_its_object_a_prefetch_is_paid_for() {
    let tests = "    def test_func(self):\n        return self.get_object().name == self.request.user.name\n";
    found("UserPassesTestMixin, DetailView", tests, "Unsafe");
    let asks = "    def get_context_data(self, **kwargs):\n        author = self.get_object()\n        return super().get_context_data(name=author.name, **kwargs)\n";
    found("DetailView", asks, "Unsafe");
    // Django asks once, and so does the handler of a method that does it itself.
    found("DetailView", "    def test_func(self):\n        return self.request.user.is_staff\n", "Safe");
    found(
        "DetailView",
        "    def get_context_data(self, **kwargs):\n        return super().get_context_data(name=self.object.name, **kwargs)\n",
        "Safe",
    );
    // What keeps the object gives it again.
    let kept = "    def get_object(self, queryset=None):\n        if not hasattr(self, 'author'):\n            self.author = super().get_object(queryset)\n        return self.author\n";
    found("UserPassesTestMixin, DetailView", &format!("{kept}\n{tests}"), "Safe");
}
