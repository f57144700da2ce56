"""All addresses."""

from django.contrib import admin
from django.urls import include, path

handler403 = "trajectories.views.permissions.permission_denied"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("trajectories.urls")),
]
