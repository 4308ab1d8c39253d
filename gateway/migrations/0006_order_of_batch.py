from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("gateway", "0005_leaner_indexes"),
    ]

    operations = [
        migrations.RemoveIndex("delivery", "delivery_of_batch"),
        migrations.AddIndex(
            "delivery",
            models.Index(fields=["batch", "state", "uid"], name="delivery_of_batch"),
        ),
    ]
