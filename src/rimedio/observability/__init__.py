"""Logs, metrics, traces and objectives."""
