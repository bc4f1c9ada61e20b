//! Rows behind a `GenericForeignKey`, whose model may be gone.

mod support;

use support::check;

const MODELS: &str = "
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models


class Mark(models.Model):
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.PositiveIntegerField()
    of = GenericForeignKey()
    maker = models.ForeignKey('shop.Author', on_delete=models.CASCADE)

    class Meta:
        app_label = 'shop'
        indexes = [models.Index(fields=['content_type', 'object_id'])]
";

/// Checks how safe it is to prefetch what code reads of each mark, or a template shows of it.
#[track_caller]
fn reads(body: &str, shown: &str, safety: &str) {
    let view = format!(
        "from django.shortcuts import render\nfrom shop.marks import Mark\n\n\ndef listed(request):\n    \
         marks = Mark.objects.order_by('pk')\n{body}    return render(request, 'shop/marks.html', {{'marks': marks}})\n"
    );
    let template = format!("{{% for mark in marks %}}{shown}{{% endfor %}}");
    check(
        &[("marks.py", MODELS), ("views.py", &view), ("templates/shop/marks.html", &template)],
        &[&format!("{safety}: marks = Mark.objects.order_by('pk'): of")],
    );
}

#[test]
fn a_template_forgives_under_an_operator_alone() {
    reads("", "{{ mark.of }}", "Safe");
    reads("", "{% if mark.of %}yes{% endif %}", "Safe");
    reads("", "{% if mark.of and mark.pk %}yes{% endif %}", "Unsafe");
    reads("", "{% if not mark.of %}no{% endif %}", "Unsafe");
    reads("", "{% if mark.of == 1 %}no{% endif %}", "Unsafe");
}

#[test]
fn a_jinja2_template_forgives_everywhere() {
    let view = "from django.shortcuts import render\nfrom shop.marks import Mark\n\n\ndef listed(request):\n    \
                marks = Mark.objects.order_by('pk')\n    return render(request, 'shop/marks.html', {'marks': marks})\n";
    let template = "{% for mark in marks %}{{ mark.of }}{% endfor %}";
    check(
        &[("marks.py", MODELS), ("views.py", view), ("jinja2/shop/marks.html", template)],
        &["Unsafe: marks = Mark.objects.order_by('pk'): of"],
    );
}

#[test]
fn a_handler_forgives_what_it_catches() {
    for (caught, safety) in [
        (" AttributeError", "Unsafe"),
        (" (KeyError, AttributeError)", "Unsafe"),
        (" Exception as error", "Unsafe"),
        ("", "Unsafe"),
        (" KeyError", "Safe"),
        (" (KeyError, ValueError)", "Safe"),
    ] {
        let body = format!(
            "    for mark in marks:\n        try:\n            print(mark.of)\n        except{caught}:\n            pass\n"
        );
        reads(&body, "", safety);
    }
    let body = "    for mark in marks:\n        print(mark.of)\n        try:\n            print(mark.pk)\n        \
                except AttributeError:\n            pass\n";
    reads(body, "", "Safe");
}

#[test]
fn an_attribute_that_is_asked_for_by_name_forgives_what_its_property_raises() {
    let with = |body: &str, safety: &str| {
        let marks = format!("{MODELS}\n    @property\n    def place(self):\n        return self.of.place\n");
        let view = format!(
            "from shop.marks import Mark\n\n\ndef listed(request):\n    for mark in Mark.objects.order_by('pk'):\n        {body}\n"
        );
        check(
            &[("marks.py", &marks), ("views.py", &view)],
            &[&format!("{safety}: for mark in Mark.objects.order_by('pk'):: of")],
        );
    };
    with("if hasattr(mark, 'place'):\n            print(mark.place)", "Unsafe");
    with("print(getattr(mark, 'place', None))", "Unsafe");
    with("print(hasattr(mark, 'of'))", "Unsafe");
    with("print(getattr(mark, 'place'))", "Safe");
    with("if hasattr(mark, 'pk'):\n            print(mark.place)", "Safe");
}

#[test]
fn what_is_set_though_nothing_is_there_is_gone() {
    let view = |test: &str| {
        format!(
            "from shop.marks import Mark\n\n\ndef listed(request):\n    for mark in Mark.objects.order_by('pk'):\n        \
             if {test}:\n            print(mark.pk)\n        elif mark.content_type:\n            \
             print(mark.content_type.model)\n"
        )
    };
    let line = "for mark in Mark.objects.order_by('pk'):";
    check(&[("marks.py", MODELS), ("views.py", &view("mark.of"))], &[&format!("Safe: {line}: of")]);
    check(
        &[("marks.py", MODELS), ("views.py", &view("mark.object_id == 1"))],
        &[&format!("Safe: {line}: content_type")],
    );
}

#[test]
fn what_stands_in_for_what_is_gone_is_read_of_those_rows_alone() {
    for (shown, safety) in [
        ("mark.of or mark.maker.name", "Unsafe"),
        ("mark.of if mark.of else mark.maker.name", "Unsafe"),
        ("mark.of, mark.maker.name", "Safe"),
    ] {
        let view = format!(
            "from shop.marks import Mark\n\n\ndef listed(request):\n    marks = Mark.objects.order_by('pk')\n    \
             for mark in marks:\n        print({shown})\n"
        );
        let expected = [
            format!("{safety}: marks = Mark.objects.order_by('pk'): maker"),
            "Safe: marks = Mark.objects.order_by('pk'): of".to_owned(),
        ];
        check(&[("marks.py", MODELS), ("views.py", &view)], &expected.each_ref().map(String::as_str));
    }
}

#[test]
fn rows_that_turn_into_another_class_are_not_found_by_it() {
    let view = "from shop.marks import Mark\n\n\ndef listed(request):\n    \
                return [mark.of.name for mark in Mark.objects.order_by('pk')]\n";
    let found = |typed: &str, safety: &str| {
        let expected = format!("{safety}: return [mark.of.name for mark in Mark.objects.order_by('pk')]: of");
        check(&[("marks.py", MODELS), ("views.py", view), ("typed.py", typed)], &[&expected]);
    };
    let typed = "from django.db import models\nfrom typedmodels.models import TypedModel\n\n\n\
                 class Paper(TypedModel):\n    name = models.CharField(max_length=9)\n\n    \
                 class Meta:\n        app_label = 'shop'\n";
    found(typed, "Advice");
    found(&typed.replace("(TypedModel)", "(models.Model)"), "Safe");
    // By itself, as that library does.
    let own = "from django.db import models\n\n\n\
               class Paper(models.Model):\n    kind = models.CharField(max_length=9)\n\n    \
               def __init__(self, *args):\n        super().__init__(*args)\n        self.__class__ = KINDS[self.kind]\n\n    \
               class Meta:\n        app_label = 'shop'\n";
    found(own, "Advice");
}

#[test]
fn before_django_3_0_rows_are_looked_for_as_the_generic_key_is_written() {
    let view = "from shop.marks import Mark\n\n\ndef listed(request):\n    \
                return [mark.of.name for mark in Mark.objects.order_by('pk')]\n";
    for (version, safety) in [("2.0.13", "Unsafe"), ("3.2.25", "Safe")] {
        let requirements = format!("django=={version}\n");
        let expected = format!("{safety}: return [mark.of.name for mark in Mark.objects.order_by('pk')]: of");
        let files = [("marks.py", MODELS), ("views.py", view), ("../requirements.txt", &requirements)];
        check(&files, &[&expected]);
    }
}
