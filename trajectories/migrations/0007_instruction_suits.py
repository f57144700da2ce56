import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Which samplers and problems an instruction is for, and who wrote it."""

    dependencies = [
        ("trajectories", "0006_chat_samplers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="instruction",
            name="suits",
            field=models.CharField(
                choices=[("symbolic", "symbolic search"), ("chat", "language model")], default="symbolic", max_length=20
            ),
        ),
        migrations.AddField(
            model_name="instruction",
            name="problem_kind",
            field=models.CharField(
                blank=True,
                choices=[
                    ("arc", "arc"),
                    ("numeric", "numeric"),
                    ("choice", "choice"),
                    ("text", "text"),
                    ("procedural", "procedural"),
                    ("environment", "environment"),
                ],
                default="",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="instruction",
            name="created_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
    ]
