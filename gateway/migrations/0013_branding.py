"""Channels get a brand; that of RCS agents moves there from their settings."""

import django.db.models.deletion
from django.db import migrations, models

from gateway.secrets import Undecryptable, seal, unseal

OLD = ("agent_name", "agent_logo", "agent_color")


def move(apps, schema_editor):
    """Name and color; a logo was an address, and must be uploaded anew."""
    for row in apps.get_model("gateway", "Channel").objects.filter(kind="google_rcs"):
        try:
            config = unseal(row.config)
        except Undecryptable:
            continue
        name, _logo, color = (config.pop(key, "") for key in OLD)
        row.brand_name, row.brand_color = name[:100], color.upper()
        row.config = seal(config)
        row.save(update_fields=["brand_name", "brand_color", "config"])


class Migration(migrations.Migration):
    dependencies = [("gateway", "0012_replacing")]

    operations = [
        migrations.AddField(
            model_name="channel",
            name="brand_name",
            field=models.CharField(blank=True, db_default="", default="", max_length=100),
        ),
        migrations.AddField(
            model_name="channel",
            name="brand_color",
            field=models.CharField(blank=True, db_default="", default="", max_length=7),
        ),
        migrations.AddField(
            model_name="channel",
            name="brand_logo",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="branded",
                to="gateway.storedfile",
            ),
        ),
        migrations.RunPython(move, migrations.RunPython.noop),
    ]
