"""Campaigns say what takes over, and may have rich content."""

import django.db.models.deletion
from django.db import migrations, models

# What is being sent goes on with what its channel says, which a launch fixes from now on.
FIXED = """
UPDATE campaigns_campaign AS c SET
    fallback_by = CASE WHEN o.enabled THEN 'own' ELSE 'none' END,
    fallback_channel_id = CASE WHEN o.enabled THEN o.id END,
    fallback_after_s = h.fallback_after_s, fallback_success = h.fallback_success
FROM gateway_channel h LEFT JOIN gateway_channel o ON o.id = h.fallback_channel_id
WHERE h.id = c.channel_id AND c.status IN ('sending', 'paused')
"""


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0002_frozen_lines"),
        ("gateway", "0017_held_files"),
    ]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="content",
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="campaign",
            name="fallback_by",
            field=models.CharField(
                choices=[
                    ("channel", "The channel"),
                    ("none", "Nothing takes over"),
                    ("own", "The campaign"),
                ],
                default="channel",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="campaign",
            name="fallback_channel",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="gateway.channel",
            ),
        ),
        migrations.AddField(
            model_name="campaign",
            name="fallback_after_s",
            field=models.PositiveIntegerField(default=60),
        ),
        migrations.AddField(
            model_name="campaign",
            name="fallback_success",
            field=models.CharField(
                choices=[("sent", "Sent"), ("delivered", "Delivered"), ("read", "Read")],
                default="delivered",
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="recipient",
            name="reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("opted_out", "Opted out"),
                    ("no_address", "No address on this channel"),
                    ("duplicate", "Already reached at another address"),
                    ("blocked", "Blocked contact"),
                    ("bounced", "Address does not exist"),
                    ("cancelled", "Campaign cancelled"),
                    ("no_text", "A variable without value and without fallback"),
                    ("too_long", "Text too long with this person's values"),
                    ("deleted", "Contact deleted"),
                    ("bad_value", "A value that does not fit, such as in a web address"),
                ],
                max_length=16,
            ),
        ),
        migrations.RunSQL(FIXED, migrations.RunSQL.noop),
    ]
