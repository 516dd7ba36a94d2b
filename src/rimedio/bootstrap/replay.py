"""Replay, put together: the same system read-only, with another model, prompt or index behind the answerer."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rimedio.answering.extractive.writer import ExtractiveWriter
from rimedio.answering.writers import Writer
from rimedio.domain.errors import InvalidSetting, NotFound
from rimedio.knowledge.hybrid import HybridOptions
from rimedio.knowledge.index.port import KnowledgeIndex
from rimedio.knowledge.index.sqlite import SqliteIndex
from rimedio.knowledge.search import Search, SearchOptions
from rimedio.learning.replay import Replay, VaultlessGuard
from rimedio.settings import Generator
from rimedio.storage.folder import DataFolder
from rimedio.tickets.adapters import IndexCodeLookup
from rimedio.tickets.parts import TaskParts
from rimedio.tickets.read_attachment import read_attachment
from rimedio.tickets.task_tokens import TaskTokens

if TYPE_CHECKING:
    from rimedio.bootstrap.system import Rimedio
    from rimedio.llm.prompts import PromptRegistry

EXTRACTIVE = Generator.EXTRACTIVE.value


@dataclass(frozen=True, slots=True)
class Trial:
    """What is to be tried; what is None stays as it is configured.

    `model` is a chat model of the configured endpoint, or "extractive"; `prompt` a version of the shipped
    prompt or a folder of templates; `index` another data folder.
    """

    model: str | None = None
    prompt: str | None = None
    index: Path | None = None


@contextmanager
def replaying(system: "Rimedio", trial: Trial) -> Iterator[Replay]:
    """The use case, and what it opened closed again afterwards.

    Raises InvalidSetting, NotFound for a prompt or an index that is not there.
    """
    with ExitStack() as opened:
        writer = _writer(system, trial, opened)
        index, search = _knowledge(system, trial, opened)
        yield Replay(_parts(system, writer, index, search), system.runner)


def _parts(system: "Rimedio", writer: Writer, index: KnowledgeIndex, search: Search) -> TaskParts:
    return TaskParts(
        tickets=system.tickets,
        conversations=system.conversations,
        objects=system.objects,
        vaults=system.vaults,
        tokens=TaskTokens(system.table),
        answerer=system.answerer_with(writer, None, ExtractiveWriter(), search, index),
        guard=VaultlessGuard(system.guard),
        classifier=system.classifier,
        second_opinion=system.second_opinion,
        look_up_codes=IndexCodeLookup(index),
        read_attachment=read_attachment,
        clock=system.clock,
        ids=system.ids,
        categories=tuple(system.taxonomy.categories),
        category_sure=system.settings.classification_sure,
        category_unsure=system.settings.classification_unsure,
        classifier_of=system.learning.classifier_of,
    )


def _knowledge(system: "Rimedio", trial: Trial, opened: ExitStack) -> tuple[KnowledgeIndex, Search]:
    if trial.index is None:
        return system.index, system.search
    folder = opened.enter_context(DataFolder(trial.index, read_only=True))
    index: KnowledgeIndex = SqliteIndex(folder.database)
    options = SearchOptions(hybrid=HybridOptions(candidates=system.settings.search_candidates))
    return index, Search(index, system.embedder, system.taxonomy, options)


def _writer(system: "Rimedio", trial: Trial, opened: ExitStack) -> Writer:
    """The writer to try, asked directly: a replay is not billed to the tenant's budget."""
    settings = system.settings
    chat = settings.generator is not Generator.EXTRACTIVE or trial.model is not None
    if trial.model == EXTRACTIVE or not chat:
        if trial.prompt is not None:
            raise InvalidSetting("A prompt needs a chat model. Name one with --model, or set `llm_model`.")
        return ExtractiveWriter()
    name = trial.model or settings.llm_model
    if not settings.llm_url or not name:
        raise InvalidSetting(
            "There is no endpoint to ask. Set `llm_url`, and name a model or set `llm_model`."
        )
    from rimedio.answering.generate import Generator as ChatWriter
    from rimedio.llm.openai_compatible import Endpoint, OpenAICompatibleChat
    from rimedio.llm.routing import ModelRouter

    key = settings.llm_api_key.get_secret_value() if settings.llm_api_key else None
    endpoint = Endpoint(settings.llm_url, name, key, settings.llm_timeout_seconds)
    model = OpenAICompatibleChat(endpoint, system.counter)
    opened.callback(model.close)
    router = ModelRouter((model,), system.prices, system.counter)
    return ChatWriter(router, _prompts(trial.prompt))


def _prompts(wanted: str | None) -> "PromptRegistry":
    """The shipped prompts, with one version of the writing prompt or the templates of a folder in its place."""
    from rimedio.answering.generate import PROMPT
    from rimedio.llm.prompts import PromptRegistry

    shipped = PromptRegistry.shipped()
    if wanted is None:
        return shipped
    folder = Path(wanted)
    if folder.is_dir():
        own = PromptRegistry.from_folder(folder).all()
        names = {template.name for template in own}
        return PromptRegistry((*(t for t in shipped.all() if t.name not in names), *own))
    kept = tuple(t for t in shipped.all() if t.name != PROMPT or t.version == wanted)
    if not any(t.name == PROMPT for t in kept):
        known = ", ".join(sorted({t.version for t in shipped.all() if t.name == PROMPT}))
        msg = f"There is no version {wanted} of the prompt {PROMPT}. Known: {known}; or name a folder of templates."
        raise NotFound(msg)
    return PromptRegistry(kept)
