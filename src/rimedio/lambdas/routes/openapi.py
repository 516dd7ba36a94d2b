"""The API's own document."""

from functools import cache
from typing import TYPE_CHECKING

from rimedio.lambdas.binding import JSON
from rimedio.lambdas.replies import Download
from rimedio.lambdas.router import Api

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio

TAG = "openapi"


def register(api: Api, system: "Rimedio") -> None:
    """The route of the document."""

    @cache
    def document() -> bytes:
        from rimedio.lambdas.document import document_text

        return document_text(api.operations, system.taxonomy, system.settings).encode()

    @api.get("/v1/openapi.json", summary="This document", tag=TAG, media=JSON)
    def get_openapi() -> Download:
        return Download(document(), JSON)
