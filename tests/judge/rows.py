"""Fills every model of some apps with rows, without knowing the models: relations dense, every reverse
one-to-one there, some nullable ones empty, values that the code asks for among the others."""

import ast
import datetime
import decimal
import uuid

ROWS = 6
FIRST_DAY = datetime.date(2024, 1, 1)
MOMENT = datetime.datetime(2024, 1, 1, 8, tzinfo=datetime.timezone.utc)


def wanted_values(sources):
    """Constants given to keyword arguments, by the field they would be compared with: from
    `filter(author__name__startswith="A")` both `name` and `author` may have to be `"A"`."""
    wanted = {}
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.keyword) and node.arg and isinstance(node.value, ast.Constant):
                for part in node.arg.split("__"):
                    values = wanted.setdefault(part, [])
                    if node.value.value not in values:
                        values.append(node.value.value)
    return wanted


class Filler:
    def __init__(self, models, sources):
        self.models = models
        self.wanted = wanted_values(sources)
        self.made = {}

    def fill(self):
        from django.contrib.contenttypes.fields import GenericForeignKey

        waiting = [m for m in self.models if m._meta.managed and not m._meta.proxy]
        # Rows with a generic relation to others come last: those others must be there.
        waiting.sort(key=lambda m: any(isinstance(f, GenericForeignKey) for f in m._meta.private_fields))
        while waiting:
            ready = next((m for m in waiting if not self.missing(m, waiting)), waiting[0])
            waiting.remove(ready)
            self.fill_model(ready)
        for model in self.models:
            self.fill_many_to_many(model)

    def missing(self, model, waiting):
        needs = {f.remote_field.model for f in model._meta.concrete_fields if f.remote_field}
        return [m for m in waiting if m in needs and m is not model]

    def fill_model(self, model):
        from django.db import IntegrityError, models, transaction

        rows = self.made.setdefault(model, [])
        relations = [f for f in model._meta.local_concrete_fields if f.remote_field]
        count = ROWS * 2 if any(not f.one_to_one for f in relations) else ROWS
        for field in relations:
            if field.one_to_one and not field.remote_field.parent_link:
                # Every row of the other side gets its one.
                count = max(count, len(self.targets(field)))
        # The rows of a child are rows of its parents too, and not the same ones again.
        start = max((len(self.made.get(parent, ())) for parent in model._meta.get_parent_list()), default=0)
        for index in range(start, start + count):
            row = model()
            if not self.set_fields(row, index):
                break
            try:
                with transaction.atomic():
                    models.Model.save(row)
            except IntegrityError:
                continue
            rows.append(row)
            for parent in model._meta.get_parent_list():
                self.made.setdefault(parent, []).append(parent._base_manager.get(pk=row.pk))

    def set_fields(self, row, index):
        """Whether there is such a row: no more one-to-one rows than there are targets."""
        generic = self.set_generic(row, index)
        depth = 0
        for field in row._meta.concrete_fields:
            if field in generic or field.primary_key and (
                field.get_internal_type().endswith("AutoField") or field.remote_field and field.remote_field.parent_link
            ):
                continue
            if field.remote_field is None:
                setattr(row, field.attname, self.value(field, index))
                continue
            targets = self.targets(field)
            if field.one_to_one:
                if index < len(targets) and not (field.null and index % 4 == 3):
                    target = targets[index]
                elif field.null:
                    target = None
                else:
                    return False
            elif field.null and (index % 4 == 3 or not targets):
                target = None
            elif not targets:
                return False
            elif field.remote_field.model is type(row):
                # A tree, each row with some children.
                target = targets[(len(targets) - 1) // 2]
            else:
                target = targets[(index + depth * (index // len(targets))) % len(targets)]
                depth += 1
            setattr(row, field.name, target)
        return True

    def targets(self, field):
        """Rows that the relation may lead to; of a model of no app here what there is, or else new ones."""
        model = field.remote_field.model._meta.concrete_model
        if model not in self.made and model not in self.models:
            self.made[model] = list(model._base_manager.order_by("pk")[:ROWS])
            if not self.made[model]:
                self.fill_model(model)
        return self.made.get(model, [])

    def set_generic(self, row, index):
        from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation

        taken = []
        for field in row._meta.private_fields:
            if not isinstance(field, GenericForeignKey):
                continue
            taken += [row._meta.get_field(field.ct_field), row._meta.get_field(field.fk_field)]
            related = [
                model
                for model in self.made
                if any(
                    isinstance(f, GenericRelation) and f.remote_field.model is type(row)
                    for f in model._meta.private_fields
                )
            ]
            choices = [m for m in related or self.made if self.made[m] and m is not type(row)]
            if choices:
                model = choices[index % len(choices)]
                rows = self.made[model]
                setattr(row, field.name, rows[(index // len(choices)) % len(rows)])
        return taken

    def fill_many_to_many(self, model):
        for field in model._meta.local_many_to_many:
            if not field.remote_field.through._meta.auto_created:
                continue
            targets = self.targets(field)
            for index, row in enumerate(self.made.get(model, ())):
                for step in range(min(2, len(targets))):
                    target = targets[(index + step) % len(targets)]
                    getattr(row, field.name).add(target)

    def value(self, field, index):
        wanted = [v for v in self.wanted.get(field.name, []) if self.fits(field, v)]
        unique = field.unique or field.name in ("slug", "code", "username")
        if wanted and unique and index < len(wanted):
            return wanted[index]
        if wanted and not unique and index % 2 == 0:
            return wanted[index // 2 % len(wanted)]
        if field.choices and not unique:
            choices = [value for value, _ in field.flatchoices]
            return choices[index % len(choices)]
        return self.of_type(field, field.get_internal_type(), index)

    @staticmethod
    def fits(field, value):
        try:
            field.to_python(value)
        except Exception:
            return False
        return isinstance(value, bool) == (field.get_internal_type() == "BooleanField") and value is not None

    @staticmethod
    def of_type(field, kind, index):
        if kind == "BooleanField":
            return index % 3 != 2
        if kind in ("CharField", "TextField", "SlugField", "FileField", "ImageField", "FilePathField"):
            separator = " " if kind in ("CharField", "TextField") else "-"
            text = f"{field.name}{separator}{index + 1}"
            if field.max_length and len(text) > field.max_length:
                text = str(index + 1).zfill(min(2, field.max_length))
            return text
        if kind == "EmailField":
            return f"{field.name}{index + 1}@example.com"
        if kind == "URLField":
            return f"https://example.com/{field.name}/{index + 1}"
        if kind.endswith("IntegerField"):
            return index + 1
        if kind == "DecimalField":
            return decimal.Decimal(index + 1)
        if kind == "FloatField":
            return index + 0.5
        if kind == "DateField":
            return FIRST_DAY + datetime.timedelta(days=index)
        if kind == "DateTimeField":
            return MOMENT + datetime.timedelta(days=index)
        if kind == "TimeField":
            return datetime.time(8, index)
        if kind == "DurationField":
            return datetime.timedelta(minutes=index + 1)
        if kind == "UUIDField":
            return uuid.UUID(int=index + 1)
        if kind == "GenericIPAddressField":
            return f"192.0.2.{index + 1}"
        if kind == "JSONField":
            return {"n": index + 1}
        if kind == "BinaryField":
            return bytes([index])
        return field.get_default()
