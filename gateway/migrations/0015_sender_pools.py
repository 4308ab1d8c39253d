"""Pools of senders: which one a delivery left from, and which one each person knows."""

import django.db.models.deletion
from django.db import migrations, models

WHY = [
    ("written_to", "the number this person wrote to"),
    ("country", "chosen for the country of this number"),
    ("general", "chosen among the senders for all countries"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("gateway", "0014_prices"),
    ]

    operations = [
        migrations.AddField("delivery", "sender", models.CharField(max_length=32, null=True)),
        migrations.AddField(
            "delivery", "sender_why", models.CharField(choices=WHY, max_length=16, null=True)
        ),
        migrations.CreateModel(
            name="SenderChoice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("address", models.CharField(max_length=320)),
                ("sender", models.CharField(max_length=32)),
                ("why", models.CharField(choices=WHY, max_length=16)),
                (
                    "channel",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="gateway.channel",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("channel", "address"), name="sender_choice_unique"
                    )
                ],
            },
        ),
    ]
