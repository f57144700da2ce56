"""Migrations of large tables keep nobody waiting: what the newer ones send to the database is read statement by
statement. What goes out from Python (RunPython, DO) is not seen here: it has to go in steps, see docs/operating.md.
"""

import re
from collections.abc import Iterator, Sequence

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

SINCE = "0121"
"""The first migration that is held to this; those before it were for versions that nobody runs at this size."""
LARGE = (
    *("trace", "text", "verdict", "attempt", "review", "releaseitem", "queueitem", "assignment", "reply"),
    *("tracesearch", "tracetag", "importedverdict", "importedreview", "pendingverification", "judgejobitem"),
    *("judgejobanswer", "segmentationitem", "replay", "transition", "episode", "auditevent", "submission", "removal"),
)
"""Tables that grow with traces."""
TABLE = rf"(?:ONLY )?\"?trajectories_(?:{'|'.join(LARGE)})\"?(?![\w])"
CHANGE = rf"ALTER TABLE (?:IF EXISTS )?{TABLE}.*"
CONSTANT = r"\(?(?:'(?:[^']|'')*'|[-+]?[\d.]+|true|false|null|now\(\)|statement_timestamp\(\)|current_timestamp)"
FAULTS = {
    rf"CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY).*? ON {TABLE}": "an index that is not made CONCURRENTLY",
    rf"REINDEX (?!.*CONCURRENTLY).*{TABLE}": "an index that is not made CONCURRENTLY",
    rf"{CHANGE}ADD (?:CONSTRAINT \S+ )?(?:CHECK|FOREIGN KEY)(?!.*NOT VALID)": "a constraint that is checked at once",
    rf"{CHANGE}ADD (?:CONSTRAINT \S+ )?(?:UNIQUE|PRIMARY KEY|EXCLUDE)(?! USING INDEX)": "an index made at once",
    rf"{CHANGE}ADD COLUMN.* (?:CHECK|UNIQUE|PRIMARY KEY)\b": "a column with a constraint that is checked at once",
    rf"{CHANGE}ADD COLUMN.* (?:GENERATED|serial|bigserial)\b": "a column that is worked out for every row",
    rf"{CHANGE}ADD COLUMN.* DEFAULT (?!{CONSTANT}(?:\W|$))": "a column whose default is another for every row",
    rf"{CHANGE}ALTER COLUMN \S+ (?:SET DATA )?TYPE": "a column of another type",
    rf"{CHANGE}ALTER COLUMN \S+ SET NOT NULL": "a column that all rows are looked through for",
    rf"(?:UPDATE|DELETE FROM) {TABLE}": "all rows changed in one statement",
    rf"(?:CLUSTER|VACUUM FULL).*{TABLE}": "a table written anew",
}
"""What holds a lock of a large table for as long as its rows take."""
EARLIER = {"0067_traces_of_samplers": 2, "0071_import_details": 1, "0110_run_index": 0, "0047_comparisons": 0}
"""By migration, how many statements would be refused by now."""
VALIDATED = re.compile(rf"ALTER TABLE (?:IF EXISTS )?({TABLE}).*VALIDATE CONSTRAINT", re.IGNORECASE)


def faults_of(statements: Sequence[str], *, atomic: bool) -> list[str]:
    """What is wrong with the statements of a migration."""
    found = []
    lines = [" ".join(re.sub(r"--.*", "", statement).split()) for statement in statements]
    new = set(re.findall(r"CREATE TABLE \"?(\w+)", " ".join(lines)))
    lines = [line for line in lines if not line.startswith("CREATE OR REPLACE FUNCTION")]
    for line in [line for line in lines if not new & set(re.findall(rf"{TABLE}", line.replace('"', "")))]:
        found += [f"{what}: {line}" for pattern, what in FAULTS.items() if re.search(pattern, line, re.IGNORECASE)]
        if atomic and (match := VALIDATED.search(line)) and sum(match[1] in other for other in lines) > 1:
            found.append(f"a constraint is validated while its table is locked: {line}")
    return found


def newer() -> Iterator[str]:
    graph = MigrationExecutor(None).loader.graph
    return (name for app, name in sorted(graph.nodes) if app == "trajectories" and name >= SINCE)


def statements_of(name: str) -> tuple[list[str], bool]:
    """What a migration sends, and whether in one transaction."""
    loader = MigrationExecutor(connection).loader
    migration = loader.graph.nodes["trajectories", name]
    state = loader.project_state(("trajectories", name), at_end=False)
    with connection.schema_editor(collect_sql=True, atomic=migration.atomic) as editor:
        migration.apply(state, editor, collect_sql=True)
    return [statement for statement in editor.collected_sql if not statement.startswith("--")], migration.atomic


@pytest.mark.django_db(transaction=True)
def test_newer_migrations_keep_nobody_from_a_large_table():
    found = {name: faults_of(sent, atomic=atomic) for name in newer() for sent, atomic in [statements_of(name)]}
    assert {name: faults for name, faults in found.items() if faults} == {}


@pytest.mark.django_db(transaction=True)
def test_what_migrations_send_is_read_as_django_writes_it():
    """What earlier ones did to traces is found: keys that were checked at once, an index that was not made beside all
    work. What was made beside it is not, nor a table that was new."""
    found = {name: faults_of(sent, atomic=atomic) for name in EARLIER for sent, atomic in [statements_of(name)]}
    assert {name: len(faults) for name, faults in found.items()} == EARLIER


@pytest.mark.parametrize(
    "statement",
    [
        'CREATE INDEX "x" ON "trajectories_trace" ("run_id")',
        "CREATE UNIQUE INDEX x ON trajectories_verdict (id)",
        'ALTER TABLE "trajectories_trace" ADD CONSTRAINT "x" CHECK ("a" > 0)',
        'ALTER TABLE "trajectories_review" ADD CONSTRAINT "x" FOREIGN KEY ("a_id") REFERENCES "b" ("id")',
        'ALTER TABLE "trajectories_releaseitem" ADD CONSTRAINT "x" UNIQUE ("a")',
        'ALTER TABLE "trajectories_trace" ADD COLUMN "a" integer DEFAULT 0 NOT NULL CHECK ("a" >= 0)',
        'ALTER TABLE "trajectories_trace" ADD COLUMN "a" uuid DEFAULT gen_random_uuid() NOT NULL',
        'ALTER TABLE "trajectories_trace" ADD COLUMN "a" integer GENERATED ALWAYS AS (b + 1) STORED',
        'ALTER TABLE "trajectories_trace" ALTER COLUMN "a" TYPE bigint USING "a"::bigint',
        'ALTER TABLE "trajectories_attempt" ALTER COLUMN "a" SET NOT NULL',
        "UPDATE trajectories_trace\n    SET a = 1",
        "DELETE FROM trajectories_text WHERE a",
        "VACUUM FULL trajectories_reply",
        "REINDEX TABLE trajectories_reply",
    ],
)
def test_what_locks_a_large_table_is_found(statement):
    assert len(faults_of([statement], atomic=True)) == 1


@pytest.mark.parametrize(
    "statement",
    [
        'CREATE INDEX CONCURRENTLY "x" ON "trajectories_trace" ("run_id")',
        'CREATE INDEX "x" ON "trajectories_run" ("id")',
        "CREATE INDEX x ON trajectories_tracetally (trace_id)",
        'ALTER TABLE "trajectories_trace" ADD CONSTRAINT "x" CHECK ("a" > 0) NOT VALID',
        "ALTER TABLE trajectories_releaseitem ADD CONSTRAINT x UNIQUE USING INDEX x",
        'ALTER TABLE "trajectories_trace" ADD COLUMN "a" varchar(9) DEFAULT \'\' NOT NULL',
        'ALTER TABLE "trajectories_trace" ADD COLUMN "a" timestamptz DEFAULT (statement_timestamp()) NOT NULL',
        'ALTER TABLE "trajectories_trace" ADD COLUMN "a_id" bigint NULL CONSTRAINT "x" REFERENCES "b"("id")',
        'ALTER TABLE "trajectories_trace" DROP COLUMN "a" CASCADE',
        'ALTER TABLE "trajectories_trace" VALIDATE CONSTRAINT "x"',
        "UPDATE trajectories_run SET a = 1",
    ],
)
def test_what_takes_a_moment_is_not(statement):
    assert faults_of([statement], atomic=True) == []


def test_a_constraint_is_validated_in_a_transaction_of_its_own():
    added = 'ALTER TABLE "trajectories_trace" ADD CONSTRAINT "x" CHECK ("a" > 0) NOT VALID'
    validated = 'ALTER TABLE "trajectories_trace" VALIDATE CONSTRAINT "x"'
    assert len(faults_of([added, validated], atomic=True)) == 1
    assert faults_of([added, validated], atomic=False) == []
