"""Validation of what a distributed Map has beyond an inline one: reader, batcher, writer, label."""

import re

from rimedio.asl.definition import fields
from rimedio.asl.definition.field_check import FieldCheck
from rimedio.asl.definition.findings import Findings, Object

_LABEL = re.compile(r"[^\s?*<>{}\[\]\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,40}")
_LIMITS = ("MaxItemsPerBatch", "MaxItemsPerBatchPath", "MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath")


class MapPartCheck:
    """Checks these fields of one Map state."""

    def __init__(self, findings: Findings, checks: FieldCheck, language: str) -> None:
        self.findings = findings
        self.fields = checks
        self.language = language

    def run(self, state: Object, at: str) -> None:
        """All of them."""
        label = state.get("Label")
        if isinstance(label, str) and not _LABEL.fullmatch(label):
            message = (
                "A label has 1 to 40 characters, no white space, wildcards, brackets or special characters"
            )
            self.findings.schema(message, f"{at}/Label")
        reader = self._part(state, "ItemReader", fields.READER, at)
        if reader is not None:
            self._reader(reader, f"{at}/ItemReader")
        batcher = self._part(state, "ItemBatcher", fields.BATCHER, at)
        if batcher is not None and not any(name in batcher for name in _LIMITS):
            message = "One of these fields is required: [MaxItemsPerBatch, MaxInputBytesPerBatch]"
            self.findings.schema(message, f"{at}/ItemBatcher")
        writer = self._part(state, "ResultWriter", fields.WRITER, at)
        if writer is not None:
            self._writer(writer, f"{at}/ResultWriter")

    def _part(self, state: Object, name: str, allowed: frozenset[str], at: str) -> Object | None:
        body, place = self.fields.object(state, name, at), f"{at}/{name}"
        if body is None:
            return None
        self.fields.only(body, allowed, place)
        self.fields.values(body, name, self.language, place)
        self.fields.resource(body.get("Resource"), place)
        return body

    def _reader(self, body: Object, at: str) -> None:
        self.fields.required(body, ("Resource",), at)
        config, place = self.fields.object(body, "ReaderConfig", at), f"{at}/ReaderConfig"
        if config is None:
            return
        self.fields.only(config, fields.READER_CONFIG, place)
        self.fields.values(config, "ReaderConfig", self.language, place)
        self.fields.words(config, fields.READER_WORDS, place)
        if config.get("InputType") == "CSV":
            self.fields.required(config, ("CSVHeaderLocation",), place)
        if config.get("CSVHeaderLocation") == "GIVEN":
            self.fields.required(config, ("CSVHeaders",), place)
        headers = config.get("CSVHeaders")
        if "CSVHeaders" in config and not (
            isinstance(headers, list) and headers and all(isinstance(header, str) for header in headers)
        ):
            self.findings.schema("Expected a non-empty array of strings", f"{place}/CSVHeaders")

    def _writer(self, body: Object, at: str) -> None:
        if "Resource" not in body and "WriterConfig" not in body:
            self.findings.schema("One of these fields is required: [Resource, WriterConfig]", at)
        config = self.fields.object(body, "WriterConfig", at)
        if config is not None:
            self.fields.only(config, fields.WRITER_CONFIG, f"{at}/WriterConfig")
            self.fields.words(config, fields.WRITER_WORDS, f"{at}/WriterConfig")
