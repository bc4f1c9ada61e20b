//! Code that climbs a tree reads beyond its first step what no path is right for.

mod support;

use support::check;

fn tree(methods: &str, read: &str) -> String {
    format!(
        r#"
from django.db import models


class Kind(models.Model):
    name = models.CharField(max_length=50)

    class Meta:
        app_label = "shop"


class Place(models.Model):
    name = models.CharField(max_length=50)
    kind = models.ForeignKey(Kind, on_delete=models.CASCADE)
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE)

    class Meta:
        app_label = "shop"

    @property
    def known_as(self):
{methods}


def listed(request):
    places = Place.objects.order_by("pk")
    return [{read} for place in places]
"#
    )
}

#[track_caller]
fn check_tree(methods: &str, read: &str, expected: &[&str]) {
    check(&[("places.py", &tree(methods, read))], expected);
}

const LINE: &str = "Safe: places = Place.objects.order_by(\"pk\"): ";

#[test]
fn a_function_that_calls_itself_for_the_parent() {
    let recursive = "        if self.parent:\n            \
                     return f'{self.parent.known_as}, {self.kind.name}'\n        \
                     return self.kind.name";
    check_tree(recursive, "place.known_as", &[&format!("{LINE}kind, parent")]);
}

#[test]
fn a_loop_that_goes_from_parent_to_parent() {
    let looping = "        place, names = self, []\n        \
                   while place:\n            \
                   names.append(place.kind.name)\n            \
                   place = place.parent\n        \
                   return names";
    check_tree(looping, "place.known_as", &[&format!("{LINE}kind, parent")]);
    let from_parent = "        place = self.parent\n        \
                       while place is not None:\n            \
                       place = place.parent\n        \
                       return place";
    check_tree(from_parent, "place.known_as", &[&format!("{LINE}parent")]);
}

#[test]
fn a_method_that_reads_over_what_its_row_was_reached_by() {
    let near = "        return f'{self.parent.name}, {self.kind.name}'";
    check_tree(near, "place.parent.known_as", &[&format!("{LINE}parent__kind")]);
}

#[test]
fn what_one_expression_spells_out_is_read() {
    check_tree(
        "        return ''",
        "place.parent.parent.kind.name",
        &[&format!("{LINE}parent__parent__kind")],
    );
}
