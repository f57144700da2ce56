"""Of traces that come many at a time, the words are read by a worker afterwards: they took six tenths of the database's
time of an import, and nobody searches what is not there yet.

The trigger counts the traces of a statement. Of a few it reads the words at once, as before; of many it writes down
which traces wait, in a row of SearchBacklog that is committed with them, so that nothing is forgotten.
"""

from django.db import migrations, models

FUNCTION = """
CREATE OR REPLACE FUNCTION trajectories_index_traces() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {later}
    INSERT INTO trajectories_tracesearch (trace_id, words, tools)
    SELECT fresh.id, trajectories_words(coalesce(reasoning.body, ''), program.body), trajectories_tools(fresh.steps)
    FROM fresh
    LEFT JOIN trajectories_text AS reasoning ON reasoning.content_hash = fresh.reasoning_id
    LEFT JOIN trajectories_text AS program ON program.content_hash = fresh.program_id
    ON CONFLICT (trace_id) DO NOTHING;
    RETURN NULL;
END
$$;
"""
MANY_LATER = """INSERT INTO trajectories_searchbacklog (oldest, newest, count)
        SELECT min(id), max(id), count(*) FROM fresh HAVING count(*) > 50;
    IF FOUND THEN
        RETURN NULL;
    END IF;"""
COUNT_OLD = """
UPDATE trajectories_searchbacklog
    SET count = greatest(1, (SELECT count(*) FROM trajectories_trace WHERE id <= newest));
"""


class Migration(migrations.Migration):
    dependencies = [("trajectories", "0110_run_index")]
    operations = [
        migrations.AddField("searchbacklog", "oldest", models.BigIntegerField(default=0, db_default=0)),
        migrations.AddField("searchbacklog", "count", models.BigIntegerField(default=1, db_default=1)),
        migrations.RunSQL(COUNT_OLD, migrations.RunSQL.noop),
        migrations.RunSQL(FUNCTION.format(later=MANY_LATER), FUNCTION.format(later="")),
    ]
