"""Headers that every answer of the API carries against misuse in browsers (OWASP Secure Headers Project)."""

from collections.abc import Mapping

API_POLICY = "default-src 'none'; frame-ancestors 'none'"
ALWAYS: Mapping[str, str] = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
API_HEADERS: Mapping[str, list[str]] = {
    name: [value] for name, value in {**ALWAYS, "content-security-policy": API_POLICY}.items()
}
