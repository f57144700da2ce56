"""The admin as control room: everything to look at, nothing to edit by hand, and jobs to start and steer.

`base` is what all tables share, `asking` the page that stands between an action and its effect, `clients` tokens of
programs, `jobs` the tables of jobs and how they are steered, `launches` what starts new jobs, `queues` the tables of
curation queues, `curation` human edits, final decisions and comparisons, `learning` the tables of what learns, `lists`
words, tags and views of traces, `people` how people come in, `processes` workers and what tells of them, `releases`
those of releases, `spending` those of daily spending, `webhooks` those of webhooks, `records` the tables of everything
else.
"""

from django.contrib import admin

from trajectories.admin import (
    clients,
    curation,
    jobs,
    learning,
    lists,
    people,
    processes,
    queues,
    records,
    releases,
    spending,
    webhooks,
)

admin.site.site_header = "Minicolumn"
admin.site.site_title = "Minicolumn admin"
admin.site.index_title = "Control room"

__all__ = [
    "clients",
    "curation",
    "jobs",
    "learning",
    "lists",
    "people",
    "processes",
    "queues",
    "records",
    "releases",
    "spending",
    "webhooks",
]
