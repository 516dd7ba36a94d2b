"""Routes of the API, a module a topic, each with `def register(api: Api, system: Rimedio) -> None`.

A route is a nested function whose signature is its contract:

    def register(api: Api, system: Rimedio) -> None:
        @api.get("/v1/learning/rows/{row_id}", summary="One training row", tag="learning", errors=(404,))
        def get_row(row_id: RowId, query: RowQuery) -> RowView:
            return system.learning.row(api.caller.tenant_id, row_id)

- Parameters named in the path take that part of it; annotate them with their limits
  (`Annotated[str, Field(pattern=…, max_length=…)]`).
- `query`, `headers`: a pydantic model each (a list's query extends `replies.Paging`; header names are
  lower-case aliases). `body`: a pydantic model of the JSON body, read strictly, with `extra="forbid"`.
  `raw: bytes`: an upload's body (application/octet-stream).
- The return annotation is the document's response schema: a pydantic model, a dataclass, `Items[View]` for a
  list, `Reply[View]` to add headers or change the status, `Download` for a file (say its type with `media=`),
  `None` with `status=204`.
- Who may call stands in `rimedio.security.permissions` under the key "GET /v1/learning/rows/{row_id}"; a route
  without an entry is refused to everybody.
- Errors are raised as they come (`rimedio.domain.errors`); `failures.py` turns them into HTTP. List those
  beyond 400, 401, 403, 429, 500 and 503 in `errors=`, so that the document knows them.
- `api.caller` says who is calling; the tenant comes from there and from nowhere else.

Then add the module's name to `TOPICS` in `lambdas/api.py` and run `python -m tools.openapi`, which writes the document
that is committed (docs/openapi.json; a test compares). Request bodies hold nothing undescribed and every
parameter has limits: `tests/contract/lambdas/test_document.py` looks. Event streams are registered with
`api.stream`, which documents them; the gateway serves them. Import heavy libraries inside the use cases, not here: the
import of all routes is part of a Lambda's cold start.
"""
