"""Lines of the ledger are written once: what is handed over is a mark on the campaign."""

import uuid

import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

# What the columns that go said: lines stand where their deliveries stand, whose uid from now on is
# computed from the campaign's seed and the line's id (campaigns.models.line_uid).
UIDS = """
UPDATE gateway_delivery AS d
SET uid = (
    substr(c.seed::text, 1, 14) || '8' || substr(c.seed::text, 16, 4)
    || to_hex(-9223372036854775808 | r.id))::uuid
FROM campaigns_recipient r JOIN campaigns_campaign c ON c.id = r.campaign_id
WHERE d.id = r.delivery_id
"""
# A line that waits in a cancelled campaign is cancelled by that; it keeps no reason of its own.
UNDO = "UPDATE campaigns_recipient SET state = 'pending', reason = '' WHERE reason = 'cancelled'"
MARKS = """
WITH spans AS (
    SELECT campaign_id, min(id) AS first, max(id) AS last,
        coalesce(min(id) FILTER (WHERE state = 'pending') - 1, max(id)) AS mark
    FROM campaigns_recipient GROUP BY campaign_id),
counts AS (
    SELECT r.campaign_id, r.reason, count(*) AS count,
        count(*) FILTER (WHERE r.reason = '' AND r.id <= s.mark) AS handed
    FROM campaigns_recipient r JOIN spans s USING (campaign_id) GROUP BY 1, 2),
summed AS (
    SELECT campaign_id, sum(handed) AS handed, jsonb_object_agg(reason, count) AS lines
    FROM counts GROUP BY campaign_id)
UPDATE campaigns_campaign AS c
SET first_line = s.first, last_line = s.last, handed_to = s.mark, handed = n.handed,
    lines = n.lines
FROM spans s JOIN summed n USING (campaign_id) WHERE c.id = s.campaign_id
"""


REASONS = [
    ("opted_out", "Opted out"),
    ("no_address", "No address on this channel"),
    ("duplicate", "Already reached at another address"),
    ("blocked", "Blocked contact"),
    ("bounced", "Address does not exist"),
    ("cancelled", "Campaign cancelled"),
    ("no_text", "A variable without value and without fallback"),
    ("too_long", "Text too long with this person's values"),
    ("deleted", "Contact deleted"),
]


def give_seeds(apps, schema_editor):
    campaign = apps.get_model("campaigns", "Campaign")
    for row in campaign.objects.only("id").iterator():
        campaign.objects.filter(pk=row.pk).update(seed=uuid.uuid4())


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0001_initial"),
        ("gateway", "0004_error_class_of_exchange"),
    ]

    operations = [
        migrations.AddField(
            "campaign", "seed", models.UUIDField(default=uuid.uuid4, editable=False)
        ),
        migrations.AddField("campaign", "first_line", models.BigIntegerField(default=0)),
        migrations.AddField("campaign", "last_line", models.BigIntegerField(default=0)),
        migrations.AddField("campaign", "handed_to", models.BigIntegerField(default=0)),
        migrations.AddField("campaign", "handed", models.IntegerField(default=0)),
        migrations.AddField("campaign", "lines", models.JSONField(default=dict)),
        migrations.RunPython(give_seeds, migrations.RunPython.noop, elidable=True),
        migrations.RunSQL(UIDS, migrations.RunSQL.noop, elidable=True),
        migrations.RunSQL(UNDO, migrations.RunSQL.noop, elidable=True),
        migrations.RunSQL(MARKS, migrations.RunSQL.noop, elidable=True),
        migrations.RemoveConstraint("recipient", "recipient_of_delivery"),
        migrations.RemoveConstraint("recipient", "recipient_once"),
        migrations.RemoveIndex("recipient", "recipient_counts"),
        migrations.RemoveField("recipient", "delivery"),
        migrations.RemoveField("recipient", "state"),
        migrations.RemoveField("recipient", "uid"),
        migrations.AlterField(
            "recipient",
            "contact",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="contacts.contact",
            ),
        ),
        migrations.AlterField(
            "recipient",
            "reason",
            models.CharField(blank=True, choices=REASONS, max_length=16),
        ),
        migrations.AddIndex(
            "recipient",
            models.Index(
                condition=~Q(reason=""), fields=["campaign", "reason", "id"], name="recipient_left"
            ),
        ),
        migrations.AddIndex(
            "recipient",
            django.contrib.postgres.indexes.BrinIndex(
                fields=["contact"], name="recipient_contact_blocks"
            ),
        ),
    ]
