//! Well-known packages, as far as projects inherit from their models and use their fields.

use super::BundledField as F;
use super::BundledModel;

const MP_NODE: &str = "treebeard.mp_tree.MP_Node";
const CLUSTERABLE: &str = "modelcluster.models.ClusterableModel";
const POLYMORPHIC_TYPE: &str =
    "to=contenttypes.ContentType null related_name=polymorphic_%(app_label)s.%(class)s_set+";

/// What the models of parler's translations inherit from.
pub(crate) const TRANSLATIONS: &str = "parler.models.TranslatedFieldsModel";

pub(super) const MODELS: &[BundledModel] = &[
    // django-mptt
    BundledModel::abstract_(
        "mptt.MPTTModel",
        &["mptt.models.MPTTModel"],
        &[
            F("lft", "PositiveIntegerField", ""),
            F("rght", "PositiveIntegerField", ""),
            F("tree_id", "PositiveIntegerField", "db_index"),
            F("level", "PositiveIntegerField", ""),
        ],
        &["objects"],
    ),
    // django-treebeard
    BundledModel::abstract_("treebeard.Node", &["treebeard.models.Node"], &[], &[]),
    BundledModel::abstract_(
        "treebeard.MP_Node",
        &[MP_NODE],
        &[
            F("path", "CharField", "unique"),
            F("depth", "PositiveIntegerField", ""),
            F("numchild", "PositiveIntegerField", ""),
        ],
        &["objects"],
    ),
    BundledModel::abstract_(
        "treebeard.NS_Node",
        &["treebeard.ns_tree.NS_Node"],
        &[
            F("lft", "PositiveIntegerField", "db_index"),
            F("rgt", "PositiveIntegerField", "db_index"),
            F("tree_id", "PositiveIntegerField", "db_index"),
            F("depth", "PositiveIntegerField", "db_index"),
        ],
        &["objects"],
    ),
    BundledModel::abstract_("treebeard.AL_Node", &["treebeard.al_tree.AL_Node"], &[], &["objects"]),
    // django-model-utils
    BundledModel::abstract_(
        "model_utils.TimeStampedModel",
        &["model_utils.models.TimeStampedModel"],
        &[F("created", "DateTimeField", ""), F("modified", "DateTimeField", "")],
        &[],
    ),
    BundledModel::abstract_(
        "model_utils.TimeFramedModel",
        &["model_utils.models.TimeFramedModel"],
        &[F("start", "DateTimeField", "null"), F("end", "DateTimeField", "null")],
        &[],
    ),
    // It adds a manager for each status.
    BundledModel::abstract_(
        "model_utils.StatusModel",
        &["model_utils.models.StatusModel"],
        &[F("status", "CharField", ""), F("status_changed", "DateTimeField", "")],
        &[],
    )
    .partly(),
    BundledModel::abstract_(
        "model_utils.SoftDeletableModel",
        &["model_utils.models.SoftDeletableModel"],
        &[F("is_removed", "BooleanField", "")],
        &["objects", "available_objects", "all_objects"],
    ),
    BundledModel::abstract_(
        "model_utils.UUIDModel",
        &["model_utils.models.UUIDModel"],
        &[F("id", "UUIDField", "primary_key")],
        &[],
    ),
    // django-extensions
    BundledModel::abstract_(
        "django_extensions.TimeStampedModel",
        &["django_extensions.db.models.TimeStampedModel"],
        &[F("created", "DateTimeField", ""), F("modified", "DateTimeField", "")],
        &[],
    ),
    BundledModel::abstract_(
        "django_extensions.TitleDescriptionModel",
        &["django_extensions.db.models.TitleDescriptionModel"],
        &[F("title", "CharField", ""), F("description", "TextField", "null")],
        &[],
    ),
    BundledModel::abstract_(
        "django_extensions.TitleSlugDescriptionModel",
        &["django_extensions.db.models.TitleSlugDescriptionModel"],
        &[F("slug", "SlugField", "db_index")],
        &[],
    )
    .with_bases(&["django_extensions.db.models.TitleDescriptionModel"]),
    BundledModel::abstract_(
        "django_extensions.ActivatorModel",
        &["django_extensions.db.models.ActivatorModel"],
        &[
            F("status", "IntegerField", ""),
            F("activate_date", "DateTimeField", "null"),
            F("deactivate_date", "DateTimeField", "null"),
        ],
        &["objects"],
    ),
    // django-polymorphic: rows are of the child's class, and the managers give them so.
    BundledModel::abstract_(
        "polymorphic.PolymorphicModel",
        &["polymorphic.models.PolymorphicModel"],
        &[F("polymorphic_ctype", "ForeignKey", POLYMORPHIC_TYPE)],
        &["objects"],
    ),
    // django-parler: its foreign key is declared where the translations are.
    BundledModel::abstract_(
        "parler.TranslatableModel",
        &["parler.models.TranslatableModel"],
        &[],
        &["objects"],
    ),
    BundledModel::abstract_(
        "parler.TranslatedFieldsModel",
        &[TRANSLATIONS],
        &[F("language_code", "CharField", "db_index")],
        &["objects"],
    ),
    // django-tagulous
    BundledModel::concrete("tagulous.TagModel", &["tagulous.models.TagModel"], &[], &[]),
    // django-taggit
    BundledModel::abstract_(
        "taggit.TagBase",
        &["taggit.models.TagBase"],
        &[F("name", "CharField", "unique"), F("slug", "SlugField", "unique db_index")],
        &[],
    ),
    BundledModel::concrete("taggit.Tag", &["taggit.models.Tag"], &[], &[])
        .with_bases(&["taggit.models.TagBase"]),
    BundledModel::abstract_("taggit.ItemBase", &["taggit.models.ItemBase"], &[], &[]),
    BundledModel::abstract_(
        "taggit.TaggedItemBase",
        &["taggit.models.TaggedItemBase"],
        &[F("tag", "ForeignKey", "to=taggit.Tag related_name=%(app_label)s_%(class)s_items")],
        &[],
    ),
    BundledModel::abstract_(
        "taggit.CommonGenericTaggedItemBase",
        &["taggit.models.CommonGenericTaggedItemBase"],
        &[
            F(
                "content_type",
                "ForeignKey",
                "to=contenttypes.ContentType related_name=%(app_label)s_%(class)s_tagged_items",
            ),
            F("content_object", "GenericForeignKey", ""),
        ],
        &[],
    ),
    BundledModel::abstract_(
        "taggit.GenericTaggedItemBase",
        &["taggit.models.GenericTaggedItemBase"],
        &[F("object_id", "IntegerField", "db_index")],
        &[],
    )
    .with_bases(&["taggit.models.CommonGenericTaggedItemBase"]),
    BundledModel::abstract_(
        "taggit.GenericUUIDTaggedItemBase",
        &["taggit.models.GenericUUIDTaggedItemBase"],
        &[F("object_id", "UUIDField", "db_index")],
        &[],
    )
    .with_bases(&["taggit.models.CommonGenericTaggedItemBase"]),
    BundledModel::concrete("taggit.TaggedItem", &["taggit.models.TaggedItem"], &[], &[])
        .with_bases(&["taggit.models.GenericTaggedItemBase", "taggit.models.TaggedItemBase"]),
    // django-modelcluster, Wagtail
    BundledModel::abstract_("modelcluster.ClusterableModel", &[CLUSTERABLE], &[], &[]),
    BundledModel::concrete(
        "wagtailcore.Page",
        &["wagtail.models.Page", "wagtail.core.models.Page", "wagtail.wagtailcore.models.Page"],
        &[
            F("title", "CharField", ""),
            F("draft_title", "CharField", ""),
            F("slug", "SlugField", "db_index"),
            F("content_type", "ForeignKey", "to=contenttypes.ContentType related_name=pages"),
            F("live", "BooleanField", ""),
            F("has_unpublished_changes", "BooleanField", ""),
            F("url_path", "TextField", ""),
            F("owner", "ForeignKey", "to=AUTH_USER_MODEL null related_name=owned_pages"),
            F("seo_title", "CharField", ""),
            F("show_in_menus", "BooleanField", ""),
            F("search_description", "TextField", ""),
            F("go_live_at", "DateTimeField", "null"),
            F("expire_at", "DateTimeField", "null"),
            F("expired", "BooleanField", ""),
            F("locked", "BooleanField", ""),
            F("locked_at", "DateTimeField", "null"),
            F("locked_by", "ForeignKey", "to=AUTH_USER_MODEL null related_name=locked_pages"),
            F("first_published_at", "DateTimeField", "null db_index"),
            F("last_published_at", "DateTimeField", "null"),
            F("latest_revision_created_at", "DateTimeField", "null"),
        ],
        &["objects"],
    )
    .with_bases(&[MP_NODE, CLUSTERABLE])
    .partly(),
    BundledModel::abstract_(
        "wagtailcore.Orderable",
        &[
            "wagtail.models.Orderable",
            "wagtail.core.models.Orderable",
            "wagtail.wagtailcore.models.Orderable",
        ],
        &[F("sort_order", "IntegerField", "null")],
        &[],
    ),
    // Soft deletion
    BundledModel::abstract_(
        "safedelete.SafeDeleteModel",
        &["safedelete.models.SafeDeleteModel", "safedelete.SafeDeleteModel"],
        &[F("deleted", "DateTimeField", "null db_index"), F("deleted_by_cascade", "BooleanField", "")],
        &["objects", "all_objects", "deleted_objects"],
    ),
    // django-solo, django-ordered-model
    BundledModel::abstract_("solo.SingletonModel", &["solo.models.SingletonModel"], &[], &[]),
    BundledModel::abstract_(
        "ordered_model.OrderedModelBase",
        &["ordered_model.models.OrderedModelBase"],
        &[],
        &["objects"],
    ),
    BundledModel::abstract_(
        "ordered_model.OrderedModel",
        &["ordered_model.models.OrderedModel"],
        &[F("order", "PositiveIntegerField", "db_index")],
        &["objects"],
    ),
    // django-parler: its relation to the translations is made at run time.
    BundledModel::abstract_(
        "parler.TranslatableModel",
        &["parler.models.TranslatableModel"],
        &[],
        &["objects"],
    )
    .partly(),
    // Django REST framework
    BundledModel::concrete(
        "authtoken.Token",
        &["rest_framework.authtoken.models.Token"],
        &[
            F("key", "CharField", "primary_key"),
            F("user", "OneToOneField", "to=AUTH_USER_MODEL related_name=auth_token"),
            F("created", "DateTimeField", ""),
        ],
        &[],
    ),
    // django-lifecycle
    BundledModel::abstract_(
        "django_lifecycle.LifecycleModel",
        &["django_lifecycle.LifecycleModel", "django_lifecycle.models.LifecycleModel"],
        &[],
        &[],
    ),
];

/// Fields, each with the Django field class that it inherits from.
pub(super) const FIELDS: &[(&str, &str)] = &[
    ("autoslug.AutoSlugField", "SlugField"),
    ("autoslug.fields.AutoSlugField", "SlugField"),
    ("ckeditor.fields.RichTextField", "TextField"),
    ("ckeditor_uploader.fields.RichTextUploadingField", "TextField"),
    ("colorfield.fields.ColorField", "CharField"),
    ("django_countries.fields.CountryField", "CharField"),
    ("django_extensions.db.fields.AutoSlugField", "SlugField"),
    ("django_extensions.db.fields.CreationDateTimeField", "DateTimeField"),
    ("django_extensions.db.fields.ModificationDateTimeField", "DateTimeField"),
    ("django_extensions.db.fields.RandomCharField", "CharField"),
    ("django_fsm.FSMField", "CharField"),
    ("django_fsm.FSMIntegerField", "IntegerField"),
    ("djmoney.models.fields.MoneyField", "DecimalField"),
    ("easy_thumbnails.fields.ThumbnailerImageField", "ImageField"),
    ("i18nfield.fields.I18nCharField", "TextField"),
    ("i18nfield.fields.I18nTextField", "TextField"),
    ("imagekit.models.ProcessedImageField", "ImageField"),
    ("jsonfield.JSONField", "TextField"),
    ("jsonfield.fields.JSONField", "TextField"),
    ("model_utils.fields.AutoCreatedField", "DateTimeField"),
    ("model_utils.fields.AutoLastModifiedField", "DateTimeField"),
    ("model_utils.fields.MonitorField", "DateTimeField"),
    ("model_utils.fields.StatusField", "CharField"),
    ("model_utils.fields.UUIDField", "UUIDField"),
    ("modelcluster.fields.ParentalKey", "ForeignKey"),
    ("modelcluster.fields.ParentalManyToManyField", "ManyToManyField"),
    ("modelcluster.contrib.taggit.ClusterTaggableManager", TAGGABLE),
    ("mptt.fields.TreeForeignKey", "ForeignKey"),
    ("mptt.fields.TreeManyToManyField", "ManyToManyField"),
    ("mptt.fields.TreeOneToOneField", "OneToOneField"),
    ("mptt.models.TreeForeignKey", "ForeignKey"),
    ("mptt.models.TreeManyToManyField", "ManyToManyField"),
    ("mptt.models.TreeOneToOneField", "OneToOneField"),
    ("multiselectfield.MultiSelectField", "CharField"),
    ("multiselectfield.db.fields.MultiSelectField", "CharField"),
    ("netfields.CidrAddressField", "Field"),
    ("netfields.InetAddressField", "Field"),
    ("netfields.MACAddressField", "Field"),
    ("ordered_model.fields.OneToManyRelatedField", "ForeignKey"),
    ("parler.fields.TranslationsForeignKey", "ForeignKey"),
    ("pgvector.django.VectorField", "Field"),
    ("phonenumber_field.modelfields.PhoneNumberField", "CharField"),
    ("picklefield.fields.PickledObjectField", "TextField"),
    ("smart_selects.db_fields.ChainedForeignKey", "ForeignKey"),
    ("smart_selects.db_fields.ChainedManyToManyField", "ManyToManyField"),
    ("smart_selects.db_fields.GroupedForeignKey", "ForeignKey"),
    ("sorl.thumbnail.ImageField", "ImageField"),
    ("sorl.thumbnail.fields.ImageField", "ImageField"),
    ("sortedm2m.fields.SortedManyToManyField", "ManyToManyField"),
    ("taggit.managers.TaggableManager", TAGGABLE),
    ("taggit_autosuggest.managers.TaggableManager", TAGGABLE),
    ("tagulous.models.TagField", TAGS),
    ("tagulous.models.fields.TagField", TAGS),
    ("timezone_field.TimeZoneField", "CharField"),
    ("timezone_field.fields.TimeZoneField", "CharField"),
    ("tinymce.models.HTMLField", "TextField"),
    ("versatileimagefield.fields.VersatileImageField", "ImageField"),
    ("wagtail.core.fields.RichTextField", "TextField"),
    ("wagtail.core.fields.StreamField", "Field"),
    ("wagtail.fields.RichTextField", "TextField"),
    ("wagtail.fields.StreamField", "Field"),
];

/// What `TaggableManager` counts as: a many-to-many whose target its `through` model says.
pub(crate) const TAGGABLE: &str = "TaggableManager";

/// What tagulous' `TagField` counts as: a many-to-many to tags of its own.
pub(crate) const TAGS: &str = "TagField";

/// Managers.
pub(super) const MANAGERS: &[&str] = &[
    "django_scopes.ScopedManager",
    "django_scopes.manager.ScopedManager",
    "guardian.managers.GroupObjectPermissionManager",
    "guardian.managers.UserObjectPermissionManager",
    "model_utils.managers.InheritanceManager",
    "model_utils.managers.QueryManager",
    "model_utils.managers.SoftDeletableManager",
    "modelcluster.models.ClusterableManager",
    "mptt.managers.TreeManager",
    "mptt.models.TreeManager",
    "ordered_model.models.OrderedModelManager",
    "parler.managers.TranslatableManager",
    "parler.models.TranslatableManager",
    "polymorphic.managers.PolymorphicManager",
    "safedelete.managers.SafeDeleteManager",
    "treebeard.al_tree.AL_NodeManager",
    "treebeard.mp_tree.MP_NodeManager",
    "treebeard.ns_tree.NS_NodeManager",
    "wagtail.core.models.PageManager",
    "wagtail.models.PageManager",
];

/// Classes among a model's bases that bring no field and no manager.
pub(super) const MIXINS: &[&str] = &[
    "django_lifecycle.LifecycleModelMixin",
    "django_lifecycle.mixins.LifecycleModelMixin",
    "guardian.mixins.GuardianUserMixin",
    "parler.models.TranslatableModelMixin",
    "rules.contrib.models.RulesModelMixin",
    "wagtail.search.index.Indexed",
];
