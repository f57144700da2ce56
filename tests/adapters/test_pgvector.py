"""Vectors in the database: found as an exact search finds them, by an index or without; or it is told why not."""

import numpy as np
import pytest
from django.db import connection, transaction

from tests.factories import make_problem
from tests.projects import another_project
from tests.vectors import vector_search
from trajectories.adapters import pgvector
from trajectories.adapters.acting import acting_in
from trajectories.adapters.pgvector import SCHEMA, VectorTable, ensure_vector_search, find_vector_search
from trajectories.core.generation.nearness import near_by_vectors, unit
from trajectories.models import Problem

ALL = "SELECT id FROM trajectories_problem"
NUMBERS = 16


@pytest.fixture
def search(db):
    with vector_search() as found:
        yield found


def run(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def filled(search, count):
    """(table, ids of problems, their vectors)."""
    chance = np.random.default_rng(1)
    vectors = [unit(row) for row in chance.normal(size=(count, NUMBERS)).tolist()]
    problems = [make_problem() for _ in vectors]
    table = VectorTable(search, "m" * 64, NUMBERS)
    table.add({problem.content_hash: vector for problem, vector in zip(problems, vectors, strict=True)})
    return table, [problem.pk for problem in problems], vectors


@pytest.mark.parametrize("is_indexed", [False, True])
def test_the_nearest_are_those_of_the_exact_search(search, monkeypatch, is_indexed):
    table, keys, vectors = filled(search, 60)
    monkeypatch.setattr(pgvector, "INDEXED_FROM", 50 if is_indexed else 1_000)
    table.ensure_index()
    table.ensure_index()
    assert len(run(f"SELECT 1 FROM pg_indexes WHERE schemaname = '{SCHEMA}' AND indexdef LIKE '%hnsw%'")) == is_indexed
    if is_indexed:
        run("SET LOCAL enable_seqscan = off")
        run("SET LOCAL enable_sort = off")
    asked = unit(np.random.default_rng(2).normal(size=NUMBERS).tolist())
    order = [keys[place] for place in np.argsort(-near_by_vectors(asked, vectors))]
    assert table.nearest(ALL, [], asked, 10) == order[:10]
    assert table.in_order(ALL, [], asked) == order
    few = order[5::10]
    assert table.nearest(f"{ALL} WHERE id = ANY(%s)", [few], asked, 10) == few, "none but what may be found"


def test_what_has_no_vector_of_this_length_comes_last_and_is_not_looked_for_again(search):
    table, keys, vectors = filled(search, 3)
    longer, unknown = make_problem(), make_problem()
    assert table.missing(ALL, []) == [longer.pk, unknown.pk]
    table.add({longer.content_hash: unit([1.0] * (NUMBERS + 1))})
    table.add({longer.content_hash: unit([1.0] * (NUMBERS + 1))})
    assert table.missing(ALL, []) == [unknown.pk]
    assert table.in_order(ALL, [], vectors[1])[0] == keys[1]
    assert table.in_order(ALL, [], vectors[1])[3:] == [longer.pk, unknown.pk]
    assert len(table.nearest(ALL, [], vectors[1], 10)) == 3
    assert VectorTable(search, "m" * 64, NUMBERS + 1).missing(ALL, []) == [*keys, longer.pk, unknown.pk]


def test_projects_have_vectors_of_their_own(search):
    table, keys, vectors = filled(search, 2)
    with acting_in(another_project().pk):
        mine = make_problem()
        other = VectorTable(search, "m" * 64, NUMBERS)
        assert other.missing(ALL, []) == [mine.pk]
        other.add({mine.content_hash: vectors[0]})
        assert other.nearest(ALL, [], vectors[0], 9) == [mine.pk]
    assert table.nearest(ALL, [], vectors[0], 9) == keys
    assert Problem.objects.count() == 2


def test_vectors_too_long_for_an_index_are_searched_without(search, monkeypatch):
    monkeypatch.setattr(pgvector, "INDEXED_FROM", 1)
    table, problem = VectorTable(search, "m" * 64, 4_096), make_problem()
    table.add({problem.content_hash: unit([1.0] * 4_096)})
    table.ensure_index()
    assert table.nearest(ALL, [], unit([1.0] * 4_096), 3) == [problem.pk]
    assert run(f"SELECT 1 FROM pg_indexes WHERE schemaname = '{SCHEMA}' AND indexdef LIKE '%hnsw%'") == []


def test_it_says_why_the_process_searches(db):
    assert not find_vector_search()
    if not run("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'"):
        assert find_vector_search().words.endswith("the database server does not have it.")
        pytest.skip("this database server has no pgvector")
    assert "have a superuser CREATE EXTENSION vector, then run" in find_vector_search().words
    run("CREATE ROLE nobody_special")
    run("GRANT SELECT ON pg_extension TO nobody_special")
    with transaction.atomic():
        run("SET LOCAL ROLE nobody_special")
        assert "have a superuser CREATE EXTENSION" in ensure_vector_search().words, "it may not, and nothing breaks"
        run("RESET ROLE")
        run("CREATE EXTENSION vector")
        run("SET LOCAL ROLE nobody_special")
        assert f"there is no schema {SCHEMA} that this role may make tables in" in ensure_vector_search().words
        run("RESET ROLE")
        run("UPDATE pg_extension SET extversion = '0.7.4' WHERE extname = 'vector'")
        assert "found version 0.7.4, expected 0.8 or newer" in ensure_vector_search().words
        run("UPDATE pg_extension SET extversion = '0.10.0' WHERE extname = 'vector'")
        assert ensure_vector_search().words == "The nearest embeddings are found by pgvector in the database."
        assert ensure_vector_search()
