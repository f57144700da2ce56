"""What workers share of an endpoint is shared by all projects, and a copied sampler knows what it was copied from.

What was left of rates and waits is not taken over: buckets begin full, and an endpoint that wants to be left alone says
so again.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("trajectories", "0131_spend_ceilings")]
    operations = [
        migrations.CreateModel(
            name="EndpointGate",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("requests", models.FloatField(default=0.0)),
                ("tokens", models.FloatField(default=0.0)),
                ("filled_at", models.DateTimeField(null=True)),
                ("held_until", models.DateTimeField(null=True)),
                ("reason", models.TextField(blank=True)),
            ],
        ),
        migrations.DeleteModel("SamplerGate"),
        migrations.AddField("sampler", "origin_project", models.BigIntegerField(blank=True, null=True)),
        migrations.AddField("sampler", "origin_sampler", models.BigIntegerField(blank=True, null=True)),
    ]
