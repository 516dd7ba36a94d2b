"""Every setting: its name, type, default and meaning. One registry for laptop, tests and AWS.

A value comes from, strongest first: the command line, the environment (`RIMEDIO_DATA_DIR=…`), the file
`rimedio.toml` in the current folder, the default written here.
"""

import os
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, SecretStr, ValidationError

from rimedio.aws_settings import AwsSettings
from rimedio.domain.errors import InvalidSetting

ENV_PREFIX = "RIMEDIO_"
FILE_NAME = "rimedio.toml"

Probability = Annotated[float, Field(ge=0, le=1)]


class Generator(StrEnum):
    """Who writes remedies."""

    EXTRACTIVE = "extractive"
    OPENAI_COMPATIBLE = "openai-compatible"
    BEDROCK = "bedrock"


class EmbedderName(StrEnum):
    """Which embedding model search uses; `none` searches by words and codes alone."""

    E5_SMALL = "e5-small-latin"
    MINILM = "minilm"
    BEDROCK = "bedrock"
    NONE = "none"


class Settings(AwsSettings):
    """All settings, validated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_dir: Path = Field(Path(".data"), description="Folder that holds everything Rimedio stores.")
    tenant: str = Field("default", min_length=1, max_length=64, description="Tenant of the command line.")
    taxonomy_file: Path | None = Field(
        None, description="Product types, models, code patterns; built in if unset."
    )
    price_file: Path | None = Field(
        None, description="Model prices in USD per million tokens; built in if unset."
    )

    embedder: EmbedderName = Field(EmbedderName.E5_SMALL, description="Embedding model used by search.")
    model_dir: Path | None = Field(None, description="Folder of embedding models; the packaged one if unset.")
    embedding_threads: int = Field(2, ge=1, le=64, description="Threads of the embedding model.")

    chunk_tokens: int = Field(
        250, ge=40, le=2000, description="Size aimed at when a document is cut, in tokens."
    )
    chunk_tokens_max: int = Field(
        400, ge=60, le=4000, description="Size a chunk passes only if it cannot be cut."
    )
    document_bytes_max: int = Field(
        64 * 1024 * 1024, ge=1024, description="Largest file that is read, in bytes."
    )
    ocr: bool = Field(default=True, description="Read scanned pages with tesseract where it is installed.")

    search_limit: int = Field(8, ge=1, le=50, description="Passages handed to the writer.")
    search_candidates: int = Field(
        60, ge=10, le=1000, description="Chunks each way of searching may propose."
    )
    context_tokens: int = Field(3000, ge=200, le=200_000, description="Token budget of the passages.")

    generator: Generator = Field(Generator.EXTRACTIVE, description="Who writes the remedy.")
    llm_url: str | None = Field(None, description="Base URL of an OpenAI-compatible server, up to /v1.")
    llm_model: str | None = Field(None, description="Model to ask that server for.")
    llm_fallback_model: str | None = Field(None, description="Model to ask when the first one fails.")
    llm_api_key: SecretStr | None = Field(None, description="Bearer key of that server, when it wants one.")
    llm_timeout_seconds: float = Field(60, gt=0, le=600, description="Longest wait for one reply.")

    groundedness_min: Probability = Field(0.75, description="Below this groundedness nothing is published.")
    publish_confidence_min: Probability = Field(
        0.70, description="Below this calibrated confidence a person reviews the remedy."
    )
    classification_sure: Probability = Field(0.85, description="At or above: the category is taken as it is.")
    classification_unsure: Probability = Field(0.70, description="Below: a second opinion, then a person.")

    upload_bytes_max: int = Field(
        64 * 1024 * 1024, ge=1024, description="Largest file sent in pieces, in bytes."
    )
    upload_part_bytes: int = Field(
        5 * 1024 * 1024, ge=1024, le=9 * 1024 * 1024, description="Size of one piece of an upload, in bytes."
    )
    uploads_open_max: int = Field(
        200, ge=1, le=10_000, description="Uploads that a tenant may have begun and not finished."
    )
    attachments_max: int = Field(10, ge=0, le=100, description="Files that a ticket may come with.")

    guardrails: bool = Field(default=True, description="Redact personal data, find injections, flag dangers.")
    http_host: str = Field("127.0.0.1", description="Address the service listens on.")
    http_port: int = Field(
        8787, ge=0, le=65535, description="Port the service listens on; 0 takes a free one."
    )
    event_days: int = Field(
        30, ge=1, le=365, description="Days that events are kept to be looked at and replayed."
    )
    loopback_urls: bool = Field(
        default=False,
        description="Let webhooks and links reach this machine itself; for development and tests.",
    )
    jwks: str | None = Field(
        None, description="Keys of another issuer whose tokens count too: an https URL, or a file."
    )
    token_issuer: str | None = Field(None, description="That issuer's name, as its tokens write it (iss).")
    token_audience: str | None = Field(None, description="For whom its tokens must be made (aud).")
    token_tenant_claim: str = Field("custom:tenant_id", description="Its claim that names the tenant.")
    token_roles_claim: str = Field("cognito:groups", description="Its claim that lists the roles.")
    cors_origins: str = Field(
        "",
        description="Origins of other sites whose pages may call the API, such as https://a.example, by comma.",
    )
    rate_overrides: str = Field(
        "",
        pattern=r"^(\s*[^=,\s]+\s*=\s*\d+\s*/\s*\d+\s*(,|$))*$",
        description="Requests a second and burst of single tenants, such as acme=50/100, by comma.",
    )
    workers: int = Field(2, ge=1, le=64, description="Tickets worked on at the same time.")
    budget_monthly_usd: float | None = Field(
        None, ge=0, le=1_000_000_000, description="What a tenant may spend a month, in USD; unset: no limit."
    )
    budget_small_model_at: float = Field(
        0.70, ge=0, le=10, description="Share of the budget from which on the fallback model writes."
    )
    budget_extractive_at: float = Field(
        0.90, ge=0, le=10, description="Share of the budget from which on no model is paid."
    )
    budget_person_at: float = Field(
        1.0, ge=0, le=10, description="Share of the budget from which on tickets go to a person."
    )
    traces: str = Field(
        "none",
        pattern="^(none|file|console|otlp)$",
        description="Where spans go: nowhere, a file of the data folder, standard output, a collector.",
    )
    metrics_file: Path | None = Field(
        None, description="File that gets every measurement in CloudWatch's embedded metric format."
    )
    objectives_file: Path | None = Field(None, description="Service level objectives; built in if unset.")
    log_level: str = Field(
        "WARNING", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Least severe log line."
    )


def load_settings(
    overrides: Mapping[str, object] | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Settings:
    """Settings out of `overrides`, environment, `rimedio.toml`, defaults. Raises InvalidSetting."""
    env = os.environ if environment is None else environment
    values: dict[str, object] = _from_file((folder or Path.cwd()) / FILE_NAME)
    values |= {name: env[key] for name in Settings.model_fields if (key := ENV_PREFIX + name.upper()) in env}
    values |= {name: value for name, value in (overrides or {}).items() if value is not None}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise InvalidSetting(_explain(error)) from error


def _from_file(path: Path) -> dict[str, object]:
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        msg = f"The settings file {path} cannot be read: {error}. Mend it or move it away."
        raise InvalidSetting(msg) from error


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    if name not in Settings.model_fields:
        known = ", ".join(sorted(Settings.model_fields))
        return f"There is no setting `{name}`. The settings are: {known}."
    meaning = Settings.model_fields[name].description
    return f"The setting `{name}` cannot be {first['input']!r}: {first['msg']}. Its meaning: {meaning}"
