"""Addresses by concept, in alphabetical order of the concepts."""

from django.contrib.auth import views as auth_views
from django.urls import URLPattern, path

from trajectories.views import grids, home, preferences

urlpatterns: list[URLPattern] = [
    path("grids/<str:code>/", grids.grid_detail, name="grid_detail"),
    path("grids/<str:palette>/<str:code>.png", grids.grid_png_file, name="grid_png"),
    path("grids/<str:palette>/<str:code>.svg", grids.grid_svg_file, name="grid_svg"),
    path("", home.home, name="home"),
    path("login/", auth_views.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("preferences/", preferences.preferences, name="preferences"),
]
