"""Tables of the knowledge index in the one SQLite file."""

ROOM = "knowledge"

# Ids are AUTOINCREMENT: a number is never used again, so "greater than the last one seen" finds what is new.
MIGRATIONS = (
    """
CREATE TABLE knowledge_tenants (
  tenant_no INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant_id TEXT NOT NULL UNIQUE,
  removals INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE knowledge_documents (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant_no INTEGER NOT NULL REFERENCES knowledge_tenants,
  document_id TEXT NOT NULL,
  source_uri TEXT NOT NULL,
  body TEXT NOT NULL,
  UNIQUE (tenant_no, document_id)
);
CREATE TABLE knowledge_chunks (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant_no INTEGER NOT NULL,
  chunk_id TEXT NOT NULL,
  document_id TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  text_hash TEXT NOT NULL,
  doc_type TEXT NOT NULL,
  language TEXT NOT NULL,
  approved INTEGER NOT NULL,
  body TEXT NOT NULL,
  FOREIGN KEY (tenant_no, document_id) REFERENCES knowledge_documents (tenant_no, document_id)
);
CREATE UNIQUE INDEX knowledge_chunk_ids ON knowledge_chunks (tenant_no, chunk_id);
CREATE INDEX knowledge_chunk_documents ON knowledge_chunks (tenant_no, document_id, ordinal);
CREATE INDEX knowledge_chunk_texts ON knowledge_chunks (text_hash, tenant_no);
CREATE INDEX knowledge_chunk_tenants ON knowledge_chunks (tenant_no);
CREATE INDEX knowledge_chunk_drafts ON knowledge_chunks (tenant_no) WHERE approved = 0;
CREATE TABLE knowledge_facets (
  chunk INTEGER NOT NULL REFERENCES knowledge_chunks ON DELETE CASCADE,
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (chunk, kind, value)
) WITHOUT ROWID;
CREATE INDEX knowledge_facet_values ON knowledge_facets (kind, value);
CREATE TABLE knowledge_vectors (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  model_id TEXT NOT NULL,
  text_hash TEXT NOT NULL,
  vector BLOB NOT NULL
);
CREATE UNIQUE INDEX knowledge_vector_texts ON knowledge_vectors (text_hash, model_id);
""",
)
