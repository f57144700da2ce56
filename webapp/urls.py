"""All addresses."""

from django.contrib import admin
from django.urls import include, path

handler403 = "trajectories.views.permissions.permission_denied"
handler404 = "trajectories.views.missing.not_here"
handler500 = "trajectories.views.outages.outage_or_error"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/v1/", include("trajectories.api.urls")),
    path("", include("trajectories.urls")),
]
