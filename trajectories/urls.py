"""Addresses by concept, in alphabetical order of the concepts."""

from django.contrib.auth import views as auth_views
from django.urls import URLPattern, path

from trajectories.views import (
    exports,
    grids,
    health,
    home,
    preferences,
    problems,
    procedural,
    releases,
    reverifications,
    reviews,
    runs,
    traces,
    uploads,
)

urlpatterns: list[URLPattern] = [
    path("exports/<int:export_id>/", exports.export_detail, name="export_detail"),
    path("exports/<int:export_id>/download/", exports.export_download, name="export_download"),
    path("grids/<str:code>/", grids.grid_detail, name="grid_detail"),
    path("grids/<str:palette>/<str:code>.png", grids.grid_png_file, name="grid_png"),
    path("grids/<str:palette>/<str:code>.svg", grids.grid_svg_file, name="grid_svg"),
    path("health/", health.health, name="health"),
    path("", home.home, name="home"),
    path("login/", auth_views.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("preferences/", preferences.preferences, name="preferences"),
    path("problems/", problems.problem_list, name="problem_list"),
    path("problems/<int:problem_id>/", problems.problem_detail, name="problem_detail"),
    path("problems/import/", uploads.import_problems, name="problem_import"),
    path("problems/import/<str:token>/", uploads.question_import, name="question_import"),
    path("problems/procedural/", procedural.family_list, name="procedural_list"),
    path("problems/procedural/<slug:name>/", procedural.family_detail, name="procedural_detail"),
    path("releases/", releases.release_list, name="release_list"),
    path("releases/export-accepted/", releases.release_export_accepted, name="release_export_accepted"),
    path("releases/new/", releases.release_new, name="release_new"),
    path("releases/<int:release_id>/", releases.release_detail, name="release_detail"),
    path("releases/<int:release_id>/exports/", exports.export_create, name="export_create"),
    path("reverifications/", reverifications.reverification_list, name="reverification_list"),
    path("reverifications/new/", reverifications.reverification_new, name="reverification_new"),
    path("reverifications/<int:job_id>/", reverifications.reverification_detail, name="reverification_detail"),
    path(
        "reverifications/<int:job_id>/cancel/", reverifications.reverification_cancel, name="reverification_cancel"
    ),
    path("reviews/undo/", reviews.review_undo, name="review_undo"),
    path("runs/", runs.run_list, name="run_list"),
    path("runs/new/", runs.run_new, name="run_new"),
    path("runs/new/estimate/", runs.run_estimate, name="run_estimate"),
    path("runs/<int:run_id>/", runs.run_detail, name="run_detail"),
    path("runs/<int:run_id>/cancel/", runs.run_cancel, name="run_cancel"),
    path("runs/<int:run_id>/pause/", runs.run_pause, name="run_pause"),
    path("runs/<int:run_id>/resume/", runs.run_resume, name="run_resume"),
    path("traces/", traces.trace_list, name="trace_list"),
    path("traces/next/", traces.trace_next, name="trace_next"),
    path("traces/<int:trace_id>/", traces.trace_detail, name="trace_detail"),
    path("traces/<int:trace_id>/review/", reviews.review_submit, name="review_submit"),
    path("traces/<int:trace_id>/steps/<int:first>/", traces.trace_steps, name="trace_steps"),
]
