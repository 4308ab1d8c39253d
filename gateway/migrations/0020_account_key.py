"""By what webhooks name a channel's account, where an app's channels share one address."""

import django.contrib.postgres.indexes
from django.db import migrations, models
from django.db.models import Func, Value

from gateway.registry import UnknownKind, adapter_class
from gateway.secrets import Undecryptable, unseal


def fill(apps, schema_editor):
    channels = apps.get_model("gateway", "Channel").objects
    for row in channels.only("kind", "config").iterator():
        try:
            key = adapter_class(row.kind).account_key(unseal(row.config))
        except (UnknownKind, Undecryptable):
            continue  # it is filled in when the settings are saved again
        if key:
            channels.filter(pk=row.pk).update(account_key=key)


class Migration(migrations.Migration):
    dependencies = [("gateway", "0019_public_approval")]

    operations = [
        migrations.AddField(
            "channel",
            "account_key",
            models.CharField(blank=True, db_default="", default="", max_length=255),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            "channel",
            django.contrib.postgres.indexes.GinIndex(
                Func("account_key", Value(" "), function="string_to_array"),
                name="channel_by_account",
            ),
        ),
    ]
