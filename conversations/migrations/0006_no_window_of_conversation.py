"""Reply windows are rows of gateway's; the column was never filled, and no release has it."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("conversations", "0005_lease")]

    operations = [migrations.RemoveField(model_name="conversation", name="reply_window_until")]
