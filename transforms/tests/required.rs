//! Columns that no row of a query lacks, and what code does where one is missing.

mod support;

use support::{Shop, check};

fn shelf(method: &str, body: &str) -> String {
    format!(
        "from django.db import models\n\
         from shop.models import Author\n\n\n\
         class Shelf(models.Model):\n    \
         name = models.CharField(max_length=50)\n    \
         code = models.SlugField(blank=True)\n    \
         note = models.CharField(max_length=50, default='')\n    \
         made = models.DateField()\n    \
         sold = models.DateField(null=True)\n    \
         author = models.ForeignKey(Author, on_delete=models.CASCADE)\n    \
         owner = models.ForeignKey(Author, on_delete=models.CASCADE, null=True, related_name='+')\n\n    \
         {method}\n\n\n\
         def listed(request):\n    \
         for shelf in Shelf.objects.order_by('pk'):\n        {body}\n"
    )
}

const AUTHOR: &[&str] = &["Safe: for shelf in Shelf.objects.order_by('pk'):: author"];

#[test]
fn what_fills_in_a_required_field_has_nothing_to_do() {
    let saved = |test: &str, before: &str| {
        let save = format!(
            "def save(self, *args, **kwargs):\n        \
             if {test}:\n            self.code = self.author.name\n        \
             super().save(*args, **kwargs)"
        );
        shelf(&save, &format!("{before}shelf.save()"))
    };
    for test in [
        "not self.name",
        "self.pk is None",
        "not self.id",
        "not bool(self.pk)",
        "not self.made",
        "not self.author_id",
        // Nor has it where it did so when the row was saved before.
        "not self.code",
    ] {
        check(&[("shelves.py", &saved(test, ""))], &[]);
    }
    for test in ["self.pk", "self.name"] {
        check(&[("shelves.py", &saved(test, ""))], AUTHOR);
    }
    // What it fills in for some rows it need not fill in for others.
    let doubted = &["Unsafe: for shelf in Shelf.objects.order_by('pk'):: author"];
    for test in ["not self.note", "not self.sold", "not self.owner_id"] {
        check(&[("shelves.py", &saved(test, ""))], doubted);
    }
    check(&[("shelves.py", &saved("not self.name", "shelf.name = request.GET['name']\n        "))], doubted);
    check(&[("shelves.py", &saved("not self.id", "shelf.pk = None\n        "))], doubted);
}

#[test]
fn related_rows_are_in_the_database() {
    let saved = |test: &str| {
        format!(
            "from django.db import models\n\n\n\
             class Room(models.Model):\n    \
             name = models.CharField(max_length=50)\n\n    \
             def delete(self):\n        \
             for rack in self.racks.all():\n            rack.save()\n\n\n\
             class Rack(models.Model):\n    \
             room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name='racks')\n    \
             kind = models.ForeignKey(Room, on_delete=models.CASCADE, related_name='+')\n\n    \
             def save(self):\n        \
             is_new = {test}\n        \
             super().save()\n        \
             if is_new:\n            print(self.kind.name)\n"
        )
    };
    for test in ["self._state.adding", "not self.pk", "not bool(self.pk)"] {
        check(&[("racks.py", &saved(test))], &[]);
    }
    let found = &["Safe: for rack in self.racks.all():: kind"];
    check(&[("racks.py", &saved("not self._state.adding"))], found);
}

#[test]
fn what_stands_in_for_a_required_field_is_not_shown() {
    let label = |label: &str| {
        shelf(&format!("@property\n    def label(self):\n        return {label}"), "print(shelf.label)")
    };
    check(&[("shelves.py", &label("self.name or self.author.name"))], &[]);
    check(&[("shelves.py", &label("self.name if self.name else self.author.name"))], &[]);
    check(&[("shelves.py", &label("self.author.name if self.name else ''"))], AUTHOR);
    check(&[("shelves.py", &label("self.name and self.author.name"))], AUTHOR);
}

#[test]
fn what_stands_in_for_an_optional_text_is_not_read_by_all() {
    let some = &["Unsafe: for shelf in Shelf.objects.order_by('pk'):: author"];
    let label =
        |body: &str| shelf(&format!("@property\n    def label(self):\n        {body}"), "print(shelf.label)");
    for body in [
        "return self.code or self.author.name",
        "return self.sold or self.author.name",
        "return self.code if self.code else self.author.name",
        "return self.author.name if not self.code else self.code",
        "if self.code:\n            return self.code\n        return self.author.name",
        "if self.code:\n            return self.code\n        elif self.sold:\n            return self.author.name",
        "if not self.code:\n            return self.author.name\n        return self.code",
        "code = self.code\n        if not code and self.sold:\n            code = self.author.name\n        return code",
        "return self.author.name if not self.code and self.sold else self.code",
    ] {
        check(&[("shelves.py", &label(body))], some);
    }
    // So it is with a property that shows the text where there is one.
    for property in
        ["return self.code or self.note", "if self.code:\n            return self.code\n        return ''"]
    {
        let body = format!(
            "return self.label or self.author.name\n\n    @property\n    def label(self):\n        {property}\n\n    \
             def __str__(self):\n        return self.text"
        );
        let text =
            label(&body).replacen("def label", "def text", 1).replace("print(shelf.label)", "print(shelf)");
        check(&[("shelves.py", &text)], some);
    }
    // Both are shown, or the test asks for something else than what is shown.
    for body in [
        "return self.code and self.author.name",
        "return self.author.name or self.code",
        "code = self.code\n        if code and self.sold:\n            code = self.author.name\n        return code",
        "code = self.code\n        code = self.owner_id\n        if not code:\n            code = self.author.name\n        return code",
        "if self.code:\n            print(self.note)\n        return self.author.name",
        "if self.code:\n            print(self.code)\n        return self.author.name",
        // A function within has variables of its own.
        "if not self.code:\n            def fill(other):\n                other.code = 'a'\n            \
         print(self.author.name)\n        return ''",
    ] {
        check(&[("shelves.py", &label(body))], AUTHOR);
    }
    // What all read is asked for beside what only some do.
    let first = "Safe: for shelf in Shelf.objects.order_by('pk'):: author";
    let second = "Unsafe: for shelf in Shelf.objects.order_by('pk'):: author__country";
    check(
        &[("shelves.py", &label("return self.author.name, self.code or self.author.country.name"))],
        &[first, second],
    );
}

#[test]
fn a_field_of_a_class_of_ones_own_may_say_for_itself_that_it_is_optional() {
    let text = |init: &str| {
        let filled = "def fill(self):\n        \
                      if not self.code:\n            self.code = self.author.name";
        let field = format!(
            "class Code(models.SlugField):\n    \
             def __init__(self, *args, **kwargs):\n        {init}\n        super().__init__(*args, **kwargs)\n\n\n\
             class Shelf(models.Model):"
        );
        shelf(filled, "shelf.fill()")
            .replace("class Shelf(models.Model):", &field)
            .replace("models.SlugField(blank=True)", "Code('code')")
    };
    check(&[("shelves.py", &text("kwargs['max_length'] = 9"))], &[]);
    let some = &["Unsafe: for shelf in Shelf.objects.order_by('pk'):: author"];
    check(&[("shelves.py", &text("kwargs.setdefault('blank', True)"))], some);
}

#[test]
fn what_is_filled_in_where_a_text_is_missing_is_not_read_by_all() {
    let filled = |test: &str, name: &str, with: &str| {
        let method = format!("def fill(self):\n        if {test}:\n            self.{name} = {with}");
        shelf(&method, "shelf.fill()")
    };
    let some = &["Unsafe: for shelf in Shelf.objects.order_by('pk'):: author"];
    check(&[("shelves.py", &filled("not self.code", "code", "self.author.name"))], some);
    check(&[("shelves.py", &filled("not self.code and self.author.name", "code", "'a'"))], some);
    check(&[("shelves.py", &filled("self.sold and self.author.name", "code", "'a'"))], AUTHOR);
    check(&[("shelves.py", &filled("not self.code and self.author.name", "note", "'a'"))], AUTHOR);
}

#[test]
fn a_text_that_save_may_leave_empty_is_not_filled() {
    let saved = |with: &str| {
        let save = format!(
            "def save(self, *args, **kwargs):\n        \
             if not self.code:\n            self.code = {with}\n        \
             super().save(*args, **kwargs)"
        );
        shelf(&save, "print(shelf.code or shelf.author.name)")
    };
    check(&[("shelves.py", &saved("f'shelf {self.name}'"))], &[]);
    check(&[("shelves.py", &saved("self.note or self.name"))], &[]);
    let some = &["Unsafe: for shelf in Shelf.objects.order_by('pk'):: author"];
    check(&[("shelves.py", &saved("None"))], some);
    check(&[("shelves.py", &saved("self.name if self.sold else ''"))], some);
}

#[test]
fn what_save_fills_in_is_filled_in_rows_of_its_model() {
    let models = |first: &str, second: &str| {
        let plain = shelf("def label(self):\n        return self.code or self.author.name", "pass");
        let (plain, _) = plain.split_once("\n\n\ndef listed").expect("a function");
        format!(
            "{plain}\n\n\n\
             class Rack(Shelf):\n    \
             def save(self, *args, **kwargs):\n        \
             if not self.code:\n            self.code = 'rack'\n        \
             super().save(*args, **kwargs)\n\n\n\
             def listed(request):\n    \
             for row in {first}.objects.order_by('pk'):\n        print(row.label())\n    \
             for row in {second}.objects.order_by('name'):\n        print(row.label())\n"
        )
    };
    let shelves = |order: &str| format!("Unsafe: for row in Shelf.objects.order_by('{order}'):: author");
    check(&[("shelves.py", &models("Shelf", "Rack"))], &[&shelves("pk")]);
    check(&[("shelves.py", &models("Rack", "Shelf"))], &[&shelves("name")]);
}

#[test]
fn what_a_query_asks_for_goes_before_what_a_field_demands() {
    let text = "from shop.models import Book\n\n\n\
                def listed(request):\n    \
                for book in Book.objects.filter(title=''):\n        \
                if not book.title:\n            print(book.author.name)\n";
    check(&[("views.py", text)], &["Safe: for book in Book.objects.filter(title=''):: author"]);
    check(&[("views.py", &text.replace("filter(title='')", "order_by('pk')"))], &[]);
}

#[test]
fn what_fills_in_a_foreign_key_is_read_for_rows_that_lack_it() {
    let models = |fills: &str| {
        format!(
            "from django.db import models\nfrom shop.models import Author, Book\n\n\nclass Print(models.Model):\n    \
             book = models.ForeignKey(Book, on_delete=models.CASCADE)\n    \
             owner = models.ForeignKey(Author, null=True, on_delete=models.CASCADE)\n\n    class Meta:\n        app_label = 'shop'\n\n    \
             def save(self, **kwargs):\n        if {fills}\n        super().save(**kwargs)\n"
        )
    };
    let view = "from shop.prints import Print\n\n\ndef listed(request):\n    for one in Print.objects.order_by('pk'):\n        one.save()\n";
    for (fills, safety) in [
        ("not self.owner:\n            self.owner = self.book.author", "Unsafe"),
        ("self.owner_id is None:\n            self.owner = self.book.author", "Unsafe"),
        ("self.pk:\n            self.owner = self.book.author", "Safe"),
        ("self.owner != self.book.author:\n            self.owner = self.book.author", "Safe"),
        ("not self.owner:\n            print(self.book.author)", "Unsafe"),
    ] {
        let shop = Shop::new(&[("prints.py", models(fills).as_str()), ("views.py", view)]);
        let found = shop.proposals();
        let found = found.iter().find(|one| one.fields.iter().any(|field| field == "book__author"));
        assert_eq!(found.map(|one| format!("{:?}", one.safety)).as_deref(), Some(safety), "{fills}");
    }
}
