from django.urls import reverse

from tests import factories


def test_the_page_of_a_run_leads_to_reviewing_and_export(client, lead, curator):
    run = factories.make_run(done_count=1)
    factories.make_trace(run=run)
    address = reverse("run_detail", args=[run.pk])
    client.force_login(lead)
    page = client.get(address).content.decode()
    assert f"/releases/export-accepted/?run={run.pk}" in page
    assert f"/traces/next/?run={run.pk}" in page
    client.force_login(curator)
    page = client.get(address).content.decode()
    assert "export-accepted" not in page
    assert f"/traces/next/?run={run.pk}" in page
