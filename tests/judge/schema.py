"""What Django makes of a project's models: the schema, as the program must read it off the source.

Reads {"root": …, "settings": …} and writes one object for each model of `apps.get_models()`.
"""

import json
import os
import sys


def fields(model):
    for field in model._meta.get_fields():
        reverse = field.auto_created and not field.concrete
        if reverse and (field.hidden or field.name.endswith("+")):
            continue
        target = field.related_model if field.is_relation else None
        attribute = accessor(field) if reverse else field.name
        yield {
            "name": field.name,
            "reverse": reverse,
            "accessor": attribute,
            "has_attribute": attribute is not None and hasattr(model, attribute),
            "target": target._meta.label if target else None,
            "to_many": bool(field.one_to_many or field.many_to_many),
            "null": bool(field.null) if getattr(field, "concrete", False) else None,
            "class": None if reverse else django_class(type(field)),
            "column": getattr(field, "column", None),
            "unique": bool(getattr(field, "unique", False)) if not reverse else None,
            "db_index": bool(getattr(field, "db_index", False)) if not reverse else None,
            "primary_key": bool(getattr(field, "primary_key", False)) if not reverse else None,
        }


def accessor(relation):
    # A generic relation leaves nothing on the other side that gives rows.
    if type(relation).__name__ == "GenericRel":
        return None
    return relation.get_accessor_name()


def django_class(cls):
    return next(base.__name__ for base in cls.__mro__ if base.__module__.startswith("django."))


def managers(model):
    for manager in model._meta.managers:
        yield manager.name


def described(model):
    meta = model._meta
    return {
        "label": meta.label,
        "proxy": meta.proxy,
        "parents": [parent._meta.label for parent in meta.parents],
        "pk": meta.pk.name,
        "local_fields": [field.name for field in meta.local_fields],
        "fields": list(fields(model)),
        "managers": list(managers(model)),
        "default_manager": model._default_manager.name,
        "base_manager": meta.base_manager_name,
        "db_table": meta.db_table,
    }


def main():
    given = json.load(sys.stdin)
    sys.path.insert(0, given["root"])
    os.chdir(given["root"])
    os.environ["DJANGO_SETTINGS_MODULE"] = given["settings"]
    import django
    from django.apps import apps

    django.setup()
    json.dump({"models": [described(model) for model in apps.get_models()]}, sys.stdout)


main()
