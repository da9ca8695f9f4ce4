"""Figures and pages for staff."""
