//! What REST framework's viewsets know of a request while they serve an action.

mod support;

use support::check;

/// A viewset of notes with these methods.
fn viewset(methods: &str) -> String {
    format!(
        r#"
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response
from shop.models import Note


class NoteSerializer(serializers.ModelSerializer):
    user_name = serializers.CharField(source="user.name")

    class Meta:
        model = Note
        fields = ["id", "user_name"]


class ShortSerializer(serializers.ModelSerializer):
    class Meta:
        model = Note
        fields = ["id"]


class Notes(viewsets.ModelViewSet):
{methods}
"#
    )
}

#[test]
fn actions_of_two_mixins_are_two_wherever_they_stand() {
    let mixin = |name: &str| {
        format!(
            "from rest_framework.decorators import action\nfrom rest_framework.response import Response\n\n\n\
             class {name}:\n    @action(detail=False)\n    def by_{}(self, request):\n        \
             return Response(self.get_serializer(self.get_queryset(), many=True).data)\n",
            name.to_lowercase()
        )
    };
    let views = viewset(
        "    queryset = Note.objects.filter(pk__gt=1)

    def get_serializer_class(self):
        return NoteSerializer if self.action == 'by_b' else ShortSerializer",
    );
    let views = views
        .replace("from shop.models", "from shop.a import A\nfrom shop.b import B\nfrom shop.models")
        .replace("class Notes(viewsets.ModelViewSet)", "class Notes(A, B, viewsets.GenericViewSet)");
    check(
        &[("a.py", &mixin("A")), ("b.py", &mixin("B")), ("views.py", &views)],
        &["Unsafe: queryset = Note.objects.filter(pk__gt=1): user"],
    );
}

#[test]
fn an_action_says_by_which_methods_it_is_requested() {
    let of = |test: &str, given: &str| {
        viewset(&format!(
            "    queryset = Note.objects.filter(pk__gt=1)

    def get_serializer_class(self):
        if self.action in ('list', 'retrieve'):
            return ShortSerializer
        return NoteSerializer if {test} else ShortSerializer

    @action({given})
    def some(self, request):
        return Response(self.get_serializer(self.get_queryset(), many=True).data)"
        ))
    };
    let user = &["Safe: return Response(self.get_serializer(self.get_queryset(), many=True).data): user"];
    for (test, given, is_shown) in [
        ("self.request.method == 'GET'", "detail=False", true),
        ("self.request.method == 'GET'", "detail=False, methods=['post']", false),
        ("self.request.method == 'GET'", "detail=False, methods=('DELETE',)", false),
        ("self.request.method in ('POST', 'PUT')", "detail=False, methods=['post', 'put']", true),
        // Where several may ask, it may be any of them.
        ("self.request.method == 'GET'", "detail=False, methods=['get', 'post']", true),
        ("self.request.method == 'GET'", "detail=False, methods=METHODS", true),
    ] {
        check(&[("api.py", &of(test, given))], if is_shown { user } else { &[] });
    }
}

#[test]
fn standard_actions_are_requested_by_their_methods() {
    let view = |test: &str| {
        viewset(&format!(
            "    queryset = Note.objects.filter(pk__gt=1)

    def get_serializer_class(self):
        return NoteSerializer if {test} else ShortSerializer"
        ))
    };
    let user = &["Safe: queryset = Note.objects.filter(pk__gt=1): user"];
    check(&[("api.py", &view("self.request.method == 'GET'"))], user);
    check(&[("api.py", &view("self.request.method in ('POST', 'PUT', 'PATCH')"))], &[]);
}

#[test]
fn a_list_is_given_no_key_of_an_object() {
    let view = |test: &str| {
        viewset(&format!(
            "    queryset = Note.objects.filter(pk__gt=1)

    def list(self, request, *args, **kwargs):
        if {test}:
            return Response([])
        return Response(NoteSerializer(self.get_queryset(), many=True).data)"
        ))
    };
    let user = &["Safe: queryset = Note.objects.filter(pk__gt=1): user"];
    check(&[("api.py", &view("'pk' not in kwargs"))], &[]);
    check(&[("api.py", &view("'pk' not in kwargs or kwargs['pk'] == 'list'"))], &[]);
    check(&[("api.py", &view("'pk' in kwargs"))], user);
    check(&[("api.py", &view("'shop_pk' not in kwargs"))], user);
}
