"""The console in a real browser, against a real service: shared by the end-to-end tests and the screenshots."""

from tools.console.browser import CHROMIUM, Look, Visit, chromium, visit
from tools.console.preparation import prepare, samples
from tools.console.service import Demo, serving

__all__ = ["CHROMIUM", "Demo", "Look", "Visit", "chromium", "prepare", "samples", "serving", "visit"]
