"""Quiet hours: a workspace's rule, and when a delivery may leave under it."""

import datetime

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("gateway", "0015_sender_pools"),
    ]

    operations = [
        migrations.CreateModel(
            name="QuietHours",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "workspace",
                    models.OneToOneField(
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="quiet_hours",
                        to="accounts.workspace",
                    ),
                ),
                ("enabled", models.BooleanField(default=False)),
                ("starts", models.TimeField(default=datetime.time(21, 0))),
                ("ends", models.TimeField(default=datetime.time(8, 0))),
                ("changed_at", models.DateTimeField()),
                ("settled_at", models.DateTimeField(null=True)),
            ],
            options={"verbose_name_plural": "quiet hours"},
        ),
        migrations.AddField("delivery", "held_until", models.DateTimeField(null=True)),
        migrations.AddField("delivery", "quiet_at", models.DateTimeField(null=True)),
        migrations.AddField("delivery", "zone", models.CharField(max_length=64, null=True)),
        migrations.AddIndex(
            "delivery",
            models.Index(
                condition=models.Q(("quiet_at__isnull", False), ("state", "queued")),
                fields=["quiet_at"],
                name="delivery_quiet",
            ),
        ),
        migrations.AddIndex(
            "delivery",
            models.Index(
                condition=models.Q(("held_until__isnull", False), ("state", "queued")),
                fields=["batch", "held_until"],
                name="delivery_held",
            ),
        ),
    ]
